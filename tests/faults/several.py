"""Several servers on one PostgreSQL behind a balancer, with clients that record what they do and see."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import psycopg

from registry.api.v1.onboarding_service_pb2 import CreateInterestRequest, ListSubscriptionsRequest
from tests.faults.balancer import Backends, balancer
from tests.faults.process import ServerProcess, server_of
from tests.faults.recorder import PATIENT, Recorder
from tests.integration.api import Api

CLIENTS = 4


class Several:
    """`servers` by number; `address` is the balancer's, `apis` call through it, each on a connection of its own.

    What clients do and see is in `recorder`.
    """

    def __init__(self, url: str, servers: Sequence[ServerProcess], address: str, apis: Sequence[Api]) -> None:
        self.url, self.servers, self.address, self.apis = url, servers, address, apis
        self.api = apis[0]
        self.recorder = Recorder()

    async def prepare(self, offerings: int) -> None:
        """A body and so many offerings of it: `o0`, `o1` and so on."""
        await self.api.body("a")
        await asyncio.gather(*(self.api.offer(f"o{number}") for number in range(offerings)))

    async def publisher(self, number: int) -> None:
        """Publish version after version, and read what was described by the token of the write: for ever."""
        here, elsewhere = (self.apis[(number + step) % CLIENTS] for step in range(2))
        for version in range(1, 1_000_000):
            await self.recorder.publish(here, f"o{number}", version)
            revision = await self.recorder.describe(here, f"o{number}", version)
            await self.recorder.read(elsewhere, f"o{number}", revision)

    async def order(self, key: str, api: Api | None = None) -> None:
        """A standing order of a body for every offering of `a`; the matcher makes subscriptions of it."""
        interest = {"filter": "provider = organisations/a", "mode": 3, "system": f"organisations/{key}/systems/gw"}
        request = CreateInterestRequest(parent=f"organisations/{key}", interest=interest, request_id=key)
        onboarding = (api or self.api).onboarding
        await self.recorder.answered(lambda: onboarding.CreateInterest(request, timeout=5))

    async def joined(self, key: str, count: int, api: Api | None = None) -> None:
        """Until so many subscriptions of a body are there."""
        request, onboarding = ListSubscriptionsRequest(parent=f"organisations/{key}"), (api or self.api).onboarding
        async with asyncio.timeout(30):
            while True:
                found = await self.recorder.answered(lambda: onboarding.ListSubscriptions(request, timeout=5))
                if len(found.subscriptions) == count:
                    return
                await asyncio.sleep(0.05)

    def leader(self, reader: str = "matcher") -> tuple[str, int]:
        """Who leads a reader of the ledger, and in which epoch."""
        with psycopg.connect(self.url) as connection:
            row: Any = connection.execute("SELECT owner, epoch FROM positions WHERE name = %s", [reader]).fetchone()
        return ("", 0) if row is None else (str(row[0]), int(row[1]))

    def leading(self, reader: str = "matcher") -> ServerProcess:
        """The server that leads it now."""
        pid = int(self.leader(reader)[0].split("/")[1])
        return next(server for server in self.servers if server.pid == pid)

    @contextlib.asynccontextmanager
    async def publishing(self, publishers: int) -> AsyncIterator[None]:
        """So many publishers as long as the block lasts; one that fails for good ends it, and says why."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.publisher(number)) for number in range(publishers)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()


@contextlib.asynccontextmanager
async def several(
    parents: Sequence["subprocess.Popen[str]"], url: str, **settings: object
) -> AsyncIterator[tuple[Several, Backends]]:
    """One server of each parent, all of them started."""
    async with contextlib.AsyncExitStack() as open_:
        servers = [await open_.enter_async_context(server_of(parent, url, **settings)) for parent in parents]
        backends = Backends([await server.start() for server in servers])
        yield await open_.enter_async_context(behind(backends, url, servers)), backends


@contextlib.asynccontextmanager
async def behind(backends: Backends, url: str, servers: Sequence[ServerProcess]) -> AsyncIterator[Several]:
    """A balancer before the backends, and clients of it."""
    async with contextlib.AsyncExitStack() as open_:
        gate = await open_.enter_async_context(balancer(backends))
        channels = [grpc.aio.insecure_channel(gate.address, options=PATIENT) for _ in range(CLIENTS)]
        apis = [Api(await open_.enter_async_context(channel)) for channel in channels]
        yield Several(url, servers, gate.address, apis)
