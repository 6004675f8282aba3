"""The chain shows every alteration; backups and leases; migrations."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from registry.errors import AlreadyExists, Invalid, NotFound, Precondition, Unavailable
from registry.store import Batch, Command, ledger, migrate
from registry.store.backup import backup, restore
from registry.store.sqlstore import SqlStore, open_store

from .conftest import body, put


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Ten entries."""
    for number in range(10):
        await store.write(put(body(f"b{number}")))
    return store


def sql(store: SqlStore, *statements: str) -> ledger.Report:
    """What an intruder does, then what the verifier says."""
    with store._write_engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return ledger.verify(store._read_engine)


COPY = "INSERT INTO changes SELECT {0} FROM changes WHERE revision = 4"
COLUMNS = (
    "batch_end_revision, time_us, event_type, kind, name, document, etag, actor, on_behalf_of, request_id,"
    " traceparent, previous_hash, hash"
)


@pytest.mark.parametrize(
    ("statements", "revision", "problem"),
    [
        ([], 0, ""),
        (["UPDATE changes SET actor = 'x' WHERE revision = 4"], 4, "altered"),
        (["UPDATE changes SET time_us = time_us + 1 WHERE revision = 1"], 1, "altered"),
        (
            ["UPDATE changes SET document = (SELECT document FROM changes WHERE revision = 5) WHERE revision = 4"],
            4,
            "altered",
        ),
        (["DELETE FROM changes WHERE revision = 4"], 4, "removed"),
        (["DELETE FROM changes WHERE revision = 1"], 1, "removed"),
        (["DELETE FROM changes WHERE revision = 10"], 10, "removed"),
        ([f"INSERT INTO changes SELECT 11, {COLUMNS} FROM changes WHERE revision = 4"], 11, "inserted"),
        ([f"INSERT INTO changes SELECT 0, {COLUMNS} FROM changes WHERE revision = 4"], 0, "inserted"),
        (["UPDATE head SET revision = 9"], 10, "inserted"),
        (["UPDATE head SET hash = floor_hash"], 10, "altered"),
    ],
)
async def test_verify_names_the_first_bad_row(
    filled: SqlStore, statements: list[str], revision: int, problem: str
) -> None:
    report = sql(filled, *statements)
    assert report.revision == revision
    assert report.problem.startswith(problem)
    assert bool(report.problem) is bool(problem)


async def test_the_chain_goes_on_after_compaction(filled: SqlStore) -> None:
    assert ledger.compact(filled._write_engine, 6) == 5
    await filled.write(put(body("later")))
    report = ledger.verify(filled._read_engine)
    assert (report.problem, report.floor, report.checked) == ("", 6, 6)
    assert ledger.compact(filled._write_engine, 12) == 6
    assert ledger.verify(filled._read_engine).problem == ""
    with pytest.raises(Invalid):
        ledger.compact(filled._write_engine, 14)


async def test_a_restored_backup_is_whole_and_of_a_new_generation(filled: SqlStore, tmp_path: Path) -> None:
    before = await filled.read(lambda view: view.head())
    url = filled._write_engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    assert backup(url, tmp_path / "copy.db") == 10
    with pytest.raises(AlreadyExists):
        backup(url, tmp_path / "copy.db")
    revision, generation = restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    restored = open_store(f"sqlite:///{tmp_path}/new.db")
    after = await restored.read(lambda view: view.head())
    old, new = [await each.read(lambda view: view.get("organisations/b3")) for each in (filled, restored)]
    restored.close()
    assert (after.revision, after.hash, revision) == (before.revision, before.hash, 10)
    assert after.generation == generation != before.generation
    assert old == new is not None
    with pytest.raises(Precondition, match="10 entries"):
        restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(NotFound):
        restore(tmp_path / "none.db", f"sqlite:///{tmp_path}/other.db")


async def test_a_lease_has_one_owner_and_a_former_one_cannot_commit(store: SqlStore) -> None:
    first = await store.lease("reader", "one", 60)
    assert first is not None
    assert await store.lease("reader", "two", 60) is None

    def advance(batch: Batch) -> object:
        message = body("effect")
        batch.put(message, "created")
        batch.advance("reader", first.epoch, 7)
        return message

    await store.write(Command(run=advance))  # type: ignore[arg-type]
    await store.lease("reader", "one", -1)  # it expires
    second = await store.lease("reader", "two", 60)
    assert second is not None
    assert (second.epoch, second.revision) == (first.epoch + 1, 7)
    with pytest.raises(Unavailable):
        await store.write(Command(run=advance))  # type: ignore[arg-type]
    assert store.head_revision == 1


def known_to_sqlalchemy(name: str | None, _kind: str, _parents: object) -> bool:
    """Not the engine's index of `texts`, which SQLAlchemy cannot describe; `test_search_migration.py` looks at that."""
    return not (name or "").startswith("texts_index")


async def test_tables_are_what_the_migrations_make(store: SqlStore) -> None:
    with store._read_engine.connect() as connection:
        opts = {"compare_type": True, "include_name": known_to_sqlalchemy}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []
    assert migrate.current(store._read_engine) == migrate.newest()


def test_a_store_without_tables_is_refused_when_not_to_be_migrated(bare_url: str) -> None:
    with pytest.raises(Precondition, match="gemensam migrate"):
        open_store(bare_url, migrate=False)


async def test_two_processes_on_one_store_share_one_order(store: SqlStore, database_url: str) -> None:
    other = open_store(database_url)
    writes = [
        each.write(put(body(f"b{number}-{side}"))) for number in range(50) for side, each in enumerate((store, other))
    ]
    done = await asyncio.gather(*writes)
    assert sorted(each.revision for each in done) == list(range(1, 101))
    assert await store.committed(99, timeout=30) == 100
    other.close()
    assert ledger.verify(store._read_engine).problem == ""
