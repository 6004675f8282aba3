"""Fault 9: of three brokers the one that leads is killed, again and again. What was acknowledged is on the others."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from registry.relay.envelope import CATALOGUE
from registry.relay.topics import REPLICAS, WANTED, Topic, ensure
from registry.store.sqlstore import SqlStore
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import empty, everything
from tests.faults.announcing import announced, change, history
from tests.faults.load import loaded
from tests.faults.process import relay_process

KEYS, RATE, BETWEEN, KILLS = 20, 60, 90, 3


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    cluster = Kafka(tmp_path_factory.mktemp("three") / "cluster", brokers=3)
    yield cluster
    cluster.stop()


async def partitions(kafka: Kafka) -> list[dict[str, int | list[int]]]:
    """Where the catalogue's partitions are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([CATALOGUE])
        found: list[dict[str, int | list[int]]] = topic["partitions"]
        return found
    finally:
        await admin.close()


async def in_sync(kafka: Kafka) -> list[int]:
    """Wait until every copy of every partition is up to date; returns the leaders."""
    async with asyncio.timeout(90):
        while True:
            found = await partitions(kafka)
            if found and all(len(each["isr"]) == REPLICAS for each in found):  # type: ignore[arg-type]
                return [each["leader"] for each in found]  # type: ignore[misc]
            await asyncio.sleep(0.2)


async def made(kafka: Kafka, copies: int, at_least: int) -> None:
    """The catalogue's topic as an operator might make it, known to every broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        settings = {**WANTED[CATALOGUE], "min.insync.replicas": str(at_least)}
        await admin.create_topics([NewTopic(CATALOGUE, 2, copies, topic_configs=settings)])
    finally:
        await admin.close()


async def found(kafka: Kafka) -> Topic:
    """What the relay finds, once the broker that it asks has heard of the topic."""
    async with asyncio.timeout(30):
        while True:
            (topic, _) = await ensure({"bootstrap_servers": kafka.bootstrap}, make=False)
            if topic.partitions:
                return topic
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("copies", "at_least", "complaints"),
    [
        (1, 1, ["has 1 replicas, and should have 3", "min.insync.replicas is 1, and should be 2"]),
        (2, 2, ["has 2 replicas, and should have 3"]),
        (3, 1, ["min.insync.replicas is 1, and should be 2"]),
        (3, 2, []),
        (3, 3, []),
    ],
)
async def test_fault_09_a_topic_that_could_lose_what_was_acknowledged_is_told(
    three: Kafka, copies: int, at_least: int, complaints: list[str]
) -> None:
    await empty(three.bootstrap)
    await made(three, copies, at_least)
    assert list((await found(three)).wrong) == complaints
    await empty(three.bootstrap)


async def test_fault_09_the_leader_is_killed_and_nothing_that_was_acknowledged_is_lost(
    three: Kafka, sqlite_url: str, store: SqlStore, relay_parent: "subprocess.Popen[str]"
) -> None:
    killed: list[int] = []
    async with relay_process(relay_parent, sqlite_url, three.bootstrap) as relay:
        first = await relay.start()
        async with loaded(lambda number: change(store, f"o{number % KEYS}"), RATE) as load:
            await load.more(BETWEEN)
            for _ in range(KILLS):
                leaders = await in_sync(three)
                killed.append(max(set(leaders), key=leaders.count))
                three.brokers[killed[-1]].signal(signal.SIGKILL)
                await load.more(BETWEEN)
                await announced(store, store.head_revision)  # by the two that are left
                await asyncio.to_thread(three.start)
        await announced(store)
        assert relay.pid == first
        assert await relay.stop() == 0
    await in_sync(three)
    ledger, events = await history(store), await everything(three.bootstrap)
    assert load.failed == []
    assert len(killed) == KILLS
    assert len(ledger) == load.acknowledged
    assert differences(ledger, events) == []
