"""Fault 12: members of one group join and leave each second. Nothing is lost, and nothing is left to read afterwards."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from registry.app import Running
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.integration.api import Api
from tests.integration.relay.test_source import Follower, change, same, truth

MEMBERS, ROUNDS, SESSION_SECONDS = 4, 20, 6.0


class Group:
    """Members that come and go, each with a mirror of its own that it finds again."""

    def __init__(self, registry: Running, kafka: Kafka, folder: Path) -> None:
        self._made = lambda instance: Follower(registry, kafka, folder, instance, session_seconds=SESSION_SECONDS)
        self._stacks: dict[str, contextlib.AsyncExitStack] = {}
        self.members: dict[str, Follower] = {}
        self.joined = 0

    async def turn(self, instance: str) -> None:
        """Join, or leave."""
        if instance in self.members:
            del self.members[instance]
            await self._stacks.pop(instance).aclose()
            return
        self._stacks[instance] = contextlib.AsyncExitStack()
        self.members[instance] = await self._stacks[instance].enter_async_context(self._made(instance).following())
        self.joined += 1

    def leader(self) -> Follower:
        """Who holds the partitions."""
        (one,) = [each for each in self.members.values() if each.holds]
        return one

    async def close(self) -> None:
        for instance in list(self.members):
            await self.turn(instance)


@contextlib.asynccontextmanager
async def changing(api: Api) -> AsyncIterator[None]:
    """Changes come for as long as the block lasts; every other one is of something new, which no later one makes up for."""

    async def work() -> None:
        number = 0
        while True:
            number += 1
            await (api.offer(f"new-{number}") if number % 2 else change(api, number))
            await asyncio.sleep(0.02)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def lag(kafka: Kafka) -> int:
    """Records that the group has not confirmed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        confirmed: Any = await admin.list_consumer_group_offsets("b")
    finally:
        await admin.close()
    return len(await everything(kafka.bootstrap)) - sum(each.offset for each in confirmed.values())


async def test_fault_12_a_storm_of_rebalances(api: Api, registry: Running, kafka: Kafka, tmp_path: Path) -> None:
    chance = random.Random(12)  # noqa: S311 - the same storm each time
    await api.body("a")
    await api.offer("permits")
    await api.publish("permits")
    group = Group(registry, kafka, tmp_path)
    try:
        async with changing(api):
            for number in range(ROUNDS):
                await group.turn(f"m{number if number < MEMBERS else chance.randrange(MEMBERS)}")
                await asyncio.sleep(1)  # the storm's own rhythm, not a wait for something
        for instance in {f"m{number}" for number in range(MEMBERS)} - group.members.keys():
            await group.turn(instance)
        async with asyncio.timeout(60):
            while len([each for each in group.members.values() if each.holds]) != 1:
                await asyncio.sleep(0.05)
            while group.leader().known() != await truth(registry) or await lag(kafka) != 0:
                await asyncio.sleep(0.05)
        assert group.joined > MEMBERS
        leader = group.leader()
        await change(api, 0)
        await same(leader, registry)
    finally:
        await group.close()


async def test_fault_12_a_rebalance_that_moves_nothing(
    api: Api, registry: Running, kafka: Kafka, tmp_path: Path
) -> None:
    """The one that holds everything is given the same again when another joins, and goes on at once."""
    await api.body("a")
    await api.offer("permits")
    group = Group(registry, kafka, tmp_path)
    try:
        await group.turn("m0")
        await same(group.members["m0"], registry)
        await group.turn("m1")
        async with asyncio.timeout(30):
            while not group.members["m1"].events:
                await asyncio.sleep(0.05)
            holder = group.leader()
            await change(api, 1)
            await same(holder, registry)
    finally:
        await group.close()
