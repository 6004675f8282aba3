"""Fault 3: eight writers commit out of the order of their numbers, beside a transaction that began before them all."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg

from registry.api.v1.change_pb2 import Change
from registry.app import relaying
from registry.relay.envelope import CATALOGUE
from registry.relay.publisher import Publisher
from registry.relay.topics import ensure
from registry.settings import Settings
from registry.store.sqlstore import SqlStore, open_store
from tests.components.announced import differences, expected
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, change, entry, history

WRITERS, KEYS, COMMITS = 8, 50, 60


@contextlib.asynccontextmanager
async def writers(url: str) -> AsyncIterator[list[SqlStore]]:
    """Stores of one database, each with a writer of its own."""
    stores = [await asyncio.to_thread(open_store, url) for _ in range(WRITERS)]
    try:
        yield stores
    finally:
        for store in stores:
            await asyncio.to_thread(store.close)


@contextlib.contextmanager
def decoy(url: str, statement: str) -> Iterator[None]:
    """A transaction that has its number before all others, and ends after them."""
    with psycopg.connect(url) as connection:
        connection.execute(statement)
        yield
        connection.commit()


async def write(store: SqlStore, number: int) -> None:
    chance = random.Random(number)  # noqa: S311 - the same keys each time
    for _ in range(COMMITS):
        await change(store, *(f"o{key}" for key in chance.sample(range(KEYS), chance.randint(1, 3))))


async def test_fault_03_nothing_is_lost_when_commits_overtake_each_other(
    kafka: Kafka, postgres_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, kafka_bootstrap=kafka.bootstrap)
    async with writers(postgres_url) as stores:
        with psycopg.connect(postgres_url) as connection:
            connection.execute("CREATE TABLE decoys (number int)")
        async with relaying(settings):
            with decoy(postgres_url, "INSERT INTO decoys VALUES (1)"):
                await asyncio.gather(*(write(store, number) for number, store in enumerate(stores)))
                await announced(stores[0])  # an open transaction does not hold the relay up
            await change(stores[0], "last")
            await announced(stores[0])
        ledger, events = await history(stores[0]), await everything(kafka.bootstrap)
    assert len(ledger) > WRITERS * COMMITS
    assert differences(ledger, events) == []
    assert len(events) == len(ledger)


async def test_fault_03_an_outbox_read_by_id_loses_events_and_the_validator_sees_it(
    kafka: Kafka, postgres_url: str
) -> None:
    """The test of the test: the usual outbox, whose numbers are taken before the commit, fails what ours passes."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, name text)")
    reach = {"bootstrap_servers": kafka.bootstrap}
    await ensure(reach)
    relay = asyncio.create_task(naive_relay(postgres_url, reach))
    with decoy(postgres_url, "INSERT INTO outbox (name) VALUES ('offerings/early')"):
        await asyncio.gather(*(asyncio.to_thread(naive_write, postgres_url, number) for number in range(WRITERS)))
        await relay
    events = await everything(kafka.bootstrap, [CATALOGUE])
    found = differences(outbox(postgres_url), events)
    assert "missing: g:1 of offerings/early" in found
    assert {complaint.partition(":")[0] for complaint in found} <= {"missing", "last"}


def naive_write(url: str, number: int) -> None:
    """One transaction after the other, as an application with an outbox has them."""
    chance = random.Random(number)  # noqa: S311
    with psycopg.connect(url) as connection:
        for _ in range(COMMITS):
            connection.execute("INSERT INTO outbox (name) VALUES (%s)", [f"offerings/o{chance.randrange(KEYS)}"])
            connection.commit()


async def naive_relay(url: str, reach: dict[str, Any]) -> None:
    """`id > cursor`, until every writer but the early one must be through."""
    publisher, cursor = Publisher(reach, lambda: True), 0
    async with asyncio.timeout(60):
        while cursor < WRITERS * COMMITS + 1:
            changes = await asyncio.to_thread(outbox, url, cursor)
            if changes:
                await publisher.send([expected(each) for each in changes])
                cursor = changes[-1].revision
    await publisher.discard()


def outbox(url: str, cursor: int = 0) -> list[Change]:
    """What a reader finds after the cursor."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id, name FROM outbox WHERE id > %s ORDER BY id", [cursor]).fetchall()
    return [entry(row[0], row[1]) for row in rows]
