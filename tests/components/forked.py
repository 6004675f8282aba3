"""Our programs as processes of their own, forked from one that has imported them (`standby.py`)."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

START_SECONDS = 60


class Child:
    """A program that runs, in the words of `subprocess.Popen`. `out` and `err`: a file, or None for a pipe."""

    def __init__(
        self,
        program: str,
        words: Sequence[object],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        given: IO[Any] | None = None,
        out: IO[Any] | None = None,
        err: IO[Any] | None = None,
    ) -> None:
        self.returncode: int | None = None
        self.stdout, out_end = _pipe() if out is None else (None, os.dup(out.fileno()))
        self.stderr, err_end = _pipe() if err is None else (None, os.dup(err.fileno()))
        in_end = os.open(os.devnull, os.O_RDONLY) if given is None else os.dup(given.fileno())
        self._told, told_end = socket.socketpair()
        ends = [in_end, out_end, err_end, told_end.detach()]
        wish = {"program": program, "words": [*map(str, words)], "env": dict(env), "cwd": str(cwd or Path.cwd())}
        socket.send_fds(_standby(), [json.dumps(wish).encode()], ends)
        for each in ends:
            os.close(each)
        self.pid: int = self._heard(START_SECONDS)["pid"]

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self._end(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end; returns the exit code. Errors: subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._end(timeout)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float = START_SECONDS) -> tuple[str, str]:
        """What is left of its pipes until it ends."""
        texts = [stream.read() if stream else "" for stream in (self.stdout, self.stderr)]
        self.close()
        self.wait(timeout)
        return texts[0], texts[1]

    def close(self) -> None:
        """Close the pipes."""
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _end(self, timeout: float) -> None:
        self.returncode = self._heard(timeout)["code"]
        self._told.close()

    def _heard(self, timeout: float) -> Any:
        if not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("standby", timeout)
        text = self._told.recv(4096)
        assert text, "the standing process is gone"
        return json.loads(text)


def run(
    program: str, words: Sequence[object], env: Mapping[str, str], stdin: str = "", timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end; returns its exit code and what it printed. Errors: subprocess.TimeoutExpired."""
    with (
        tempfile.TemporaryFile("w+") as given,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        given.write(stdin)
        given.seek(0)
        child = Child(program, words, env=env, given=given, out=out, err=err)
        try:
            code = child.wait(timeout)
        finally:
            child.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([program, *map(str, words)], code, out.read(), err.read())


@cache
def _standby() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([sys.executable, "-m", "tests.components.standby"], stdin=theirs)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _pipe() -> tuple[IO[str], int]:
    ours, theirs = os.pipe()
    return os.fdopen(ours), theirs
