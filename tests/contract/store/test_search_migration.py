"""Search in a store of before, in a copy of a store, and where SQLite has no FTS5."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect, table, text
from sqlalchemy.sql import column

from registry.errors import Precondition
from registry.store import Search, dialects, migrate
from registry.store.backup import backup, restore
from registry.store.batch import row_of
from registry.store.dialects import make_engine
from registry.store.kinds import BY_MESSAGE
from registry.store.sqlstore import SqlStore, open_store

from .conftest import body, put
from .test_search import capability, offering, told

BEFORE = "0003"


def _kept(connection: Connection, message: Any, revision: int) -> None:
    """A row as a program from before the first release wrote it, with the words that it kept."""
    message.revision = revision
    kind = BY_MESSAGE[type(message)]
    row = row_of(kind, message, message.SerializeToString())
    row |= {"words": " x"} if kind.noun == "offering" else {}
    connection.execute(insert(table(kind.table.name, *map(column, row))), row)


async def test_what_is_there_is_filed_when_the_tables_come_up_to_date(bare_url: str) -> None:
    engine = make_engine(bare_url, writer=True)
    migrate.upgrade(engine, BEFORE)
    several = [offering(f"more-{number:03}", "Simhall") for number in range(501)]
    there = [body("a", "Sundsvall"), capability("lov", "Granskning"), offering("permits", "Bygglov"), *several]
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE offerings ADD COLUMN words TEXT NOT NULL DEFAULT ''"))
        for revision, message in enumerate(there, 1):
            _kept(connection, message, revision)
        connection.execute(text("UPDATE head SET revision = :newest"), {"newest": len(there)})
    engine.dispose()
    store = open_store(bare_url)
    try:
        assert await told(store, "bygglovet sundsvall") == "permits"
        assert len((await store.read(lambda view: view.search(Search("simhall", page_size=1000)))).documents) == 501
        assert "words" not in {each["name"] for each in inspect(store._read_engine).get_columns("offerings")}
        await store.write(put(offering("permits", "Rivningslov", capabilities=["capabilities/lov"])))
        assert await told(store, "granskning") == "permits"
        assert await told(store, "bygglovet") == ""
    finally:
        store.close()


async def test_a_restored_backup_can_be_searched(store: SqlStore, tmp_path: Path) -> None:
    await store.write(put(body("a", "Sundsvall"), offering("permits", "Bygglov"), offering("school", "Skolval")))
    await store.write(put(offering("school", "Skolskjuts")))
    url = store._write_engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    backup(url, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    copy = open_store(f"sqlite:///{tmp_path}/new.db")
    try:
        for text_, expected in (("byglov", "permits"), ("skolval", ""), ("sundsvall skolskjutsen", "school")):
            assert await told(copy, text_) == await told(store, text_) == expected
        await copy.write(put(offering("permits", "Marklov")))
        assert await told(copy, "bygglov") == ""
    finally:
        copy.close()


async def test_the_index_says_what_the_texts_say(store: SqlStore) -> None:
    """Also after changes and deletions: SQLite's own check compares it with the rows that it was made from."""
    for title in ("Bygglov", "Marklov", "Bygglov"):
        await store.write(put(body("a", title), offering("permits", title, "i Sundsvall")))
    with store._write_engine.begin() as connection:
        if dialects.is_sqlite(store._write_engine):
            connection.execute(text("INSERT INTO texts_index (texts_index, rank) VALUES ('integrity-check', 1)"))
        else:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            query = "SELECT name FROM texts WHERE array_to_tsvector(string_to_array(texts.words, ' ')) @@ 'bygglov'::tsquery"
            plan = " ".join(connection.execute(text(f"EXPLAIN {query}")).scalars())
            assert "texts_index" in plan


def test_an_sqlite_without_fts5_is_refused_with_what_to_do(
    bare_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "FTS5", "ENABLE_NOTHING_OF_THE_KIND")
    with pytest.raises(Precondition, match="another build of Python, or PostgreSQL") as refused:
        open_store(bare_sqlite_url)
    assert refused.value.reason == "EXTRA_MISSING"
