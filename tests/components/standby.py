"""A process that has imported our programs, and forks one for each wish: importing takes seconds, forking almost nothing.

`forked.py` starts it with a socket as its stdin. A wish is a JSON object (program, words, env, cwd) with four descriptors: the
stdin, stdout and stderr of the program, and a socket on which its pid is told, and how it ended. The programs are what
`pyproject.toml` calls by their names, with the environment, folder and words of the wish.
"""

import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import registry.cli
import subscribers.cli

PROGRAMS: dict[str, Callable[[], None]] = {"gemensam": registry.cli.main, "gemensam-subscriber": subscribers.cli.main}
WISH_BYTES, WISH_DESCRIPTORS = 1 << 20, 4


class Standby:
    """`wishes`: the socket on which they come. `_told`: by pid, where the end of a program is told."""

    def __init__(self, wishes: socket.socket) -> None:
        self._wishes, self._told = wishes, dict[int, socket.socket]()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that it wakes us
        signal.set_wakeup_fd(self._wake.fileno())

    def serve(self) -> Callable[[], None] | None:
        """Fork until nobody can wish any more. Returns in each child too, with the program that it is to be."""
        while True:
            ready, _, _ = select.select([self._wishes, self._woken], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._reap()
            if self._wishes in ready:
                text, descriptors, _, _ = socket.recv_fds(self._wishes, WISH_BYTES, WISH_DESCRIPTORS)
                if not text:
                    return None
                if become := self._fork(json.loads(text), descriptors):
                    return become

    def _fork(self, wish: dict[str, Any], descriptors: list[int]) -> Callable[[], None] | None:
        pid = os.fork()
        if pid == 0:
            self._leave()
            _become(wish, descriptors)
            return PROGRAMS[wish["program"]]
        for each in descriptors[:-1]:
            os.close(each)
        self._told[pid] = socket.socket(fileno=descriptors[-1])
        self._told[pid].send(json.dumps({"pid": pid}).encode())
        return None

    def _reap(self) -> None:
        while self._told:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._told.pop(pid) as told:
                told.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())

    def _leave(self) -> None:
        """What a program does not have from its parent."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._wishes, self._woken, self._wake, *self._told.values()):
            each.close()


def _become(wish: dict[str, Any], descriptors: list[int]) -> None:
    for number, each in enumerate(descriptors[:-1]):
        os.dup2(each, number)
    for each in descriptors:
        os.close(each)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["env"])
    sys.argv[:] = [wish["program"], *wish["words"]]
    sys.path[:0] = [each for each in wish["env"].get("PYTHONPATH", "").split(os.pathsep) if each]


def load(package: ModuleType) -> None:
    """Import every module of a package, those too that are else imported when they are needed."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith(".__main__") and ".migrations." not in found.name:
            import_module(found.name)


def main() -> None:
    """Serve wishes, or be a program."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as `gemensam serve` does before it imports
    load(registry)
    load(subscribers)
    gc.freeze()
    if become := Standby(socket.socket(fileno=os.dup(0))).serve():
        become()


if __name__ == "__main__":
    main()
