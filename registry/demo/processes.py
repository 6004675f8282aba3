"""The demo's processes: each with a log of its own, none of which outlives the demo."""

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS, READY_SECONDS, PAUSE_SECONDS = 15.0, 60.0, 0.02
FIRST_PORT, PORTS = 32_000, 768
_PR_SET_PDEATHSIG = 1
_NOTHING: Mapping[str, str] = {}


class DemoFailed(Exception):
    """The demo cannot go on; the message tells why."""


def program(name: str) -> str:
    """A program of this environment."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise DemoFailed(f"{name} is not installed beside {sys.executable}: install gemensam with the extra `gateway`.")
    return str(path)


def free_port() -> int:
    """A loopback port that was free a moment ago, of those that the system gives to no connection by itself."""
    for _ in range(1000):
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise DemoFailed(f"No port from {FIRST_PORT} on is free.")


class Processes:
    """Starts processes, and ends them in the opposite order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, asyncio.subprocess.Process]] = []

    async def start(self, name: str, command: Sequence[str], env: Mapping[str, str] = _NOTHING) -> None:
        """Start one; what it prints goes to `<name>.log`."""
        self._running.append((name, await self._process(command, env, name)))

    async def run(self, command: Sequence[str], env: Mapping[str, str] = _NOTHING, log: str = "") -> int:
        """Run one to its end, on the demo's own terminal or into `<log>.log`; returns its exit code."""
        process = await self._process(command, env, log)
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise

    def check(self) -> None:
        """Fail when one has ended by itself."""
        for name, process in self._running:
            if process.returncode is not None:
                raise DemoFailed(f"{name} ended with {process.returncode}:\n{self.said(name)}")

    def said(self, name: str) -> str:
        """What one printed last."""
        return (self._logs / f"{name}.log").read_text(errors="replace")[-2000:]

    async def until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until something is ready. Errors: DemoFailed, also when one of them ends meanwhile."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await asyncio.to_thread(ready):
                    self.check()
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise DemoFailed(f"{what} was not ready within {READY_SECONDS:.0f} s") from None

    async def stop(self) -> None:
        """End all, the last one first."""
        while self._running:
            await _end(self._running.pop()[1])

    async def _process(self, command: Sequence[str], env: Mapping[str, str], log: str) -> asyncio.subprocess.Process:
        with (self._logs / f"{log}.log").open("ab") if log else contextlib.nullcontext() as output:
            return await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **env},
                stdin=asyncio.subprocess.DEVNULL if log else None,
                stdout=output,
                stderr=output,
                preexec_fn=_ends_with_parent,
            )


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _ends_with_parent() -> None:
    """In the child: end when the demo does, however that ends; and leave Ctrl-C to the demo."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def answers(url: str, processes: Processes) -> None:
    """Wait until the URL answers. Errors: DemoFailed."""
    await processes.until(lambda: bool(status_of(url)), url)


def status_of(url: str) -> int:
    """Status that a GET gives; 0 when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - addresses of the demo's own processes
            return int(response.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except OSError:
        return 0


def write_json(path: Path, content: object) -> Path:
    """A file of JSON, which is YAML too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2))
    return path
