"""The runbooks of the store: the database is down, the disk is full, all is lost but the backup."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.components.disk import filled, small_disk
from tests.components.postgres import own_postgres
from tests.integration.runbooks.conftest import Boot

SECONDS, MEBIBYTES, MANY = 30, 8, 300


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def ready(web: str) -> int:
    """What the registry says of itself."""
    return httpx.get(f"{web}/health/ready", timeout=10).status_code


def many(folder: Path) -> Path:
    """More than fits on what is left of the disk."""
    text = """apiVersion: gemensam/v1
kind: Offering
metadata: {{name: offerings/more-{0}}}
spec: {{provider: organisations/a, title: {{sv: Mer}}, description: {{sv: "{1}"}}}}
"""
    folder.mkdir()
    (folder / "many.yaml").write_text("---\n".join(text.format(number, "x" * 4000) for number in range(MANY)))
    return folder


def test_the_database_is_down(boot: Boot) -> None:
    with own_postgres() as postgres:
        machine = boot(GEMENSAM_DATABASE_URL=postgres.url)
        assert machine.server("apply", machine.definitions).code == 0
        book = machine.book("database-down")
        web = book.environment["WEB"]
        postgres.crash()
        until(lambda: ready(web) != 200)
        alive = book.follow("While it lasts")[0]
        assert alive.out.strip() == "200"
        postgres.start()
        book.follow("Once it answers")
        verified, _, tail = book.follow("Over when")
        assert "The chain holds: 6 entries" in verified.out
        assert "offerings/permits" in tail.out
        assert book.left() == []
        machine.unit("stop")


def test_the_disk_is_full(boot: Boot, tmp_path: Path) -> None:
    more = many(tmp_path / "more")
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        machine = boot(disk / "data")
        assert machine.server("apply", machine.definitions).code == 0
        book = machine.book("disk-full", DEFINITIONS=str(more))
        with filled(disk, 0):
            refused = machine.server("apply", more)
            assert (refused.code, "STORE_FULL" in refused.err) == (1, True), refused
            listed = book.follow("While it lasts")[1]
            assert "gemensam.db-wal" in listed.out
        book.follow("Once there is room")
        _, verified = book.follow("Over when")
        assert f"The chain holds: {6 + MANY} entries" in verified.out
        assert book.left() == []
        machine.unit("stop")


def test_all_is_lost_but_the_backup(boot: Boot) -> None:
    machine = boot()
    assert machine.server("apply", machine.definitions).code == 0
    book = machine.book("restore")
    book.follow("Each day, so that it can be done")
    with sqlite3.connect(machine.data / "gemensam.db") as database:
        database.execute("UPDATE changes SET actor = 'x' WHERE revision = 4")
    database.close()
    (damage,) = book.follow("Look first")
    assert "broken at revision 4" in damage.err
    book.follow("Restore")
    _, continued, applied = book.follow("Over when")
    assert "Nothing of the first 6 entries was altered" in continued.out
    assert applied.code == 0
    assert machine.data.with_name("data.old").is_dir()
    assert book.left() == []
