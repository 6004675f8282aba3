"""The example consumer of the guide where it cannot simply go on: history gone, a restored registry, deletions."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from registry.app import Running, running
from registry.relay.envelope import CATALOGUE
from registry.settings import Settings
from registry.store import backup
from tests.components.kafka import Kafka
from tests.components.ports import free_port
from tests.components.topics import configure, forget
from tests.faults.announcing import delete
from tests.integration.api import Api
from tests.integration.relay.test_guide import consuming, kept, same
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import change


def generation(file: Path) -> set[str]:
    """Which registry its places are of."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        return {row[0] for row in database.execute("SELECT generation FROM place")}


async def deleted(file: Path, name: str) -> None:
    """Wait until the name is kept without a document."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.closing(sqlite3.connect(file)) as database:
                if database.execute("SELECT document FROM state WHERE name = ?", (name,)).fetchall() == [(None,)]:
                    return
            await asyncio.sleep(0.05)


async def test_a_deletion_is_kept_as_a_name_without_a_document(
    api: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    file = tmp_path / "state.db"
    await api.body("a")
    await api.offer("permits")
    await relayed(registry_server)
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
        await delete(registry_server.store, "permits")
        await deleted(file, "offerings/permits")
        assert process.returncode is None


async def test_history_that_is_gone_is_made_up_for_by_a_snapshot(
    api: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    file = tmp_path / "state.db"
    await api.body("a")
    for key in ("permits", "school"):
        await api.offer(key)
    await relayed(registry_server)
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
    await change(api, 1)
    await delete(registry_server.store, "school")
    await relayed(registry_server)
    await configure(kafka.bootstrap, CATALOGUE, cleanup_policy="delete")
    await forget(kafka.bootstrap, CATALOGUE)
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
        assert "offerings/school" not in kept(file)
        await change(api, 2)
        await same(process, file, registry_server)


@asynccontextmanager
async def serving(place: Settings) -> AsyncIterator[tuple[Running, Api]]:
    """A registry and its services."""
    async with running(place) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        yield registry, Api(channel)


async def test_a_restored_registry_ends_it_and_the_next_start_begins_with_a_snapshot(
    kafka: Kafka, tmp_path: Path
) -> None:
    file, copy = tmp_path / "state.db", tmp_path / "copy.db"
    place = {"grpc_address": f"127.0.0.1:{free_port()}", "web_address": "", "kafka_bootstrap": kafka.bootstrap}
    old, new = (Settings(data=tmp_path / name, **place) for name in ("old", "new"))  # type: ignore[arg-type]
    async with serving(old) as (registry, api):
        await api.body("a")
        await api.offer("permits")
        await relayed(registry)
        await asyncio.to_thread(backup.backup, old.url(), copy)
        await api.offer("forgotten")
        await relayed(registry)
        async with consuming(kafka, registry, file) as process:
            await same(process, file, registry)
    first = generation(file)
    await asyncio.to_thread(backup.restore, copy, new.url())
    async with serving(new) as (registry, api):
        async with consuming(kafka, registry, file) as process:
            await same(process, file, registry)
            assert "offerings/forgotten" not in kept(file)
        await change(api, 1)
        await relayed(registry)
    second = generation(file)
    assert (len(first), len(second), first & second) == (1, 1, set())


async def test_one_that_runs_while_the_registry_is_restored_ends_with_the_reason(kafka: Kafka, tmp_path: Path) -> None:
    file, copy = tmp_path / "state.db", tmp_path / "copy.db"
    place = {"grpc_address": f"127.0.0.1:{free_port()}", "web_address": "", "kafka_bootstrap": kafka.bootstrap}
    old, new = (Settings(data=tmp_path / name, **place) for name in ("old", "new"))  # type: ignore[arg-type]
    async with contextlib.AsyncExitStack() as held:
        async with serving(old) as (registry, api):
            await api.body("a")
            await api.offer("permits")
            await relayed(registry)
            process = await held.enter_async_context(consuming(kafka, registry, file))
            await same(process, file, registry)
            await asyncio.to_thread(backup.backup, old.url(), copy)
        await asyncio.to_thread(backup.restore, copy, new.url())
        async with serving(new) as (_, api):
            await change(api, 1)
            async with asyncio.timeout(60):
                assert await process.wait() == 1
