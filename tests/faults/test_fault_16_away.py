"""Fault 16: a subscriber was away for longer than history is kept: it takes a snapshot, deletions included."""

from pathlib import Path

import pytest

from registry.app import Running
from registry.relay.envelope import CATALOGUE
from subscribers.sources import kafka as module
from tests.components.kafka import Kafka
from tests.components.topics import configure, forget
from tests.faults.announcing import delete
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import Follower, change, same


async def test_fault_16_records_that_are_gone(api: Api, registry: Running, kafka: Kafka, tmp_path: Path) -> None:
    await api.body("a")
    for key in ("permits", "school"):
        await api.offer(key)
    await relayed(registry)
    async with Follower(registry, kafka, tmp_path).following() as before:
        await same(before, registry)
    await change(api, 1)
    await delete(registry.store, "school")
    await relayed(registry)
    await configure(kafka.bootstrap, CATALOGUE, cleanup_policy="delete")
    await forget(kafka.bootstrap, CATALOGUE)
    await change(api, 2)
    async with Follower(registry, kafka, tmp_path).following() as after:
        await same(after, registry)
        await change(api, 3)
        await same(after, registry)
    assert (before.snapshots(), after.snapshots()) == (1, 1)
    assert "offerings/school" not in after.known()


async def test_fault_16_an_absence_longer_than_tombstones(
    api: Api, registry: Running, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.body("a")
    for key in ("permits", "school"):
        await api.offer(key)
    await relayed(registry)
    async with Follower(registry, kafka, tmp_path).following() as before:
        await same(before, registry)
        assert "offerings/school" in before.known()
    await change(api, 1)
    await delete(registry.store, "school")
    await relayed(registry)
    monkeypatch.setattr(module, "AWAY_SECONDS", 0.0)
    async with Follower(registry, kafka, tmp_path).following() as after:
        await same(after, registry)
    assert after.snapshots() == 1
    assert "offerings/school" not in after.known()
