"""Registries and relays that are really processes, so that they can be killed and their memory be their own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60.0


class Forked:
    """A process after the other from one parent, which has the imports done. `pid` is the present one, 0 for none."""

    def __init__(self, launcher: "subprocess.Popen[str]") -> None:
        self._launcher = launcher
        self._reading: asyncio.Task[str] | None = None
        self.pid = 0

    async def kill(self) -> int:
        """Send SIGKILL; returns the exit code that its parent saw."""
        self.signal(signal.SIGKILL)
        return await self.ended()

    async def stop(self) -> int:
        """SIGTERM, and wait for the end."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Send any signal."""
        os.kill(self.pid, number)

    async def ended(self) -> int:
        """Wait for its end; returns the exit code."""
        words = await self._line()
        self.pid = 0
        return int(words["ended"])

    async def _next(self, wish: object) -> dict[str, Any]:
        assert self._launcher.stdin is not None
        print(json.dumps(wish), file=self._launcher.stdin, flush=True)
        words = await self._line()
        self.pid = words["pid"]
        return words

    async def _line(self) -> dict[str, Any]:
        """The next line. A wait for it that was given up is gone on with: the thread that reads cannot be called back."""
        assert self._launcher.stdout is not None
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(self._launcher.stdout.readline))
        async with asyncio.timeout(START_SECONDS):
            line = await asyncio.shield(self._reading)
        self._reading = None
        assert line, "the parent is gone"
        found: dict[str, Any] = json.loads(line)
        return found


class ServerProcess(Forked):
    """Servers on the same settings, those of the parent and its own. `address` is that of the present one."""

    def __init__(
        self, launcher: "subprocess.Popen[str]", lease: float = 0.0, objects: str = "", **settings: object
    ) -> None:
        super().__init__(launcher)
        self._settings = {**_environment(settings), "lease": lease, "objects": objects}
        self.address = ""

    async def start(self) -> str:
        """A new server; returns its gRPC address."""
        words = await self._next(self._settings)
        self.address = words["grpc"]
        return self.address


class RelayProcess(Forked):
    """Relays of one database, with a short lease."""

    def __init__(self, launcher: "subprocess.Popen[str]", database_url: str, kafka_bootstrap: str) -> None:
        super().__init__(launcher)
        self._settings = _environment({"database_url": database_url, "kafka_bootstrap": kafka_bootstrap})

    async def start(self, point: str = "", passage: int = 1, strike: int = signal.SIGKILL) -> int:
        """A new relay, which sends itself the signal at that passage of the point, if one is named; returns its pid."""
        wish = {"settings": self._settings, "point": point, "passage": passage, "signal": int(strike)}
        return int((await self._next(wish))["pid"])


@asynccontextmanager
async def server_process(database_url: str, *flags: str, **settings: object) -> AsyncIterator[ServerProcess]:
    """A parent of servers on one database, without web face; whatever still runs is killed at the end."""
    parent = await asyncio.to_thread(launch, "tests.server", "--standby", *flags)
    try:
        async with server_of(parent, database_url, **settings) as server:
            yield server
    finally:
        await asyncio.to_thread(parent.communicate)


@asynccontextmanager
async def server_of(
    parent: "subprocess.Popen[str]", database_url: str, **settings: Any
) -> AsyncIterator[ServerProcess]:
    """Servers on one database from a parent that lives on; one that still runs is killed at the end.

    `lease` among the settings: how long its leases are, in seconds, if not as long as its parent's. `objects`: a folder in
    which each keeps a file of its pid, that says how many live in it.
    """
    place = {"database_url": database_url, "grpc_address": "127.0.0.1:0", "web_address": ""}
    server = ServerProcess(parent, **{**place, **settings})
    try:
        yield server
    finally:
        if server.pid:
            server.signal(signal.SIGCONT)
            await server.kill()


@asynccontextmanager
async def relay_process(parent: "subprocess.Popen[str]", database_url: str, kafka: str) -> AsyncIterator[RelayProcess]:
    """Relays of one database from a parent that lives on; one that still runs is killed at the end."""
    relay = RelayProcess(parent, database_url, kafka)
    try:
        yield relay
    finally:
        if relay.pid:
            await relay.kill()


def launch(*module: str, **environment: str) -> "subprocess.Popen[str]":
    """A parent of processes, with more in its environment; it ends when its stdin does."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", *module], env={**os.environ, **environment}, text=True, **pipes)


class Twin:
    """A parent that another parent has forked, before it had a child: it need not import everything once more."""

    def __init__(self, mother: "subprocess.Popen[str]") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gemensam-twin-")
        for name in ("in", "out"):
            os.mkfifo(f"{self._folder.name}/{name}")
        print(json.dumps({"twin": self._folder.name}), file=mother.stdin, flush=True)
        self.stdin = Path(self._folder.name, "in").open("w")  # noqa: SIM115 - open as long as it lives
        self.stdout = Path(self._folder.name, "out").open()  # noqa: SIM115

    def communicate(self) -> None:
        """Let it end."""
        self.stdin.close()
        self.stdout.read()
        self.stdout.close()
        self._folder.cleanup()


@contextmanager
def server_family(count: int) -> Iterator[list[Any]]:
    """So many parents of servers with short leases, for the price of one."""
    mother = launch("tests.server", "--standby", "--scaled")
    parents = [mother, *(Twin(mother) for _ in range(count - 1))]
    try:
        yield parents
    finally:
        for parent in reversed(parents):
            parent.communicate()


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    return {f"GEMENSAM_{key.upper()}": str(value) for key, value in settings.items()}
