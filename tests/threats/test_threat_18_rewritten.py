"""Threat 18: the registry, or who can write its database, rewrites the history, the chain and all."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text

from registry.evidence import checkpoints, merkle, notes
from registry.evidence.checkpoints import Checkpoint
from registry.store import ledger, tree
from registry.store.audit import Rewritten, audit
from registry.store.ledger import CHANGES, GENESIS, HEAD
from registry.store.sqlstore import SqlStore, open_store
from tests.contract.store.conftest import body, put

COUNT = 20
REGISTRY = notes.make("registry.example")


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """A store of either engine."""
    opened = open_store(database_url)
    yield opened
    opened.close()


async def fill(store: SqlStore, key: str = "b") -> None:
    await asyncio.gather(*(store.write(put(body(f"{key}{number}"))) for number in range(COUNT)))


async def signed(store: SqlStore) -> Checkpoint:
    """What the registry signs now, as an auditor keeps it."""

    def read(view: Any, leaves: Any) -> str:
        made = Checkpoint(REGISTRY.verifier.name, leaves.size, merkle.root(leaves.node, leaves.size), view.generation)
        return made.signed(REGISTRY)

    return checkpoints.checked(await store.prove(read), REGISTRY.verifier)


Rows = list[dict[str, Any]]


def altered(rows: Rows) -> None:
    rows[6]["actor"] = "somebody else"


def replaced(rows: Rows) -> None:
    rows[6]["document"] = rows[7]["document"]


def removed(rows: Rows) -> None:
    del rows[6]


def inserted(rows: Rows) -> None:
    rows.insert(6, {**rows[2], "actor": "nobody"})


def exchanged(rows: Rows) -> None:
    rows[6], rows[7] = rows[7], rows[6]


def rewrite(store: SqlStore, change: Callable[[Rows], None], *, tree_too: bool = False) -> None:
    """What an intruder does who knows the program: the rows, their numbers, the whole chain and the head."""
    with store._write_engine.begin() as connection:
        rows = [dict(row) for row in connection.execute(CHANGES.select().order_by(CHANGES.c.revision)).mappings()]
        change(rows)
        previous = GENESIS
        for revision, row in enumerate(rows, start=1):
            row |= {"revision": revision, "previous_hash": previous}
            previous = row["hash"] = ledger.entry_hash(row)
        connection.execute(CHANGES.delete())
        connection.execute(insert(CHANGES), rows)
        connection.execute(HEAD.update().values(revision=len(rows), hash=previous))
        if tree_too:
            _new_tree(connection)


def _new_tree(connection: Connection) -> None:
    connection.execute(tree.TREE.delete())
    connection.execute(text("DELETE FROM positions WHERE name = 'evidence'"))
    tree.extend(connection)


@pytest.mark.parametrize("change", [altered, replaced, removed, inserted, exchanged])
async def test_threat_18_an_auditor_with_an_old_checkpoint_names_the_entry(
    store: SqlStore, change: Callable[[Rows], None]
) -> None:
    await fill(store)
    old = await signed(store)
    await fill(store, "later")
    rewrite(store, change)
    assert ledger.verify(store._read_engine).problem == ""  # the chain says nothing: it was written anew
    assert audit(store._read_engine, [old]) == Rewritten(7, 7, COUNT)
    assert audit(store._read_engine) == Rewritten(7, 7, 0)  # and the hashes that were kept give it away too


@pytest.mark.parametrize("change", [altered, removed, inserted])
async def test_threat_18_with_the_tree_rewritten_too_checkpoints_say_between_which(
    store: SqlStore, change: Callable[[Rows], None]
) -> None:
    kept = []
    for number in range(0, 12, 4):
        await asyncio.gather(*(store.write(put(body(f"b{number + each}"))) for each in range(4)))
        kept.append(await signed(store))
    rewrite(store, change, tree_too=True)
    assert ledger.verify(store._read_engine).problem == ""
    assert audit(store._read_engine) is None  # nothing here can tell any more
    assert audit(store._read_engine, kept) == Rewritten(5, 8, 8)
    assert audit(store._read_engine, kept[1:]) == Rewritten(1, 8, 8)
    assert audit(store._read_engine, kept[:1]) is None  # what came before was left alone


async def test_threat_18_an_end_that_is_cut_off_is_named(store: SqlStore) -> None:
    await fill(store)
    old = await signed(store)

    def cut(rows: Rows) -> None:
        del rows[15:]

    rewrite(store, cut, tree_too=True)
    assert audit(store._read_engine, [old]) == Rewritten(16, 16, COUNT)


@pytest.mark.parametrize(
    ("statement", "revision"),
    [
        ("UPDATE changes SET actor = 'x' WHERE revision = 7", 7),
        ("DELETE FROM changes WHERE revision = 7", 7),
        ("UPDATE changes SET hash = previous_hash WHERE revision = 7", 7),
    ],
)
async def test_threat_18_without_the_chain_rewritten_the_chain_names_it(
    store: SqlStore, statement: str, revision: int
) -> None:
    await fill(store)
    with store._write_engine.begin() as connection:
        connection.execute(text(statement))
    assert ledger.verify(store._read_engine).revision == revision


async def test_threat_18_a_registry_cannot_prove_that_it_rewrote_nothing(store: SqlStore) -> None:
    await fill(store)
    old = await signed(store)
    rewrite(store, altered, tree_too=True)
    await fill(store, "later")
    new = await signed(store)
    proof = await store.prove(lambda _, leaves: merkle.consistency(leaves.node, old.size, new.size))
    assert not merkle.is_consistent(old.size, new.size, old.root, new.root, proof)


async def test_threat_18_two_checkpoints_of_one_size_prove_two_histories(store: SqlStore) -> None:
    await fill(store)
    one = await signed(store)
    rewrite(store, altered, tree_too=True)
    other = await signed(store)
    assert (one.origin, one.size, one.generation) == (other.origin, other.size, other.generation)
    assert one.root != other.root  # both signed by its key, as `signed` has checked
