"""The client of Kafka keeps some cancellations to itself; who uses it ends all the same when told to."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from registry.app import Running, relaying
from registry.settings import Settings
from registry.store.sqlstore import open_store
from tests.components.kafka import Kafka
from tests.components.ports import free_port
from tests.faults.announcing import change
from tests.integration.relay.test_source import Follower


class Swallowed:
    """Lets the first stop of a client wait, and keeps the cancellation that comes meanwhile from everybody."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, client: type[Any]) -> None:
        self.waits, self.swallowed = asyncio.Event(), False
        self._stop = client.stop
        monkeypatch.setattr(client, "stop", lambda made: self._stopping(made))  # noqa: PLW0108 - a method of ours would not be given the client

    async def _stopping(self, made: Any) -> None:
        if not self.waits.is_set():
            self.waits.set()
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                self.swallowed = True
        await self._stop(made)


@pytest.fixture
def nowhere(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """A broker that does not answer."""
    monkeypatch.setattr(Kafka, "bootstrap", f"127.0.0.1:{free_port()}")
    return kafka


async def test_a_subscriber_that_was_told_to_end_ends(
    registry_server: Running, nowhere: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Swallowed(monkeypatch, AIOKafkaConsumer)
    async with asyncio.timeout(20):
        async with Follower(registry_server, nowhere, tmp_path).following():
            await client.waits.wait()
        assert client.swallowed


async def test_a_relay_that_was_told_to_end_ends(
    nowhere: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/gemensam.db"
    store = open_store(url)
    await change(store, "a")
    client = Swallowed(monkeypatch, AIOKafkaProducer)
    settings = Settings(data=tmp_path, database_url=url, kafka_bootstrap=nowhere.bootstrap)
    monkeypatch.setattr("registry.relay.topics.ensure", _no_topics)
    async with asyncio.timeout(20):
        async with relaying(settings):
            await client.waits.wait()
        assert client.swallowed
    store.close()


async def _no_topics(_reach: Any) -> list[Any]:
    return []
