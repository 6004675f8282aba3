"""Processes that apply what they are handed, for the conformance suite to kill: `python -m subscribers.crash`.

One process has loaded everything and forks the others: a new one for each kill would spend its time on starting.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NoReturn, Self

from subscribers.adapter import Route, Service, Upstream, plan
from subscribers.settings import make_adapter


class Crashes:
    """A context: the process that forks."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "subscribers.crash"]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate()

    def begin(self, options: Mapping[str, Any], services: Sequence[Service]) -> None:
        """Have a process apply the services with an adapter of the options, and wait until it is about to."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps([dict(options), [asdict(each) for each in services]]) + "\n")
        self._parent.stdin.flush()
        self._child = int(self._heard() or 0)
        assert self._child, "the adapter could not even plan; standard error says why"

    def kill(self) -> None:
        """End that process now, if it has not ended, and wait until it has."""
        os.kill(self._child, signal.SIGKILL)
        self._parent.send_signal(signal.SIGUSR1)
        self._heard()

    def _heard(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()


def main() -> None:
    """For each line of standard input a process; it stays, dead or alive, until it is asked for by SIGUSR1."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _apply(line)
        signal.sigwait({signal.SIGUSR1})
        os.waitpid(child, 0)
        _say("ended")


def _apply(line: str) -> NoReturn:
    options, services = json.loads(line)
    try:
        adapter = make_adapter(options)
        steps = plan(adapter, [_service(each) for each in services], adapter.observe())
    except BaseException:  # noqa: BLE001 - told to who waits, whatever it is
        traceback.print_exc()
        _say("0")
        os._exit(1)
    _say(str(os.getpid()))
    try:
        adapter.apply(steps)
    finally:
        os._exit(0)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _service(values: dict[str, Any]) -> Service:
    routes = tuple(
        Route(each["interface"], _upstream(each["upstream"]), each["path"], each["authority"])
        for each in values["routes"]
    )
    return Service(**{**values, "routes": routes})


def _upstream(values: dict[str, Any]) -> Upstream:
    return Upstream(**{**values, "addresses": tuple(values["addresses"])})


if __name__ == "__main__":
    main()
