"""Commands on the store itself: the chain, backups, migrations."""

import sqlite3
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Start
from tests.integration.cli.program import Done, Server, gemensam

STATEMENTS = [
    ("UPDATE changes SET actor = 'x' WHERE revision = 4", "4: altered"),
    ("DELETE FROM changes WHERE revision = 3", "3: removed"),
    ("INSERT INTO changes SELECT 7, {0} FROM changes WHERE revision = 2", "7: inserted"),
]
COLUMNS = (
    "batch_end_revision, time_us, event_type, kind, name, document, etag, actor, on_behalf_of, request_id,"
    " traceparent, previous_hash, hash"
)


def store(data: Path, *args: str | Path) -> Done:
    """Run a command on the store in a folder."""
    return gemensam(*args, "--data", data)


def test_the_chain_holds_while_the_registry_serves(filled: Server) -> None:
    done = store(filled.data, "ledger", "verify")
    assert (done.code, done.out) == (0, "The chain holds: 6 entries, revision 1 to 6.\n")
    assert store(filled.data, "ledger", "verify", "--json").lines() == [{"checked": 6, "floor": 1, "head": 6}]


@pytest.mark.parametrize(("statement", "words"), STATEMENTS)
def test_the_first_bad_row_is_named(kept: Path, statement: str, words: str) -> None:
    with sqlite3.connect(kept / "gemensam.db") as database:
        database.execute(statement.format(COLUMNS))
    done = store(kept, "ledger", "verify")
    assert (done.code, done.out) == (1, "")
    assert f"Error: The ledger is broken at revision {words}" in done.err
    assert "STORE_DAMAGED" in done.err
    error = store(kept, "ledger", "verify", "--json").error()
    assert error["metadata"]["revision"] == words.partition(":")[0]


def test_a_restored_backup_serves_the_same_under_a_new_generation(filled: Server, start: Start, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert store(filled.data, "backup", copy).out == f"{copy} holds everything up to revision 6.\n"
    twice = store(filled.data, "backup", copy)
    assert (twice.code, "RESOURCE_ALREADY_EXISTS" in twice.err) == (1, True)
    old = filled("ledger", "tail", "--json").lines()
    done = store(tmp_path / "restored", "restore", copy)
    assert done.code == 0
    generation = done.out.split()[-1].rstrip(".")
    restored = start("restored")
    new = restored("ledger", "tail", "--json").lines()
    assert {change["generation"] for change in new} == {generation}
    assert generation != old[0]["generation"]
    assert [change["hash"] for change in new] == [change["hash"] for change in old]
    assert store(restored.data, "ledger", "verify").code == 0
    full = store(restored.data, "restore", copy)
    assert (full.code, "STORE_NOT_EMPTY" in full.err) == (1, True)


def test_a_backup_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, however long it is" * 100)
    for name in ("none", "text"):
        done = store(tmp_path / "data", "restore", tmp_path / name)
        assert (done.code, done.out) == (1, "")
        assert "remedy" in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [["ledger", "verify"], ["backup", "copy.db"], ["migrate", "--check"]])
def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, command: list[str]) -> None:
    done = store(tmp_path / "none", *command)
    assert (done.code, "There is no store in the folder" in done.err) == (1, True)
    assert not (tmp_path / "none").exists()


def test_tables_are_brought_up_to_date(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert store(data, "migrate").code == 0
    assert store(data, "migrate", "--check").code == 0
    with sqlite3.connect(data / "gemensam.db") as database:
        database.execute("DELETE FROM alembic_version")
    older = store(data, "migrate", "--check")
    assert (older.code, "STORE_OUTDATED" in older.err, "gemensam migrate" in older.err) == (1, True, True)


def test_the_same_on_postgresql(bare_postgres_url: str, tmp_path: Path) -> None:
    url = ("--database-url", bare_postgres_url)
    assert gemensam("migrate", "--check", *url).code == 1
    assert gemensam("migrate", *url).code == 0
    assert gemensam("ledger", "verify", *url).out.startswith("The chain holds: 0 entries")
    assert gemensam("backup", tmp_path / "copy.db", *url).code == 0
    assert store(tmp_path / "data", "restore", tmp_path / "copy.db").code == 0
