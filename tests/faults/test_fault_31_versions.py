"""Fault 31: servers of two versions side by side, and back again; and feeds of before, read by the program of today.

There is no older release yet, so the older program is this one: it serves, starts, and goes on, on tables that a newer
program has added to. That proves the rules of the tables, not that a future program keeps to them: for that, the golden
stores stay here, and each version must read them to the byte.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.offering_pb2 import Offering
from registry.app import running
from registry.errors import Precondition
from registry.settings import Settings
from registry.store import Command, ledger, migrate
from registry.store.dialects import make_engine
from registry.store.sqlstore import open_store
from tests.faults import golden
from tests.faults.announcing import history
from tests.faults.recorder import Recorder
from tests.faults.several import several
from tests.faults.validators import document_of, verdict
from tests.faults.watcher import Watcher, watching
from tests.integration.api import Api
from tests.integration.rpc.test_watch import take

AHEAD = '''"""A table and columns of a later version. Phase: expand."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, phase = "{version}", "{before}", "expand"
def upgrade():
    op.create_table("later", sa.Column("name", sa.String(64), primary_key=True))
    op.add_column("offerings", sa.Column("later", sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("later", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_offerings_later", "offerings", ["later"])
'''
UNKNOWN = b"\x82\xe8\x07\x05later"  # field 16000 of some later version: five bytes


def expand(url: str, version: str, folder: Path) -> None:
    """Bring the tables to a version that is not there yet, as the program of that version would."""
    ahead = folder / "migrations"
    shutil.copytree(migrate._HERE, ahead, ignore=shutil.ignore_patterns("__pycache__"))
    text = AHEAD.format(version=version, before=migrate.newest())
    (ahead / "versions" / "later.py").write_text(text)
    here, migrate._HERE = migrate._HERE, ahead
    engine = make_engine(url, writer=True)
    try:
        migrate.upgrade(engine)
    finally:
        migrate._HERE = here
        engine.dispose()


async def test_fault_31_servers_go_on_and_start_on_tables_that_a_newer_one_added_to(
    server_parents: list["subprocess.Popen[str]"], postgres_url: str, tmp_path: Path
) -> None:
    """The upgrade under load, one that is rolled back, and both beside each other: no call fails, no event is missed."""
    async with several(server_parents[:2], postgres_url) as (fleet, backends):
        await fleet.prepare(2)
        watchers = [Watcher(fleet.address, pause=0.05) for _ in range(2)]
        async with watching(*watchers), fleet.publishing(2):
            await fleet.recorder.more(8)
            await asyncio.to_thread(expand, postgres_url, "9998", tmp_path)
            await fleet.recorder.more(8)
            back = fleet.servers[1]
            backends.addresses.remove(back.address)
            assert await back.stop() == 0
            backends.addresses.append(await back.start())
            await fleet.recorder.more(8)
            newest = fleet.recorder.history.writes[-1].revision
            for watcher in watchers:
                await watcher.until(lambda watcher=watcher: watcher.reached >= newest)  # type: ignore[misc]
        for number, watcher in enumerate(watchers):
            fleet.recorder.watched(f"watcher {number}", watcher)
        recorded = await fleet.recorder.close(postgres_url)
    assert verdict(recorded) == []


def test_fault_31_tables_that_took_something_away_are_refused_with_what_to_do(
    database_url: str, tmp_path: Path
) -> None:
    """9998.9000: whoever is older than 9000 misses what was taken away."""
    open_store(database_url).close()
    expand(database_url, "9998.9000", tmp_path)
    with pytest.raises(Precondition, match="run the one that made them, or one of 9000 or later") as refused:
        open_store(database_url)
    assert (refused.value.reason, refused.value.metadata["found"]) == ("STORE_OUTDATED", "9998.9000")


def scripts() -> Iterator[tuple[str, str]]:
    """Version and phase of each migration, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(migrate._HERE))
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        yield script.revision, script.module.phase


def test_fault_31_a_version_says_which_programs_can_use_it() -> None:
    least = ""
    for version, phase in scripts():
        assert phase in {"expand", "contract"}
        assert re.fullmatch(r"\d{4}(\.\d{4})?", version), version
        number, _, told = version.partition(".")
        least = number if phase == "contract" else least
        assert told == least, f"{version} must name {least or 'nothing'}"


async def test_fault_31_what_a_newer_program_said_survives_an_older_one(settings: Settings) -> None:
    """A field that this program does not know is kept through an update, in the ledger and on Watch."""
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        known = await api.offer("o0")

        def newer(batch: object) -> Offering:
            offering = Offering.FromString(known.SerializeToString() + UNKNOWN)
            batch.put(offering, "updated")  # type: ignore[attr-defined]
            return offering

        await registry.store.write(Command(run=newer))
        recorder = Recorder()
        revision = await recorder.describe(api, "o0", 1)
        await recorder.read(api, "o0", revision)
        seen = (await take(api.feed.Watch(WatchRequest(start_revision=revision)), 1))[0]
    recorded = await recorder.close(settings.url())
    assert UNKNOWN in recorded.writes[0].document
    assert UNKNOWN in document_of(seen)
    assert verdict(recorded) == []


@pytest.mark.parametrize("version", golden.versions())
async def test_fault_31_what_was_recorded_is_read_to_the_byte(version: str, tmp_path: Path) -> None:
    """Ledger, Kafka record and Watch of a store of that version; and it can be written to."""
    settings = Settings(data=golden.unpacked(version, tmp_path / "data"), grpc_address="127.0.0.1:0", web_address="")
    told = golden.feed(version)
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        seen = await take(api.feed.Watch(WatchRequest(start_revision=1)), len(told))
        await api.publish(version="1.2.0")
        changes = list(await history(registry.store))
    assert list(golden.lines(seen)) == told
    assert list(golden.lines(changes[: len(told)])) == told
    assert len(changes) > len(told)
    store = open_store(settings.url())
    assert ledger.verify(store._read_engine).problem == ""
    store.close()


def test_fault_31_the_present_version_has_been_recorded() -> None:
    """A new version of the tables comes with a golden store of its own: `python -m tests.faults.golden`."""
    assert migrate.newest() in golden.versions()
