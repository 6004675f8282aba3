"""Fault 33: a registry restored from a backup is of another generation: followers take a snapshot, no id comes twice."""

import asyncio
from collections import defaultdict
from pathlib import Path

import grpc
import pytest

from registry.app import running
from registry.settings import Settings
from registry.store import backup
from subscribers.sources import kafka as module
from tests.components.kafka import Kafka
from tests.components.ports import free_port
from tests.components.topics import everything
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import Follower, change, same


@pytest.mark.parametrize("publishes", [True, False])
async def test_fault_33_a_restored_registry(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publishes: bool
) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.5)
    place = {"grpc_address": f"127.0.0.1:{free_port()}", "web_address": "", "kafka_bootstrap": kafka.bootstrap}
    old = Settings(data=tmp_path / "old", **place)  # type: ignore[arg-type]
    new = Settings(data=tmp_path / "new", **place)  # type: ignore[arg-type]
    async with running(old) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await api.offer("permits")
        await relayed(registry)
        follower = Follower(registry, kafka, tmp_path)
        await asyncio.to_thread(backup.backup, old.url(), tmp_path / "copy.db")
        async with follower.following():
            await api.offer("forgotten")
            await relayed(registry)
            await same(follower, registry)
    await asyncio.to_thread(backup.restore, tmp_path / "copy.db", new.url())
    async with running(new) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        async with Follower(registry, kafka, tmp_path).following() as after:
            if publishes:
                await change(Api(channel), 1)
            await same(after, registry)
        await relayed(registry)
        assert after.snapshots() == 1
        assert "offerings/forgotten" not in after.known()
    bytes_of = defaultdict(set)
    for event in await everything(kafka.bootstrap):
        bytes_of[event.id].add((event.key, event.value, event.headers))
    assert all(len(each) == 1 for each in bytes_of.values())
    if publishes:
        assert len({each.rpartition(":")[2] for each in bytes_of}) < len(bytes_of), "revisions did come twice"
