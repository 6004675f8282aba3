"""What does harm: one fault after the other, drawn from a seed, so that a run can be had again."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from tests.components.postgres import Postgres
from tests.faults.balancer import Backends
from tests.faults.several import Several

# Seconds: between two faults, for which a server is away, and for which one is stopped (a lease is shorter).
PAUSE, AWAY, STOPPED = (0.3, 2.0), (0.0, 1.0), (0.2, 2.5)
FAULTS = ("kill", "restart", "stop", "cut", "crash")


class Nemesis:
    """Draws from `only`, and does. The first server is neither killed nor restarted: its memory is what is watched."""

    def __init__(
        self, seed: int, fleet: Several, backends: Backends, postgres: Postgres, only: Sequence[str] = FAULTS
    ) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same faults each time
        self._fleet, self._backends, self._postgres = fleet, backends, postgres
        self.only = tuple(only)

    async def faults(self) -> AsyncIterator[str]:
        """One after the other, for ever; each is over when its name comes. The first round has one of each."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self.kill,
            "restart": self.restart,
            "stop": self.stop,
            "cut": self.cut,
            "crash": self.crash,
        }
        for name in self._drawn():
            await asyncio.sleep(self._chance.uniform(*PAUSE))
            self._fleet.recorder.note("nemesis", fault=name)
            await ways[name]()
            yield name

    async def kill(self) -> None:
        """SIGKILL a server, and start another."""
        await self._replace(graceful=False)

    async def restart(self) -> None:
        """SIGTERM a server, and start another."""
        await self._replace(graceful=True)

    async def stop(self) -> None:
        """SIGSTOP any server, mostly for longer than its leases, then SIGCONT."""
        server = self._chance.choice(self._fleet.servers)
        server.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._chance.uniform(*STOPPED))
        finally:
            server.signal(signal.SIGCONT)

    async def cut(self) -> None:
        """Reset every connection of clients."""
        self._backends.cut()
        await asyncio.sleep(0)

    async def crash(self) -> None:
        """PostgreSQL crashes, and is started again."""
        await asyncio.to_thread(self._postgres.crash)
        await asyncio.sleep(self._chance.uniform(*AWAY))
        await asyncio.to_thread(self._postgres.start)

    async def _replace(self, *, graceful: bool) -> None:
        others = self._fleet.servers[1:]
        if not others:
            return
        server = self._chance.choice(others)
        if server.address in self._backends.addresses:
            self._backends.addresses.remove(server.address)
        await (server.stop() if graceful else server.kill())
        await asyncio.sleep(self._chance.uniform(*AWAY))
        while True:
            try:
                self._backends.addresses.append(await server.start())
            except KeyError:  # it ended before it could serve: the database was away
                continue
            return

    def _drawn(self) -> Iterator[str]:
        first = list(self.only)
        self._chance.shuffle(first)
        yield from first
        while True:
            yield self._chance.choice(self.only)
