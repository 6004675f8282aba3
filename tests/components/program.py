"""A gateway's process with all its children, started and ended as one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

START_SECONDS = 30


class Program:
    """`words`: how it is started, in the foreground. `url`: where it answers once it is up."""

    def __init__(self, words: Sequence[str], log: Path, url: str, environment: dict[str, str] | None = None) -> None:
        self._words, self._log, self._url = words, log, url
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool] = lambda: True) -> None:
        """Start it, and wait until it answers and is `ready`."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words, stdout=log, stderr=log, start_new_session=True, env=self._environment
            )
        end = time.monotonic() + START_SECONDS
        while not (self._answers() and ready()):
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it: by SIGKILL every process of its session, by another signal the first of them."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
        self._process.wait(20)
        self._process = None

    def log(self) -> str:
        """What it printed last."""
        return self._log.read_text(errors="replace")[-3000:]

    def _answers(self) -> bool:
        try:
            httpx.get(self._url, timeout=1, trust_env=False)
        except httpx.HTTPError:
            return False
        return True
