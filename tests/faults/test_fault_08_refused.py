"""Fault 8: the broker refuses. What is too large waits alone; what may be allowed or possible again is sent then."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from registry.app import relaying
from registry.relay.envelope import CATALOGUE
from registry.relay.topics import ensure
from registry.settings import Settings
from registry.store import Store
from registry.store.sqlstore import SqlStore
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import configure, everything
from tests.faults.announcing import announced, change, history, said
from tests.integration.cli.program import Done, gemensam

OTHERS = [f"o{number}" for number in range(10)]
SMALL, LARGE = "20000", "9437184"
PARKED_SECONDS = 5
BIG = "offerings/big"
TOO_LARGE = "x" * 60_000


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """What is logged from now on."""
    with capture_logs() as found:
        yield found


def settings(url: str, kafka: Kafka) -> Settings:
    return Settings(data=Path("unused"), database_url=url, kafka_bootstrap=kafka.bootstrap)


async def relay(url: str, *words: str) -> Done:
    """`gemensam relay` on the same database."""
    return await asyncio.to_thread(gemensam, "relay", *words, "--database-url", url)


async def parked(store: Store) -> None:
    """Until a resource is parked."""
    while not await store.read(lambda view: view.parked()):
        await asyncio.sleep(0.02)


async def test_fault_08_what_is_too_large_is_parked_and_the_others_go_on(
    fragile: Kafka, sqlite_url: str, store: SqlStore, logs: list[Any]
) -> None:
    await ensure({"bootstrap_servers": fragile.bootstrap})
    await configure(fragile.bootstrap, CATALOGUE, cleanup_policy="compact", max_message_bytes=SMALL)
    async with relaying(settings(sqlite_url, fragile)):
        await change(store, "big", *OTHERS)
        await announced(store)
        await mixed(store, TOO_LARGE)
        async with asyncio.timeout(PARKED_SECONDS):
            await parked(store)
        await change(store, "big", *OTHERS)
        await announced(store)
        ledger, events = await history(store), await everything(fragile.bootstrap)
        assert differences(ledger, events, parked=[BIG]) == []
        assert [event.revision for event in events if event.key == BIG] == [1]
        status = await relay(sqlite_url, "status", "--json")
        (waits,) = status.lines()[0]["parked"]
        assert (status.code, waits["name"], waits["released"]) == (1, BIG, False)
        assert "bytes are more than the broker takes" in waits["reason"]
        assert BIG in (await relay(sqlite_url, "status")).out

        assert (await relay(sqlite_url, "unpark", BIG)).code == 0  # too early
        await said(logs, "relay.unparked", stuck=True)
        assert [each.revision for each in await store.read(lambda view: view.parked())] == [waits["revision"]]

        await configure(fragile.bootstrap, CATALOGUE, cleanup_policy="compact", max_message_bytes=LARGE)
        assert (await relay(sqlite_url, "unpark", BIG)).code == 0
        await said(logs, "relay.unparked", stuck=False)
        await change(store, "big", *OTHERS)
        await announced(store)
        assert (await relay(sqlite_url, "status")).code == 0
    ledger, events = await history(store), await everything(fragile.bootstrap)
    assert differences(ledger, events) == []
    alarm = await said(logs, "relay.parked", name=BIG)
    assert (alarm["log_level"], alarm["revision"]) == ("error", waits["revision"])
    assert (await said(logs, "relay.topic_wrong", topic=CATALOGUE))["wrong"].startswith("max.message.bytes is 20000")


async def mixed(store: Store, text: str) -> None:
    """A large change among small ones, in one page of the ledger, and a small one of the same key after it."""
    before, after = (change(store, *OTHERS) for _ in range(2))
    await asyncio.gather(before, change(store, "big", text=text), after, change(store, "big", *OTHERS))


async def test_fault_08_a_stopped_broker_is_waited_for(
    fragile: Kafka, sqlite_url: str, store: SqlStore, logs: list[Any]
) -> None:
    async with relaying(settings(sqlite_url, fragile)):
        await change(store, *OTHERS)
        await announced(store)
        await asyncio.to_thread(fragile.stop)
        for _ in range(5):
            await change(store, *OTHERS)
        unsent = await said(logs, "relay.publish_failed", reason="KAFKA_UNAVAILABLE")
        status = (await relay(sqlite_url, "status", "--json")).lines()[0]
        await asyncio.to_thread(fragile.start)
        await announced(store)
        ledger, events = await history(store), await everything(fragile.bootstrap)
    assert (unsent["log_level"], status["lag"], status["parked"]) == ("warning", 50, [])
    assert status["oldest_seconds"] > 0
    assert differences(ledger, events) == []
