"""A subscriber's mirror by Kafka, compared with the registry's own resources."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from registry.api.v1.offering_service_pb2 import UpdateOfferingRequest
from registry.app import Running
from registry.reach import Reach
from registry.store.kinds import KINDS as NOUNS
from subscribers.client import Client
from subscribers.events import SnapshotEnd, StandBy
from subscribers.intake import Intake
from subscribers.settings import Settings
from subscribers.sources.choice import source
from subscribers.state import State
from tests.components.kafka import Kafka
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed

KINDS = ("offering", "release", "subscription")


class Follower:
    """A mirror that follows by Kafka."""

    def __init__(self, registry: Running, kafka: Kafka, folder: Path, instance: str = "one", **more: Any) -> None:
        options: dict[str, Any] = {"bootstrap": kafka.bootstrap, "group": "b", "instance": instance, **more}
        settings = Settings(
            registry=registry.grpc_address,
            systems=("organisations/b/systems/gw",),
            source="kafka",
            kafka=options,  # type: ignore[arg-type]
            adapters=({"kind": "files"},),
        )
        self.state = State(folder / f"{instance}.db")
        self.client = Client(Reach(registry.grpc_address), "organisations/b")
        self.source = source(settings, self.client, self.state)
        self.events: list[Any] = []
        self._intake = Intake(self.source, self.state, lambda events, _news: self.events.extend(events))

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator["Follower"]:
        """Follows for as long as the block lasts."""
        task = asyncio.create_task(self._intake.run())
        try:
            yield self
        finally:
            ended = task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.client.close()
        assert not ended, "following has ended by itself"

    @property
    def holds(self) -> bool:
        """Whether it follows, and does not stand by."""
        told = [event for event in self.events if isinstance(event, StandBy)]
        return bool(told) and not told[-1].stands_by

    def snapshots(self) -> int:
        """How many it has taken."""
        return sum(isinstance(event, SnapshotEnd) for event in self.events)

    def known(self) -> dict[str, int]:
        """Revisions by name."""
        rows = self.state._database.execute("SELECT name, revision FROM mirror WHERE document NOT NULL").fetchall()
        return dict(rows)

    def deleted(self) -> set[str]:
        return {row[0] for row in self.state._database.execute("SELECT name FROM mirror WHERE document IS NULL")}


async def truth(registry: Running) -> dict[str, int]:
    """What the registry has."""
    found: dict[str, int] = {}
    async with registry.store.snapshot() as snapshot:
        async for page in snapshot.documents(KINDS):
            found |= {name: NOUNS[kind].message.FromString(document).revision for kind, name, document in page}  # type: ignore[attr-defined]
    return found


async def same(follower: Follower, registry: Running) -> None:
    """Wait until the mirror is the registry's."""
    async with asyncio.timeout(60):
        while not follower.state.whole or follower.known() != await truth(registry):
            await asyncio.sleep(0.02)


async def change(api: Api, number: int) -> None:
    offering = {"name": "offerings/permits", "title": {"sv": f"Titel {number}"}}
    await api.offerings.UpdateOffering(UpdateOfferingRequest(offering=offering, update_mask={"paths": ["title"]}))


@pytest.fixture
async def filled(api: Api) -> Api:
    await api.body("a")
    await api.body("b")
    await api.offer("permits")
    await api.publish("permits", "1.0.0")
    return api


async def test_a_cold_start_takes_a_snapshot_and_follows_the_topics(
    filled: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    await relayed(registry_server)
    async with Follower(registry_server, kafka, tmp_path).following() as follower:
        await same(follower, registry_server)
        for number in range(20):
            await change(filled, number)
        await filled.publish("permits", "1.1.0")
        await same(follower, registry_server)
    names = [type(event).__name__ for event in follower.events]
    assert names.count("SnapshotEnd") == 1
    assert names.count("Changed") > 20


async def test_it_goes_on_from_its_own_place_without_a_snapshot(
    filled: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    await relayed(registry_server)
    async with Follower(registry_server, kafka, tmp_path).following() as first:
        await same(first, registry_server)
        await change(filled, 1)
        await same(first, registry_server)
    await change(filled, 2)
    await relayed(registry_server)
    async with Follower(registry_server, kafka, tmp_path).following() as second:
        await same(second, registry_server)
    assert "SnapshotEnd" not in [type(event).__name__ for event in second.events]
