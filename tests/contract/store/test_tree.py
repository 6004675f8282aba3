"""The tree over the ledger: the same whoever lets it grow and when, through compaction, backup and alteration."""

import asyncio
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from registry.errors import Gone, Precondition
from registry.evidence import merkle
from registry.evidence.checkpoints import Checkpoint
from registry.store import ledger, tree
from registry.store.audit import Rewritten, audit
from registry.store.backup import backup, restore
from registry.store.sqlstore import SqlStore, open_store

from .conftest import body, put

COUNT = 600  # more than two tiles


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Some hundred entries, of which the tree knows nothing yet."""
    await write(store, COUNT)
    return store


async def write(store: SqlStore, count: int, key: str = "b") -> None:
    await asyncio.gather(*(store.write(put(body(f"{key}{number}"))) for number in range(count)))


async def root(store: SqlStore, size: int = 0) -> bytes:
    return await store.prove(lambda _, leaves: merkle.root(leaves.node, size or leaves.size))


async def checkpoint(store: SqlStore) -> Checkpoint:
    head = store.head_revision
    return Checkpoint("registry.example", head, await root(store, head), "g")


async def hashes(store: SqlStore) -> list[bytes]:
    """The leaves as the ledger's entries give them."""
    changes = await store.read(lambda view: view.changes(view.head().floor, 10_000))
    return [merkle.leaf_hash(bytes.fromhex(each.hash)) for each in changes]


def by_hand(leaves: list[bytes]) -> bytes:
    growing = merkle.Growing()
    for each in leaves:
        growing.add(each)
    return growing.root()


async def test_the_root_is_that_of_all_entry_hashes(filled: SqlStore) -> None:
    leaves = await hashes(filled)
    assert len(leaves) == COUNT
    assert await root(filled) == by_hand(leaves)
    for size in (1, 255, 256, 257, 511, 512, 513):
        assert await root(filled, size) == by_hand(leaves[:size])


async def test_it_does_not_matter_when_it_grew(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "AT_ONCE", 7)
    chance = random.Random(4)  # noqa: S311 - sizes of groups, no secret
    while store.head_revision < COUNT:
        await write(store, chance.randint(1, 90), f"r{store.head_revision}-")
        assert await root(store) == by_hand(await hashes(store))


async def test_every_entry_is_proven_and_every_older_size_is_consistent(filled: SqlStore) -> None:
    leaves, top = await hashes(filled), await root(filled)

    def prove(_view: Any, kept: Any) -> None:
        for index in range(0, COUNT, 37):
            proof = merkle.inclusion(kept.node, index, COUNT)
            assert merkle.is_included(leaves[index], index, COUNT, proof, top)
            old = index + 1
            proof = merkle.consistency(kept.node, old, COUNT)
            assert merkle.is_consistent(old, COUNT, by_hand(leaves[:old]), top, proof)

    await filled.prove(prove)


async def test_several_servers_let_it_grow_at_once(filled: SqlStore, database_url: str) -> None:
    others = [open_store(database_url) for _ in range(2)]
    stores = [filled, *others]

    async def both(each: SqlStore, number: int) -> bytes:
        await write(each, 20, f"s{number}-")
        return await root(each, COUNT)

    found = await asyncio.gather(*(both(each, number) for number, each in enumerate(stores)))
    assert set(found) == {by_hand((await hashes(filled))[:COUNT])}
    assert await root(others[0], COUNT + 60) == by_hand(await hashes(filled))
    for each in others:
        each.close()


