"""What the store remembers is never older than what another process wrote."""

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message

from registry.api.v1.organisation_pb2 import Organisation
from registry.store import Batch, Command
from registry.store.recent import BYTES, Recent
from registry.store.sqlstore import SqlStore, open_store
from tests.contract.store.conftest import body, put


@pytest.fixture
def other(store: SqlStore) -> Iterator[SqlStore]:
    """Another process on the same database."""
    opened = open_store(store._write_engine.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    yield opened
    opened.close()


def seen(name: str) -> Command:
    """A command that answers what it sees of a name."""

    def run(batch: Batch) -> Message:
        return batch.get(Organisation, name) or Organisation()

    return Command(run=run, reads=[name])


async def test_a_command_sees_what_another_process_wrote(store: SqlStore, other: SqlStore) -> None:
    await store.write(put(body("a", "here")))
    await other.write(put(body("a", "there")))
    assert (await store.write(seen("organisations/a"))).answer.title.sv == "there"
    await store.write(put(body("a", "here again")))
    assert (await other.write(seen("organisations/a"))).answer.title.sv == "here again"


async def test_a_command_sees_that_another_process_created_what_was_not_there(store: SqlStore, other: SqlStore) -> None:
    assert not (await store.write(seen("organisations/a"))).answer.name
    await other.write(put(body("a")))
    assert (await store.write(seen("organisations/a"))).answer.name == "organisations/a"


async def test_a_command_sees_what_its_own_process_wrote_and_what_a_refused_one_did_not(store: SqlStore) -> None:
    await store.write(put(body("a", "first")))

    def refuse(batch: Batch) -> Message:
        batch.put(body("a", "refused"), "updated")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(Command(run=refuse))
    assert (await store.write(seen("organisations/a"))).answer.title.sv == "first"


async def test_the_newest_entries_are_those_of_the_table(store: SqlStore) -> None:
    for key in "abc":
        await store.write(put(body(key), body(f"{key}2")))
    written = await store.read(lambda view: view.changes(1, 10))
    found = [change for start in (1, 3, 5) for change in store.newest(start)]
    assert found == written
    assert list(store.newest(4)) == written[3:4]
    assert not store.newest(7)


async def test_entries_of_another_process_are_not_among_the_newest(store: SqlStore, other: SqlStore) -> None:
    await store.write(put(body("a")))
    await other.write(put(body("b")))
    await store.write(put(body("c")))
    assert [change.name for change in store.newest(1)] == ["organisations/a"]
    assert not store.newest(2)
    assert [change.name for change in store.newest(3)] == ["organisations/c"]


def test_old_entries_give_way_by_their_bytes() -> None:
    recent = Recent()
    for revision in range(1, 5):
        recent.add("g", [{"revision": revision, "document": bytes(BYTES // 2)}])
    assert [commit.first for commit in recent._commits] == [3, 4]
