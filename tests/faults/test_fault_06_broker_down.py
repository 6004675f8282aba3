"""Fault 6: the broker is away under a steady load. Publishing does not notice, memory does not grow, all is sent after."""

import asyncio
import signal

import grpc
import psutil
import pytest

from registry.api.v1.offering_service_pb2 import UpdateOfferingRequest
from registry.store.sqlstore import open_store
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, history
from tests.faults.load import Publish, loaded
from tests.faults.process import server_process
from tests.integration.api import Api

KEYS, RATE = 20, 200
BEFORE, AWAY = 100, 1000  # publications; the outage is longer than the deadlines of the scaled relay
TEXT = "x" * 2000
GROWTH_BYTES, DRAIN_SECONDS = 50 * 1024 * 1024, 30


def updates(api: Api) -> Publish:
    """New titles for one offering after the other."""

    async def update(number: int) -> object:
        offering = {"name": f"offerings/o{number % KEYS}", "description": {"sv": f"{number} {TEXT}"}}
        request = UpdateOfferingRequest(offering=offering, update_mask={"paths": ["description"]})
        return await api.offerings.UpdateOffering(request, timeout=10)

    return update


async def come_back(kafka: Kafka, away: signal.Signals) -> None:
    """The broker again, with its data."""
    if away is signal.SIGSTOP:
        kafka.brokers[0].signal(signal.SIGCONT)
    else:
        await asyncio.to_thread(kafka.start)


@pytest.mark.parametrize("away", [signal.SIGSTOP, signal.SIGKILL], ids=["paused", "killed"])
async def test_fault_06_the_broker_is_away_and_publishing_goes_on(
    away: signal.Signals, fragile: Kafka, sqlite_url: str
) -> None:
    store = open_store(sqlite_url)
    try:
        async with server_process(sqlite_url, "--scaled", kafka_bootstrap=fragile.bootstrap) as server:
            await server.start()
            first, memory = server.pid, psutil.Process(server.pid).memory_info
            async with grpc.aio.insecure_channel(server.address) as channel:
                api = Api(channel)
                await api.body("a")
                await asyncio.gather(*(api.offer(f"o{each}") for each in range(KEYS)))
                async with loaded(updates(api), RATE) as load:
                    await load.more(BEFORE)
                    await announced(store, BEFORE)
                    before = memory().rss
                    fragile.brokers[0].signal(away)
                    await load.more(AWAY)
                    grown = memory().rss - before
                    head, reading = await store.read(lambda view: (view.head(), view.reading("relay")))
                    await come_back(fragile, away)
                    await announced(store, head.revision, DRAIN_SECONDS)
            await announced(store)
            assert server.pid == first
            assert await server.stop() == 0
        ledger, events = await history(store), await everything(fragile.bootstrap)
    finally:
        store.close()
    assert load.failed == []
    assert reading is not None
    assert head.revision - reading.revision >= AWAY * 0.9
    assert grown <= GROWTH_BYTES
    assert len(ledger) == KEYS + 2 + load.acknowledged
    assert differences(ledger, events) == []