async def test_who_lets_it_grow_waits_for_another_that_does(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(store, 250)
    await root(store)
    await write(store, 20, "next")
    append, reached, go = tree._append, threading.Event(), threading.Event()

    def paused(*args: Any) -> list[bytes]:
        monkeypatch.setattr(tree, "_append", append)
        reached.set()
        assert go.wait(30)
        return append(*args)

    def extend(most: int) -> int:
        with store._write_engine.begin() as connection:
            return tree.extend(connection, most)

    monkeypatch.setattr(tree, "_append", paused)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(extend, 20)
        assert await asyncio.to_thread(reached.wait, 30)
        second = pool.submit(extend, 5)
        await blocked(store, second)
        go.set()
        assert (first.result(timeout=30), second.result(timeout=30)) == (20, 0)
    assert await root(store) == by_hand(await hashes(store))


async def blocked(store: SqlStore, work: Future[int]) -> None:
    """Until it waits for a lock, or is done; SQLite has but one lock, and nobody begins without it."""
    if store._write_engine.dialect.name == "sqlite":
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(30):
        while not work.done() and not await asyncio.to_thread(_scalar, store, waiting):
            await asyncio.sleep(0.02)


def _scalar(store: SqlStore, query: TextClause) -> Any:
    with store._read_engine.connect() as connection:
        return connection.execute(query).scalar_one()


async def test_what_is_dropped_is_still_proven(filled: SqlStore) -> None:
    leaves = await hashes(filled)
    ledger.compact(filled._write_engine, 400)  # nobody had asked for a proof before
    await write(filled, 10, "later")
    leaves = [*leaves[:399], *await hashes(filled)]
    assert (len(leaves), await root(filled)) == (COUNT + 10, by_hand(leaves))
    saved = await checkpoint(filled)
    ledger.compact(filled._write_engine, COUNT + 11)
    assert audit(filled._read_engine, [saved]) is None
    proof = await filled.prove(lambda _, kept: merkle.inclusion(kept.node, 3, kept.size))
    assert merkle.is_included(leaves[3], 3, COUNT + 10, proof, saved.root)


async def test_entries_dropped_before_there_was_a_tree_are_told(filled: SqlStore) -> None:
    with filled._write_engine.begin() as connection:
        connection.execute(text("DELETE FROM changes WHERE revision < 5"))
        connection.execute(text("UPDATE head SET floor = 5"))
    with pytest.raises(Gone, match="before revision 5"):
        await root(filled)
    with pytest.raises(Gone, match="before revision 5"):
        audit(filled._read_engine)


async def test_a_restored_store_has_the_same_tree(filled: SqlStore, tmp_path: Path) -> None:
    saved = await checkpoint(filled)
    ledger.compact(filled._write_engine, 300)
    url = filled._write_engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    backup(url, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    restored = open_store(f"sqlite:///{tmp_path}/new.db")
    await write(restored, 5, "new")
    assert await root(restored, saved.size) == saved.root
    assert audit(restored._read_engine, [saved]) is None
    restored.close()


async def test_a_missing_entry_stops_the_tree(filled: SqlStore) -> None:
    with filled._write_engine.begin() as connection:
        connection.execute(text("DELETE FROM changes WHERE revision = 40"))
    with pytest.raises(Precondition, match="revision 40"):
        await root(filled)


async def test_kept_hashes_that_were_altered_prove_nothing(filled: SqlStore) -> None:
    await root(filled)
    with filled._write_engine.begin() as connection:
        tile = connection.execute(text("SELECT hashes FROM tree WHERE level = 0 AND place = 2")).scalar_one()
        connection.execute(text("UPDATE tree SET hashes = :short WHERE level = 0 AND place = 2"), {"short": tile[:64]})
    with pytest.raises(Precondition, match="lacks hashes"):
        await root(filled)
    await write(filled, 1, "next")
    with pytest.raises(Precondition, match="other hashes"):
        await root(filled)
    assert audit(filled._read_engine) is None  # what is left of it agrees


async def test_an_audit_without_checkpoints_compares_with_what_was_kept(filled: SqlStore) -> None:
    assert audit(filled._read_engine) is None
    await root(filled)
    assert audit(filled._read_engine) is None
    with filled._write_engine.begin() as connection:
        connection.execute(text("UPDATE changes SET hash = previous_hash WHERE revision = 300"))
    assert audit(filled._read_engine) == Rewritten(300, 300, 0)
