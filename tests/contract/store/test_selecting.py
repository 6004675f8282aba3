"""A command that selects sees the stored and the staged as one: by kind, parent and filter, without what was taken back."""

import asyncio

from google.protobuf.message import Message

from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.system_pb2 import System
from registry.domain import filter as filters
from registry.errors import Conflict
from registry.store import Batch, Command
from registry.store.sqlstore import SqlStore
from tests.contract.store.conftest import body, put

PARENTS = ("", "organisations/-", "organisations/a", "organisations/b")


def system(parent: str, key: str, environment: int) -> System:
    return System(name=f"organisations/{parent}/systems/{key}", environment=environment)  # type: ignore[arg-type]


def selected(batch: Batch) -> dict[tuple[str, str], list[str]]:
    """Keys of the systems by parent and filter."""
    found = {}
    for text in ("", "environment = TEST", 'name = "organisations/b/systems/s1"'):
        for parent in PARENTS:
            systems = batch.select(System, filters.parse(text), parent=parent)
            found[parent, text] = [each.name[len("organisations/") :].replace("/systems/", ":") for each in systems]
    return found


async def test_staged_stored_deleted_and_taken_back(store: SqlStore) -> None:
    stored = [system("a", "s1", 2), system("a", "s2", 3), system("b", "s1", 2), system("b", "s2", 2)]
    await store.write(put(body("a"), body("b"), *stored))
    seen: list[dict[tuple[str, str], list[str]]] = []

    def look(batch: Batch) -> Message:
        seen.append(selected(batch))
        return Organisation()

    def change(batch: Batch) -> Message:
        batch.put(system("a", "s1", 3), "updated")
        batch.put(system("a", "s3", 2), "created")
        batch.delete(system("b", "s2", 2))
        batch.put(body("c"), "created")
        return look(batch)

    def refused(batch: Batch) -> Message:
        change(batch)
        raise Conflict("ETAG_MISMATCH", "no")

    for run in (look, refused, look, change, look):
        try:
            await store.write(Command(run=run))
        except Conflict:
            continue
    before, inside, after_refusal, again, after = seen
    everywhere = ["a:s1", "a:s2", "b:s1", "b:s2"]
    assert (before["", ""], before["organisations/-", ""]) == (everywhere, everywhere)
    assert before["organisations/a", "environment = TEST"] == ["a:s1"]
    assert before["organisations/a", 'name = "organisations/b/systems/s1"'] == []
    assert inside["", ""] == ["a:s1", "a:s2", "a:s3", "b:s1"]
    assert inside["organisations/-", "environment = TEST"] == ["a:s3", "b:s1"]
    assert inside["organisations/a", "environment = TEST"] == ["a:s3"]
    assert inside["organisations/b", ""] == inside["", 'name = "organisations/b/systems/s1"'] == ["b:s1"]
    assert (after_refusal, again, after) == (before, inside, inside)


async def test_neighbours_in_one_group_see_each_other_and_not_the_refused(store: SqlStore) -> None:
    """What a refused command staged is taken back, also while others of the same commit go on."""

    def run(batch: Batch) -> Message:
        batch.put(system("a", "s1", 2), "created")
        assert selected(batch)["organisations/a", ""] == ["a:s1"]
        return Organisation()

    def refused(batch: Batch) -> Message:
        batch.put(system("a", "s2", 2), "created")
        raise Conflict("ETAG_MISMATCH", "no")

    def count(batch: Batch) -> Message:
        return body("count", title=",".join(selected(batch)["", ""]))

    writes = (store.write(Command(run=each)) for each in (run, refused, count))
    _, conflict, counted = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(conflict, Conflict)
    assert not isinstance(counted, BaseException)
    assert counted.answer.title.sv == "a:s1"  # type: ignore[attr-defined]
