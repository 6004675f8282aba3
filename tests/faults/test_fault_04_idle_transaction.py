"""Fault 4: a transaction lies open in another database of the same PostgreSQL. The feed and the relay go on meanwhile.

A feed that waits for the oldest open transaction, as one by transaction numbers does, stands still as long as it is open.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import grpc
import psycopg

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.app import running
from registry.settings import Settings
from tests.components.kafka import Kafka
from tests.faults.announcing import announced
from tests.faults.history import Stream
from tests.faults.recorder import Recorder
from tests.faults.validators import changes_of, verdict
from tests.integration.api import Api
from tests.integration.rpc.test_watch import take

WRITES = 40


@contextlib.contextmanager
def idle_elsewhere(server_uri: str) -> Iterator[Any]:
    """A transaction with a number and a snapshot, in the database that every PostgreSQL has. Gives its own connection."""
    with psycopg.connect(server_uri) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.rollback()


def oldest_open(url: str) -> int:
    """The oldest transaction that a feed by numbers would have to wait for."""
    with psycopg.connect(url) as connection:
        row: Any = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    return int(row[0])


async def test_fault_04_the_feed_goes_on_beside_an_idle_transaction(
    postgres_uri: str, postgres_url: str, settings: Settings, kafka: Kafka
) -> None:
    settings.database_url, settings.kafka_bootstrap = postgres_url, kafka.bootstrap
    recorder = Recorder()
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await api.offer("o0")
        stream = api.feed.Watch(WatchRequest(start_revision=1))
        seen = Stream(1)
        with idle_elsewhere(postgres_uri) as number:
            for each in range(WRITES):
                revision = await recorder.describe(api, "o0", each)
            async with asyncio.timeout(30):
                async for event in stream:
                    seen.events.append(event)
                    if event.change.revision == revision:
                        break
            await announced(registry.store, revision)
            assert oldest_open(postgres_url) >= int(number[0])
        assert len(await take(api.feed.Watch(WatchRequest(start_revision=1)), revision)) == revision
    recorder.history.watchers["beside"] = [seen]
    history = await recorder.close(postgres_url)
    assert [change.revision for change in changes_of(seen)] == list(range(1, revision + 1))
    assert verdict(history) == []
