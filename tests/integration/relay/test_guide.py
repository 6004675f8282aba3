"""The example consumer of the guide, run as it is against a real registry and a real Kafka."""

import asyncio
import contextlib
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from registry.api.v1.organisation_service_pb2 import MergeOrganisationsRequest
from registry.app import Running
from registry.domain.nouns import PUBLIC_KINDS
from registry.store.kinds import KINDS
from tests.checks.problem import ROOT
from tests.components.kafka import Kafka
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import change

Documents = dict[str, object]


@contextlib.asynccontextmanager
async def consuming(kafka: Kafka, registry: Running, file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The example as a process, killed at the end of the block."""
    command = [sys.executable, str(ROOT / "docs/events/consumer.py"), kafka.bootstrap, registry.grpc_address, str(file)]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


def kept(file: Path) -> Documents:
    """What the example has stored."""
    with contextlib.closing(sqlite3.connect(file)) as database, contextlib.suppress(sqlite3.OperationalError):
        return {name: json.loads(text) for name, text in database.execute("SELECT name, document FROM state")}
    return {}


async def truth(registry: Running) -> Documents:
    """What the registry has of the public kinds."""
    found: Documents = {}
    async with registry.store.snapshot() as snapshot:
        async for page in snapshot.documents(tuple(PUBLIC_KINDS)):
            found |= {name: MessageToDict(KINDS[kind].message.FromString(text)) for kind, name, text in page}
    return found


async def same(process: asyncio.subprocess.Process, file: Path, registry: Running) -> None:
    """Wait until the file is the registry's state."""
    async with asyncio.timeout(60):
        while kept(file) != await truth(registry):
            assert process.returncode is None, "the example has ended"
            await asyncio.sleep(0.05)


async def test_the_example_keeps_the_newest_state_through_a_kill(
    api: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    file = tmp_path / "state.db"
    await api.body("a")
    await api.body("b")
    await api.offer("permits")
    await relayed(registry_server)
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
        for number in range(10):
            await change(api, number)
        await api.publish("permits", "1.0.0")
        await same(process, file, registry_server)
    with contextlib.closing(sqlite3.connect(file)) as database:
        before = dict(database.execute("SELECT part, next FROM place"))
    await change(api, 11)
    await api.organisations.MergeOrganisations(
        MergeOrganisationsRequest(name="organisations/a", sources=["organisations/b"])
    )
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
        assert len(kept(file)) == 4
    with contextlib.closing(sqlite3.connect(file)) as database:
        after = dict(database.execute("SELECT part, next FROM place"))
    assert all(after[part] >= before[part] for part in before)
    assert after != before


async def test_the_example_passes_over_what_is_not_newer_than_what_it_knows(
    api: Api, registry_server: Running, kafka: Kafka, tmp_path: Path
) -> None:
    file = tmp_path / "state.db"
    await api.body("a")
    await api.offer("permits")
    await relayed(registry_server)
    async with consuming(kafka, registry_server, file) as process:
        await same(process, file, registry_server)
    places = """SELECT sum(next) FROM place"""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        (whole,) = database.execute(places).fetchone()
        database.execute("UPDATE place SET next = 0")
        database.execute("UPDATE state SET document = '\"newer\"', revision = revision + 100")
    async with consuming(kafka, registry_server, file) as process, asyncio.timeout(60):
        with contextlib.closing(sqlite3.connect(file)) as database:
            while database.execute(places).fetchone() != (whole,):
                assert process.returncode is None, "the example has ended"
                await asyncio.sleep(0.05)
    assert set(kept(file).values()) == {"newer"}
