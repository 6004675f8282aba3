"""What is shown to whom: the row filter of the store says the same as the rule, for every noun on every engine."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, event
from sqlmodel import SQLModel

from registry.api.v1.access_pb2 import Grant, Key
from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from registry.domain import shown
from registry.domain.authority import Sight
from registry.store import Batch, Command, Query, View
from registry.store.kinds import BY_MESSAGE, KINDS
from registry.store.paging import page
from registry.store.reader import SNAPSHOT_PAGE
from registry.store.sight import document
from registry.store.sqlstore import SqlStore
from tests.contract.store.conftest import body

BODIES = [f"organisations/{key}" for key in "abcd"]
OFFERINGS = [f"offerings/o{number}" for number in range(5)]
SYSTEMS = [f"{each}/systems/gw" for each in BODIES]
bodies, offerings = st.sampled_from(BODIES), st.sampled_from(OFFERINGS)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink takes minutes
SIGHTS = (Sight(), Sight(organisations=frozenset({"organisations/a"}), circle=frozenset({"organisations/a"})))
groups = st.frozensets(bodies, max_size=2)


@st.composite
def worlds(draw: Any) -> list[Message]:
    """Everything that an offering's visibility and others' relations can make of it."""
    made: list[Message] = [body(each.rpartition("/")[2]) for each in BODIES]
    made += [System(name=each, environment=3) for each in SYSTEMS]  # type: ignore[arg-type]
    made.append(Capability(name="capabilities/x"))
    made += [Interest(name=f"{each}/interests/all") for each in BODIES]
    for name in OFFERINGS:
        visible_to = sorted(draw(groups))
        visibility: Any = draw(st.integers(0, 3))
        made.append(Offering(name=name, provider=draw(bodies), visibility=visibility, visible_to=visible_to))
        made.append(Release(name=f"{name}/releases/1", version="1"))
    for number in range(draw(st.integers(0, 3))):
        of = {"offering": draw(offerings), "party": draw(st.sampled_from(["", *BODIES]))}
        made.append(Agreement(name=f"agreements/a{number}", **of))
    for number in range(draw(st.integers(0, 3))):
        name = f"{draw(bodies)}/subscriptions/s{number}"
        made.append(Subscription(name=name, offering=draw(offerings), system=draw(st.sampled_from(SYSTEMS))))
    for place, organisation in enumerate(["", *BODIES]):
        made.append(Grant(name=f"grants/g{place}", organisation=organisation, principal="keys/x"))
        made.append(Key(name=f"keys/k{place}", organisation=organisation))
    return made


@st.composite
def sights(draw: Any) -> Sight:
    """The circle has those who see, and whatever these are members of."""
    seen = draw(groups)
    return Sight(organisations=seen, circle=seen | (draw(groups) if seen else frozenset()), grants=draw(groups))


def replaced(world: list[Message]) -> Command:
    """Puts the world in the place of the one before."""

    def run(batch: Batch) -> Message:
        wanted = {each.name for each in world}  # type: ignore[attr-defined]
        for kind in BY_MESSAGE:
            parent = {"system": "organisations/-"}.get(BY_MESSAGE[kind].noun, "")
            for each in batch.select(kind, None, parent=parent):
                if each.name not in wanted:  # type: ignore[attr-defined]
                    batch.delete(each)
        for message in world:
            draft = type(message)()
            draft.CopyFrom(message)
            batch.put(draft, "created")
        return Offering()

    return Command(run=run)


@pytest.mark.parametrize("noun", KINDS)
def test_every_noun_is_in_the_worlds(noun: str) -> None:
    assert noun in {"organisation"} | {
        BY_MESSAGE[kind].noun
        for kind in (System, Capability, Interest, Offering, Release, Agreement, Subscription, Grant, Key)
    }


def test_the_store_shows_what_the_rule_shows(store: SqlStore) -> None:
    loop = asyncio.new_event_loop()

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(world=worlds(), sight=sights())
    def check(world: list[Message], sight: Sight) -> None:
        start = store.head_revision + 1
        loop.run_until_complete(store.write(replaced(world)))
        by_name: dict[str, Any] = {each.name: each for each in world}  # type: ignore[attr-defined]

        def involved(name: str) -> bool:
            theirs = (each for each in by_name.values() if isinstance(each, Agreement | Subscription))
            return any(each.offering == name and shown.joined(sight, each) for each in theirs)

        known = shown.Known(by_name.get, involved)
        wanted = sorted(name for name, each in by_name.items() if shown.shows(sight, each, known))

        def one_by_one(view: View) -> list[str]:
            return sorted(name for name in by_name if view.get(name) is not None)

        def one_among_none(view: View) -> list[str]:
            nouns = {name: BY_MESSAGE[type(each)].noun for name, each in by_name.items()}
            return sorted(name for name, noun in nouns.items() if view.shows_any(noun, [f"{name}x", name]))

        def lists(view: View) -> list[str]:
            found = []
            for noun, kind in KINDS.items():
                parent = {"system": "organisations/-", "interest": "organisations/-", "release": "offerings/-"}
                query = Query(noun, parent=parent.get(noun, ""), page_size=500)
                found += [kind.message.FromString(each).name for each in view.page(query).documents]  # type: ignore[attr-defined]
            return sorted(found)

        def feed(view: View) -> set[str]:
            return {each.name for each in view.changes(start, 1000)} & by_name.keys()

        async def snapshot() -> list[str]:
            async with store.snapshot(sight) as opened:
                return sorted([name async for page in opened.documents(()) for _, name, _ in page])

        for read in (one_by_one, one_among_none, lists):
            assert loop.run_until_complete(store.read(read, sight=sight)) == wanted, read
        assert loop.run_until_complete(store.read(feed, sight=sight)) == set(wanted)
        assert loop.run_until_complete(snapshot()) == wanted

    try:
        check()
    finally:
        loop.close()


@pytest.mark.parametrize("absent", [0, SNAPSHOT_PAGE - 1, SNAPSHOT_PAGE, SNAPSHOT_PAGE + 1])
async def test_one_is_found_among_as_many_as_are_asked_for(store: SqlStore, absent: int) -> None:
    await store.write(replaced([body("a"), Offering(name="offerings/z", provider="organisations/a")]))
    names = [f"offerings/a{number}" for number in range(absent)]
    assert not await store.read(lambda view: view.shows_any("offering", names), sight=Sight())
    assert await store.read(lambda view: view.shows_any("offering", [*names, "offerings/z"]), sight=Sight())


def _plans(work: Callable[[Connection], object]) -> list[str]:
    """How SQLite goes about each statement of the work, on empty tables."""
    engine, asked = create_engine("sqlite://"), list[tuple[str, Any]]()
    SQLModel.metadata.create_all(engine)
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    with engine.connect() as connection:
        work(connection)
        words = [(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in asked]
        return [row[3] for each, values in words for row in connection.exec_driver_sql(each, values)]


@pytest.mark.parametrize("noun", ["release", "agreement"])
@pytest.mark.parametrize("sight", SIGHTS, ids=["stranger", "member"])
def test_what_belongs_to_an_offering_asks_for_that_one_alone(noun: str, sight: Sight) -> None:
    """Not for all that are shown: to read one release would cost the more, the more offerings there are."""
    plan = _plans(lambda connection: document(connection, sight, noun, "x"))
    asked = [step for step in plan if " offerings " in step and "(provider=" not in step]
    assert asked, plan
    assert all("(name=?)" in step for step in asked), plan


@pytest.mark.parametrize("noun", ["offering", "release"])
@pytest.mark.parametrize("order", ["name", "name desc", "update_time desc"])
@pytest.mark.parametrize("sight", SIGHTS, ids=["stranger", "member"])
def test_a_page_is_read_in_its_order_and_not_sorted(noun: str, order: str, sight: Sight) -> None:
    parent = "offerings/-" if noun == "release" else ""
    plan = _plans(lambda connection: page(connection, Query(noun, parent=parent, page_size=5, order_by=order), sight))
    assert any(f" {noun}s USING INDEX" in step for step in plan), plan
    assert not any("ORDER BY" in step for step in plan), plan
