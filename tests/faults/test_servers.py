"""Several servers on one PostgreSQL behind a plain TCP balancer are one registry to their clients."""

import asyncio
import contextlib
import subprocess

import grpc
import pytest

from registry.api.v1.feed_service_pb2 import GetHeadRequest
from registry.store.sqlstore import open_store
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, history
from tests.faults.several import several
from tests.faults.validators import changes_of, verdict
from tests.faults.watcher import OWN_CONNECTION, Watcher, watching
from tests.integration.api import Api

Parents = list["subprocess.Popen[str]"]
WRITES, OFFERINGS = 60, 3


async def test_a_watch_at_one_server_sees_what_is_written_at_another(
    server_parents: Parents, postgres_url: str
) -> None:
    """Three servers; each write goes to one, is read by its token at the next, and watched at all."""
    async with several(server_parents, postgres_url) as (fleet, _), contextlib.AsyncExitStack() as open_:
        channels = [grpc.aio.insecure_channel(each.address, options=OWN_CONNECTION) for each in fleet.servers]
        apis = [Api(await open_.enter_async_context(channel)) for channel in channels]
        await fleet.prepare(OFFERINGS)
        watchers = [Watcher(each.address) for each in fleet.servers]
        async with watching(*watchers):
            for number in range(WRITES):
                offering = f"o{number % OFFERINGS}"
                revision = await fleet.recorder.describe(apis[number % 3], offering, number)
                await asyncio.gather(*(fleet.recorder.read(api, offering, revision) for api in apis))
            for watcher in watchers:
                await watcher.until(lambda watcher=watcher: watcher.reached >= revision)  # type: ignore[misc]
        for number, watcher in enumerate(watchers):
            fleet.recorder.watched(f"at {number}", watcher)
        recorded = await fleet.recorder.close(postgres_url)
    assert len(recorded.reads) == 3 * WRITES
    assert verdict(recorded) == []
    for watcher in watchers:
        assert [each.revision for stream in watcher.streams for each in changes_of(stream)][-1] == revision


@pytest.mark.parametrize("size", [2, 3])
async def test_the_lead_of_the_matcher_moves_when_its_server_is_killed(
    server_parents: Parents, postgres_url: str, size: int
) -> None:
    """The leader is killed until one server is left: the rest match on, and nothing is matched twice."""
    async with several(server_parents[:size], postgres_url) as (fleet, backends):
        await fleet.prepare(OFFERINGS)
        await asyncio.gather(*(fleet.api.publish(f"o{number}") for number in range(OFFERINGS)))
        for left in range(size, 0, -1):
            await fleet.api.body(f"b{left}")
        epochs = []
        for left in range(size, 0, -1):
            key = f"b{left}"
            await fleet.order(key)
            await fleet.joined(key, OFFERINGS)
            epochs.append(fleet.leader()[1])
            if left > 1:
                leading = fleet.leading()
                backends.addresses.remove(leading.address)
                assert await leading.kill() == -9
        head = await fleet.api.feed.GetHead(GetHeadRequest())
        recorded = await fleet.recorder.close(postgres_url)
    assert epochs == sorted(set(epochs)), "another leads after each"
    assert verdict(recorded) == []
    assert [each.revision for each in recorded.ledger] == list(range(1, head.revision + 1))
    made = [each.name for each in recorded.ledger if each.kind == "subscription" and "created" in each.event_type]
    assert len(made) == len(set(made)) == size * OFFERINGS


async def test_the_lead_of_the_relay_moves_when_its_server_is_killed(
    server_parents: Parents, postgres_url: str, kafka: Kafka
) -> None:
    """The leader is killed under load; the other announces what it had not, and nothing is missing or out of order."""
    async with several(server_parents[:2], postgres_url, kafka_bootstrap=kafka.bootstrap) as (fleet, backends):
        await fleet.prepare(OFFERINGS)
        store = open_store(postgres_url, migrate=False)
        try:
            async with fleet.publishing(OFFERINGS):
                await fleet.recorder.more(10)
                await announced(store, 1)
                before = fleet.leader("relay")
                server = fleet.leading("relay")
                backends.addresses.remove(server.address)
                assert await server.kill() == -9
                await fleet.recorder.more(10)
            await announced(store)
            ledger, events = await history(store), await everything(kafka.bootstrap)
        finally:
            store.close()
        assert fleet.leader("relay")[1] > before[1]
        assert verdict(await fleet.recorder.close(postgres_url)) == []
    assert differences(ledger, events) == []
