"""The topics as the relay makes them, finds them, and says what is wrong with them."""

import asyncio
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from registry.relay.envelope import CATALOGUE, ONBOARDING
from registry.relay.topics import ensure
from tests.components.kafka import Kafka
from tests.components.topics import empty

ROUNDS = 8


async def make(kafka: Kafka, **topics: dict[str, str]) -> None:
    """Topics as an operator might make them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        wanted = {CATALOGUE: topics.get("catalogue"), ONBOARDING: topics.get("onboarding")}
        new = [NewTopic(name, 2, 1, topic_configs=each) for name, each in wanted.items() if each is not None]
        await admin.create_topics(new)
        async with asyncio.timeout(30):
            while not {each.name for each in new} <= set(await admin.list_topics()):
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def wrong(kafka: Kafka, *, make: bool = True) -> dict[str, list[str]]:
    """What is said of each topic."""
    reach: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
    return {topic.name: list(topic.wrong) for topic in await ensure(reach, make=make)}


async def test_what_was_made_a_moment_ago_is_not_called_missing(kafka: Kafka) -> None:
    reach: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
    for _ in range(ROUNDS):
        first, again = await ensure(reach), await ensure(reach)
        assert [(each.made, each.partitions, list(each.wrong)) for each in first] == [(True, 6, [])] * 2
        assert [(each.made, each.partitions, list(each.wrong)) for each in again] == [(False, 6, [])] * 2
        await empty(kafka.bootstrap)


async def test_relays_that_begin_together_make_each_topic_once(kafka: Kafka) -> None:
    reach: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
    found = await asyncio.gather(*(ensure(reach) for _ in range(4)))
    assert [topic.wrong for topics in found for topic in topics] == [[]] * 8
    assert sorted(topic.name for topics in found for topic in topics if topic.made) == [CATALOGUE, ONBOARDING]


async def test_topics_that_are_missing_are_said_and_not_made_when_that_is_not_asked(kafka: Kafka) -> None:
    complaint = ["is missing or not visible: UnknownTopicOrPartitionError"]
    for _ in range(2):
        assert await wrong(kafka, make=False) == {CATALOGUE: complaint, ONBOARDING: complaint}


@pytest.mark.parametrize(
    ("catalogue", "complaint"),
    [
        ({"cleanup.policy": "delete"}, "cleanup.policy is delete, and should be compact"),
        ({"cleanup.policy": "compact,delete"}, "cleanup.policy is compact,delete, and should be compact"),
        ({"max.message.bytes": "1000"}, "max.message.bytes is 1000, and should be 9437184"),
    ],
)
async def test_each_wrong_setting_is_said_with_the_right_one(
    kafka: Kafka, catalogue: dict[str, str], complaint: str
) -> None:
    right = {"cleanup.policy": "compact", "max.message.bytes": "9437184"}
    await make(kafka, catalogue=right | catalogue)
    assert await wrong(kafka) == {CATALOGUE: [complaint], ONBOARDING: []}


async def test_more_than_is_asked_for_is_not_wrong(kafka: Kafka) -> None:
    await make(kafka, onboarding={"retention.ms": "-1", "max.message.bytes": "100000000"})
    assert await wrong(kafka) == {CATALOGUE: [], ONBOARDING: []}
    await empty(kafka.bootstrap)
    await make(kafka, onboarding={"retention.ms": "60000", "max.message.bytes": "100000000"})
    said = await wrong(kafka)
    assert said[ONBOARDING] == ["retention.ms is 60000, and should be 2592000000"]
