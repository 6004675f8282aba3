"""Asks a process with limits about contracts, so that what others wrote cannot hurt this one.

Starting Python with everything that is needed costs 0.3 s, a process made of it 5 ms: so one that has loaded
everything waits, and makes a new one for each question (see `child`). When it dies, or does not answer in time, it is
ended with all that it started, and the next question starts another.

The calls block: services call them in a thread, commands as they are. A second form with `async` would have to be kept
in step with this one, and there is nothing to await in it but a pipe.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from registry.contracts import child, frames

SECONDS = 20.0
COMMAND = (sys.executable, "-I", "-m", child.__name__)
_CHUNK = 1 << 16


class Ended(Exception):
    """There is no answer; the text says why, in a sentence."""


class Jail:
    """One waiting process. Safe for use by many threads; they take turns."""

    def __init__(self, seconds: float = SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._seconds, self._command, self._turn = seconds, command, threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that waits now, 0 when there is none."""
        return self._process.pid if self._process else 0

    def ask(self, question: Sequence[bytes]) -> bytes:
        """The answer of `child.answer`. Errors: Ended."""
        with self._turn:
            process = self._process if self._process and self._process.poll() is None else self._start()
            try:
                how, found = _exchange(process, frames.pack(question), time.monotonic() + self._seconds)
            except TimeoutError:
                self._end()
                raise Ended(f"It takes longer than {self._seconds:g} seconds to read.") from None
            except (OSError, frames.Broken) as error:
                self._end()
                raise Ended("The process that reads contracts ended.") from error
        if how != child.DONE:
            raise Ended(_reason(int(found)))
        return found

    def close(self) -> None:
        """End the process. Another question would start it again."""
        with self._turn:
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        self._end()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()


def _exchange(process: subprocess.Popen[bytes], question: bytes, until: float) -> list[bytes]:
    """Send, and read the answer. Errors: TimeoutError, OSError, frames.Broken."""
    left, given, taken = memoryview(question), process.stdin, process.stdout
    if given is None or taken is None:
        raise OSError("no pipes")
    while left:
        _wait([], [given.fileno()], until)
        left = left[os.write(given.fileno(), left[:_CHUNK]) :]

    def read(size: int) -> bytes:
        found = b""
        while len(found) < size:
            _wait([taken.fileno()], [], until)
            part = os.read(taken.fileno(), min(_CHUNK, size - len(found)))
            if not part:
                break
            found += part
        return found

    parts = frames.unpack(read)
    if parts is None or len(parts) != 2:  # noqa: PLR2004 - how it ended, and what it found
        raise frames.Broken("no answer")
    return parts


def _wait(reading: list[int], writing: list[int], until: float) -> None:
    left = until - time.monotonic()
    if left <= 0 or not any(select.select(reading, writing, [], left)):
        raise TimeoutError


def _reason(code: int) -> str:
    if -code in {signal.SIGXCPU, signal.SIGKILL}:
        return f"It takes more than {child.CPU_SECONDS} seconds of computing to read, or more memory than it may."
    return "It takes more memory to read than it may, or is of a form that nobody expected."
