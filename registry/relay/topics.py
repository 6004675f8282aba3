"""The topics as they should be: made where that is allowed, else compared, with what would be right."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from registry.domain.limits import MESSAGE_BYTES
from registry.relay.envelope import CATALOGUE, ONBOARDING
from registry.relay.publisher import PublishFailed

PARTITIONS, ADMIN_SECONDS, LOOK_AGAIN_SECONDS = 6, 20.0, 0.05
# JSON of a document is at most about twice its serialised size.
MESSAGE_MAXIMUM = 2 * MESSAGE_BYTES + 1024 * 1024
RETENTION_DAYS = 30
REPLICAS = 3
# This relay may not make topics: then what is missing is said.
_LEFT_TO_OTHERS = frozenset({ClusterAuthorizationFailedError, TopicAuthorizationFailedError, PolicyViolationError})
# What a broker says of a topic that was made a moment ago, and that it has not heard of.
_NOT_YET = frozenset({UnknownTopicOrPartitionError.errno, LeaderNotAvailableError.errno})
WANTED: Mapping[str, Mapping[str, str]] = {
    CATALOGUE: {"cleanup.policy": "compact", "max.message.bytes": str(MESSAGE_MAXIMUM)},
    ONBOARDING: {
        "cleanup.policy": "delete",
        "retention.ms": str(RETENTION_DAYS * 24 * 3600 * 1000),
        "max.message.bytes": str(MESSAGE_MAXIMUM),
    },
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic after the check. `wrong` says what differs and what would be right; empty when all is well."""

    name: str
    made: bool
    partitions: int
    wrong: Sequence[str]


async def ensure(reach: Mapping[str, Any], *, make: bool = True) -> list[Topic]:
    """Make the topics that are missing, and compare those that are there. Errors: PublishFailed when none answers."""
    try:
        async with asyncio.timeout(ADMIN_SECONDS):
            return await _ensure(reach, make=make)
    except (KafkaError, OSError, TimeoutError) as error:
        raise PublishFailed("KAFKA_UNAVAILABLE", f"The topics cannot be looked at: {type(error).__name__}") from error


async def _ensure(reach: Mapping[str, Any], *, make: bool) -> list[Topic]:
    admin = AIOKafkaAdminClient(**reach, client_id="gemensam-relay", request_timeout_ms=10_000)
    try:
        await admin.start()
        replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        made = await _make(admin, replicas) if make else {}
        return [await _compare(admin, name, replicas, made) for name in WANTED]
    finally:
        await admin.close()


def _wanted(name: str, replicas: int) -> Mapping[str, str]:
    """Every setting: where three copies are, two must have an event before it counts as durable."""
    durable = {"min.insync.replicas": str(REPLICAS - 1)} if replicas >= REPLICAS else {}
    return {**WANTED[name], **durable}


async def _make(admin: AIOKafkaAdminClient, replicas: int) -> Mapping[str, bool]:
    """The topics that must be there from now on, and whether this relay made them."""
    found = {}
    for name in sorted(set(WANTED) - set(await admin.list_topics())):
        topic = NewTopic(name, PARTITIONS, replicas, topic_configs=dict(_wanted(name, replicas)))
        response = await admin.create_topics([topic])
        error = for_code(response.topic_errors[0][1])
        if error in {NoError, TopicAlreadyExistsError}:
            found[name] = error is NoError
        elif error not in _LEFT_TO_OTHERS:
            raise error(f"{name}: {response.topic_errors[0][2] or 'not made'}")
    return found


async def _compare(admin: AIOKafkaAdminClient, name: str, replicas: int, made: Mapping[str, bool]) -> Topic:
    described, found = await _described(admin, name), await _settings(admin, name)
    while name in made and (described["error_code"] in _NOT_YET or found is None):  # the broker asked is behind
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        described, found = await _described(admin, name), await _settings(admin, name)
    if described["error_code"]:
        error = for_code(described["error_code"]).__name__
        return Topic(name, False, 0, [f"is missing or not visible: {error}"])
    copies = min(len(partition["replicas"]) for partition in described["partitions"])
    fewer = [f"has {copies} replicas, and should have {replicas}"] if copies < replicas else []
    settings = found or {}
    other = [
        f"{key} is {settings.get(key, 'not visible')}, and should be {value}"
        for key, value in _wanted(name, replicas).items()
        if not _is_right(key, settings.get(key, ""), value)
    ]
    return Topic(name, made.get(name, False), len(described["partitions"]), fewer + other)


async def _described(admin: AIOKafkaAdminClient, name: str) -> Any:
    return (await admin.describe_topics([name]))[0]


async def _settings(admin: AIOKafkaAdminClient, name: str) -> Mapping[str, str] | None:
    """None where the broker that was asked does not know the topic; nothing where it must not tell."""
    try:
        responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    except KafkaError:
        return {}
    ((code, _, _, _, entries),) = [resource for each in responses for resource in each.resources]
    return None if code in _NOT_YET else {entry[0]: str(entry[1]) for entry in entries}


def _is_right(key: str, found: str, wanted: str) -> bool:
    if key in {"max.message.bytes", "retention.ms", "min.insync.replicas"} and found.lstrip("-").isdigit():
        return int(found) >= int(wanted) or found == "-1"
    return found == wanted
