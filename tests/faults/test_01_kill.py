"""Fault 1: kill -9 of the server in a publish storm. What was acknowledged is there, once, with the same bytes."""

import asyncio
import contextlib
import random
import time
from typing import Any

import grpc
import pytest

from registry.api.v1.offering_service_pb2 import PublishReleaseRequest
from registry.store import ledger
from registry.store.sqlstore import open_store
from tests.faults.process import ServerProcess, server_process
from tests.faults.recorder import MAY_BE_TRIED_AGAIN, Recorder
from tests.faults.validators import verdict
from tests.faults.watcher import OWN_CONNECTION
from tests.integration.api import INTERFACE, Api

PUBLISHERS = 16


class Storm:
    """Sixteen publishers that never stop, and what they were told. The same request is sent until it is answered."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._api: Api | None = None
        self._moved = asyncio.Condition()

    async def serve(self, api: Api | None) -> None:
        """From now on publishers call here; None: nobody answers."""
        async with self._moved:
            self._api = api
            self._moved.notify_all()

    async def publisher(self, number: int) -> None:
        """Publish version after version of one offering."""
        for version in range(1, 1_000_000):
            request = PublishReleaseRequest(
                parent=f"offerings/o{number}",
                release={"version": f"{version}.0.0", "interfaces": [INTERFACE]},
                request_id=f"{number}/{version}",
            )
            began = time.monotonic()
            await self.recorder.acknowledge(request, await self._until_answered(request), began)

    async def _until_answered(self, request: PublishReleaseRequest) -> Any:
        while True:
            async with self._moved:
                await self._moved.wait_for(lambda: self._api is not None)
                api = self._api
            try:
                return (await api.offerings.PublishRelease(request, timeout=10)).release  # type: ignore[union-attr]
            except grpc.aio.AioRpcError as error:
                if error.code().name not in MAY_BE_TRIED_AGAIN:
                    raise
            with contextlib.suppress(TimeoutError):  # the server may be well again: then the same one is asked
                async with asyncio.timeout(0.2), self._moved:
                    await self._moved.wait_for(lambda api=api: self._api is not api)  # type: ignore[misc]


async def weather(server: ServerProcess, storm: Storm, kills: int, chance: random.Random) -> None:
    """Start, let some be acknowledged, kill; at last a server that is left alive."""
    async with contextlib.AsyncExitStack() as channels:  # open to the end: closing one cancels who calls on it
        for number in range(kills + 1):
            channel = grpc.aio.insecure_channel(await server.start(), options=OWN_CONNECTION)
            api = Api(await channels.enter_async_context(channel))
            if number == 0:
                await api.body("a")
                await asyncio.gather(*(api.offer(f"o{each}") for each in range(PUBLISHERS)))
            await storm.serve(api)
            await storm.recorder.more(chance.randint(1, 100))
            if number < kills:
                assert await server.kill() == -9
            await storm.serve(None)


@pytest.mark.parametrize(("engine", "kills"), [("sqlite", 30), ("postgres", 6)])
async def test_fault_01_kill_9_in_a_publish_storm(request: pytest.FixtureRequest, engine: str, kills: int) -> None:
    url: str = request.getfixturevalue(f"{engine}_url")
    storm = Storm()
    async with server_process(url) as server, asyncio.TaskGroup() as group:
        publishers = [group.create_task(storm.publisher(number)) for number in range(PUBLISHERS)]
        await weather(server, storm, kills, random.Random(1))  # noqa: S311 - the same storm each time
        for publisher in publishers:
            publisher.cancel()
    history = await storm.recorder.close(url)
    store = open_store(url)
    report = ledger.verify(store._read_engine)
    store.close()
    assert len(history.writes) > kills
    assert verdict(history) == []
    assert [change.revision for change in history.ledger] == list(range(1, len(history.ledger) + 1))
    assert (report.problem, report.checked) == ("", len(history.ledger))
