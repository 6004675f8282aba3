"""Several servers on one PostgreSQL behind a balancer, with clients that record what they do and see."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import psycopg

from tests.faults.balancer import Backends, balancer
from tests.faults.process import ServerProcess, server_of
from tests.faults.recorder import PATIENT, Recorder
from tests.integration.api import Api


class Several:
    """`servers` by number; `address` is the balancer's, `api` calls through it. The clients' words are in `recorder`."""

    def __init__(self, url: str, servers: Sequence[ServerProcess], address: str, api: Api) -> None:
        self.url, self.servers, self.address, self.api = url, servers, address, api
        self.recorder = Recorder()
        self._backends: Backends | None = None

    async def prepare(self, offerings: int) -> None:
        """A body and so many offerings of it: `o0`, `o1` and so on."""
        await self.api.body("a")
        await asyncio.gather(*(self.api.offer(f"o{number}") for number in range(offerings)))

    async def publisher(self, number: int) -> None:
        """Publish version after version, and read what was described by the token of the write: for ever."""
        for version in range(1, 1_000_000):
            await self.recorder.publish(self.api, f"o{number}", version)
            revision = await self.recorder.describe(self.api, f"o{number}", version)
            await self.recorder.read(self.api, f"o{number}", revision)

    async def begin(self, server: ServerProcess, backends: Backends) -> None:
        """Start a server, and let the balancer know it."""
        if server.address in backends.addresses:
            backends.addresses.remove(server.address)
        backends.addresses.append(await server.start())

    def leader(self, reader: str = "matcher") -> tuple[str, int]:
        """Who leads a reader of the ledger, and in which epoch."""
        with psycopg.connect(self.url) as connection:
            row: Any = connection.execute("SELECT owner, epoch FROM positions WHERE name = %s", [reader]).fetchone()
        return ("", 0) if row is None else (str(row[0]), int(row[1]))

    @contextlib.asynccontextmanager
    async def publishing(self, publishers: int) -> AsyncIterator[None]:
        """So many publishers as long as the block lasts."""
        tasks = [asyncio.create_task(self.publisher(number)) for number in range(publishers)]
        try:
            yield
        finally:
            failed = [task for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in failed:
            task.result()


@contextlib.asynccontextmanager
async def several(
    parents: Sequence["subprocess.Popen[str]"], url: str, **settings: object
) -> AsyncIterator[tuple[Several, Backends]]:
    """One server of each parent, all of them started."""
    async with contextlib.AsyncExitStack() as open_:
        servers = [await open_.enter_async_context(server_of(parent, url, **settings)) for parent in parents]
        backends = Backends([await server.start() for server in servers])
        gate = await open_.enter_async_context(balancer(backends))
        channel = await open_.enter_async_context(grpc.aio.insecure_channel(gate.address, options=PATIENT))
        yield Several(url, servers, gate.address, Api(channel)), backends
