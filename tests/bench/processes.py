"""Servers as processes of their own, so that each one's CPU seconds can be read apart from its clients'."""

import subprocess
import sys
import time
from types import TracebackType
from typing import Self

import psutil

STOP_SECONDS, SETTLE_SECONDS = 20, 0.1


def announce(line: str) -> None:
    """In the child: say that it is ready."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Server:
    """A module of the bench run as a process. `address` is the first line that it announces."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._process = psutil.Process(self._child.pid)
        self.address = self._child.stdout.readline().strip() if self._child.stdout else ""
        if not self.address:
            self.stop()
            raise RuntimeError(f"{module} ended with {self._child.returncode} instead of starting")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, in order if it can."""
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()

    def cpu(self) -> float:
        """CPU seconds of all its threads so far, user and system."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Bytes of memory that it holds now (resident set)."""
        return int(self._process.memory_info().rss)

    def settled_cpu(self) -> float:
        """CPU seconds once it has nothing left to do: readers of the ledger work on after the last reply."""
        before = self.cpu()
        while True:
            time.sleep(SETTLE_SECONDS)
            now = self.cpu()
            if now - before < SETTLE_SECONDS / 5:
                return now
            before = now


class Child:
    """A module of the bench that does as its input says; it announces that it is ready."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._line() != "ready":
            self._process.kill()
            raise RuntimeError(f"{module} did not start")

    def ask(self, line: str) -> str:
        """Give it a line; returns its answer."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        return self._line()

    def end(self) -> str:
        """End its input; returns what it says then."""
        return self._process.communicate(timeout=60)[0]

    def _line(self) -> str:
        return self._process.stdout.readline().strip() if self._process.stdout else ""
