"""Reads whole topics, offline."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from registry.relay.envelope import CATALOGUE, ONBOARDING

TOPICS = (CATALOGUE, ONBOARDING)


@dataclass(frozen=True, slots=True)
class Event:
    """A record as a consumer gets it."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str:
        """A header as text; '' when it is not there."""
        return dict(self.headers).get(name, b"").decode()

    @property
    def id(self) -> str:
        """Generation and revision."""
        return self.header("ce_id")

    @property
    def revision(self) -> int:
        """The revision that its id names."""
        return int(self.id.rpartition(":")[2])


async def empty(bootstrap_servers: str, **security: Any) -> None:
    """Remove our topics and wait until they are gone."""
    reach = {"bootstrap_servers": bootstrap_servers, **security}
    admin = AIOKafkaAdminClient(**reach)
    await admin.start()
    try:
        if here := set(TOPICS) & set(await admin.list_topics()):
            await admin.delete_topics(sorted(here))
        async with asyncio.timeout(30):
            while set(TOPICS) & set(await admin.list_topics()):
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def configure(bootstrap: str, topic: str, **settings: str) -> None:
    """Give a topic these settings and no others (with _ for .), and wait until the broker says so."""
    wanted = {key.replace("_", "."): value for key, value in settings.items()}
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=wanted)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([resource])
        async with asyncio.timeout(30):
            while not wanted.items() <= (await _settings(admin, topic)).items():
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def forget(bootstrap: str, topic: str) -> None:
    """Drop every record that the topic holds now, as retention does; its cleanup policy must be to delete."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await consumer.start()
    await admin.start()
    try:
        places = [TopicPartition(topic, each) for each in await _known(consumer, topic)]
        ends = await consumer.end_offsets(places)
        await admin.delete_records({place: RecordsToDelete(end) for place, end in ends.items()})
        async with asyncio.timeout(30):
            while await consumer.beginning_offsets(places) != ends:
                await asyncio.sleep(0.05)
    finally:
        await admin.close()
        await consumer.stop()


async def _settings(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in response.resources[0][4]}


async def everything(bootstrap_servers: str, topics: Iterable[str] = TOPICS, **security: Any) -> list[Event]:
    """Every record that the topics hold now, partition by partition."""
    reach = {"bootstrap_servers": bootstrap_servers, **security}
    consumer = AIOKafkaConsumer(**reach, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [
            TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or await _known(consumer, t)
        ]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: list[Event] = []
        async with asyncio.timeout(120):
            while any([await consumer.position(each) < ends[each] for each in places]):
                for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                    found += [
                        Event(r.topic, r.partition, r.offset, r.key.decode(), r.value, tuple(r.headers))
                        for r in records
                    ]
        return found
    finally:
        await consumer.stop()


async def _known(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    return set(consumer.partitions_for_topic(topic) or ())
