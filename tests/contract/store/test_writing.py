"""What every engine promises of a write."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from registry.api.v1.organisation_pb2 import Organisation
from registry.errors import Conflict, Precondition
from registry.store import Batch, Command, Query
from registry.store.kinds import KINDS
from registry.store.sqlstore import SqlStore

from .conftest import body, put


async def test_revisions_are_gap_free_and_answers_carry_their_token(store: SqlStore) -> None:
    done = await asyncio.gather(*(store.write(put(body(f"b{number}"))) for number in range(200)))
    assert sorted(each.revision for each in done) == list(range(1, 201))
    changes = await store.read(lambda view: view.changes(1, 1000))
    assert [change.revision for change in changes] == list(range(1, 201))
    assert {each.generation for each in done} == {changes[0].generation}
    assert all(each.answer.revision == each.revision for each in done)  # type: ignore[attr-defined]


async def test_a_change_holds_the_whole_command(store: SqlStore) -> None:
    await store.write(put(body("a"), request_id="r-1"))
    (change,) = await store.read(lambda view: view.changes(1, 10))
    assert change.event_type == "se.gemensam.registry.organisation.created.v1"
    assert change.resource.organisation.title.sv == "Kommunen"
    assert (change.actor, change.request_id, change.kind) == ("tester", "r-1", "organisation")
    assert change.traceparent.startswith("00-abab")
    assert change.etag == change.resource.organisation.etag
    assert change.batch_end_revision == 1


async def test_a_refused_command_does_not_hurt_its_neighbours(store: SqlStore) -> None:
    def refuse(batch: Batch) -> Organisation:
        batch.put(body("half"), "created")
        raise Precondition("STATE_TRANSITION_ILLEGAL", "no")

    commands = [put(body("a")), Command(run=refuse), put(body("b"))]
    done = await asyncio.gather(*map(store.write, commands), return_exceptions=True)
    assert isinstance(done[1], Precondition)
    assert [each.revision for each in (done[0], done[2])] == [1, 2]  # type: ignore[union-attr]
    assert await store.read(lambda view: view.get("organisations/half")) is None


async def test_a_failing_flush_costs_only_its_own_command(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    table = KINDS["organisation"]
    honest = table.columns

    def columns(message: Organisation) -> dict[str, object]:
        return {**honest(message), "kind": None} if message.name.endswith("/bad") else honest(message)

    object.__setattr__(table, "columns", columns)
    monkeypatch.setattr("registry.store.batch.BY_MESSAGE", {Organisation: table})
    try:
        commands = [put(body("a")), put(body("bad")), put(body("b"))]
        done = await asyncio.gather(*map(store.write, commands), return_exceptions=True)
    finally:
        object.__setattr__(table, "columns", honest)
    assert isinstance(done[1], Exception)
    assert not isinstance(done[1], IntegrityError)
    assert sorted(each.revision for each in (done[0], done[2])) == [1, 2]  # type: ignore[union-attr]


async def test_the_same_request_id_answers_the_same_and_changes_nothing(store: SqlStore) -> None:
    first = await store.write(put(body("a"), request_id="r-1"))
    again = await store.write(put(body("a"), request_id="r-1"))
    assert again.replayed
    assert again.answer == first.answer
    assert again.revision == first.revision == store.head_revision


async def test_the_same_request_id_twice_in_one_batch_is_one_change(store: SqlStore) -> None:
    done = await asyncio.gather(*(store.write(put(body("a"), request_id="r-1")) for _ in range(20)))
    assert {each.revision for each in done} == {1}
    assert store.head_revision == 1


async def test_a_request_id_with_another_request_is_refused(store: SqlStore) -> None:
    await store.write(put(body("a"), request_id="r-1"))
    with pytest.raises(Conflict) as refused:
        await store.write(put(body("b"), request_id="r-1"))
    assert refused.value.reason == "REQUEST_ID_REUSED"
    other = await store.write(put(body("b"), request_id="r-1", actor="somebody-else"))
    assert other.revision == 2


async def test_a_dry_run_answers_and_keeps_nothing(store: SqlStore) -> None:
    done = await store.write(put(body("a"), request_id="r-1", dry_run=True))
    assert done.answer.name == "organisations/a"  # type: ignore[attr-defined]
    assert store.head_revision == 0
    real = await store.write(put(body("a"), request_id="r-1"))
    assert (real.revision, real.replayed) == (1, False)


async def test_a_batch_of_one_command_ends_at_its_last_revision(store: SqlStore) -> None:
    await store.write(put(body("a"), body("b"), body("c")))
    changes = await store.read(lambda view: view.changes(1, 10))
    assert [change.batch_end_revision for change in changes] == [3, 3, 3]


async def test_a_command_sees_what_its_batch_staged(store: SqlStore) -> None:
    def read_all(batch: Batch) -> Organisation:
        found = batch.select(Organisation, None)
        return body("count", title=f"{len(found)}")

    done = await asyncio.gather(store.write(put(body("a"))), store.write(Command(run=read_all)))
    assert done[1].answer.title.sv == "1"  # type: ignore[attr-defined]


async def test_a_deleted_resource_is_gone_and_its_last_state_is_in_the_ledger(store: SqlStore) -> None:
    await store.write(put(body("a")))

    def delete(batch: Batch) -> Organisation:
        message = batch.get(Organisation, "organisations/a")
        assert message is not None
        batch.delete(message)
        return message

    await store.write(Command(run=delete))
    assert await store.read(lambda view: view.get("organisations/a")) is None
    assert (await store.read(lambda view: view.page(Query("organisation")))).documents == []
    (change,) = await store.read(lambda view: view.changes(2, 10))
    assert (change.etag, change.resource.organisation.name) == ("", "organisations/a")


async def test_waiting_for_a_commit_ends_with_it(store: SqlStore) -> None:
    waiting = asyncio.create_task(store.committed(0, timeout=30))
    await store.write(put(body("a")))
    assert await waiting == 1
