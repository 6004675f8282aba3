"""What is kept in memory of subscriptions and bodies is what every engine has of them, whatever was written in between."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message

from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import convergence, subscription
from registry.services import abreast
from registry.services.abreast import Turns
from registry.services.census import Census, phase_of, state_of
from registry.services.parties import Parties
from registry.store import Batch, Command, View, ledger
from registry.store.sqlstore import SqlStore

from .conftest import body, put

RELEASES = [f"offerings/{offering}/releases/{version}" for offering in "ab" for version in ("1.0.0", "2.0.0")]
NEWEST = {RELEASES[1], RELEASES[3]}
STATES = sorted(subscription.NEXT.keys() | subscription.OVER)
PHASES = [0, 1, convergence.PROVEN, convergence.PROVEN]


def dice() -> Random:
    """The same throws each time."""
    return Random(7)  # noqa: S311


def drawn(random: Random) -> Subscription:
    """One of twenty, anywhere."""
    key = random.randrange(20)
    made = Subscription(name=f"organisations/o{key % 7}/subscriptions/s{key}", offering=f"offerings/{'ab'[key % 2]}")
    made.state, made.convergence.phase = random.choice(STATES), random.choice(PHASES)  # type: ignore[assignment]
    made.convergence.observed_release = random.choice(["", *RELEASES])
    made.convergence.report_time.FromMicroseconds(random.randrange(5))
    return made


def deletion(name: str) -> Command:
    """No use case deletes one; who follows the ledger is ready for it."""

    def run(batch: Batch) -> Message:
        found = batch.get(Subscription, name)
        assert found is not None
        batch.delete(found)
        return found

    return Command(run=run, reads=[name])


def told(census: Census) -> tuple[Any, ...]:
    """All that it can be asked."""
    places = {
        (name, each.offering, each.state, each.phase, each.release, report)
        for _, groups in census.groups()
        for each in groups
        for name, report in each.reports.items()
    }
    counted = [sorted(census.counted(f"offerings/{offering}")) for offering in "abc"]
    return places, counted, census.standing(), list(census.late(NEWEST, 4).items())


def expected(known: Iterable[Subscription]) -> tuple[Any, ...]:
    """The same of what was written, counted anew."""
    places, late, counted, standing = set(), [], ([], [], []), Counter[tuple[int, int]]()
    for each in (message for message in known if message.state not in subscription.OVER):
        now, report = each.convergence, each.convergence.report_time.ToMicroseconds()
        places.add((each.name, each.offering, each.state, now.phase, now.observed_release, report))
        organisation = each.name.partition("/subscriptions")[0]
        counted["abc".index(each.offering[-1])].append((organisation, each.state, now.phase, now.observed_release))
        standing[each.state, now.phase] += 1
        there = now.phase == convergence.PROVEN and now.observed_release in NEWEST
        if each.state in subscription.LIVE and (each.state == subscription.DEGRADED or not there):
            late.append((report, each.name, each.offering))
    counts = [(state_of(state), phase_of(phase), count) for (state, phase), count in sorted(standing.items())]
    return places, [sorted(each) for each in counted], counts, [(name, of) for _, name, of in sorted(late)[:4]]


async def test_a_census_that_follows_tells_what_was_written(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abreast, "PAGE", 3)
    monkeypatch.setattr(abreast, "MOST", 40)
    random, census, known = dice(), Census(), dict[str, Subscription]()
    for number in range(60):
        for _ in range(random.choice([1, 2, 9, 60]) if number % 10 == 0 else 1):
            message = drawn(random)
            await store.write(put(message))
            known[message.name] = message
        if number % 7 == 6:
            gone = random.choice(sorted(known))
            await store.write(deletion(gone))
            del known[gone]
        if number == 30:
            ledger.compact(store._write_engine, store.head_revision - 1)
        await store.read(census.follow)
        assert told(census) == expected(known.values()), number
        assert (census.revision, census.generation != "") == (store.head_revision, True)


async def test_what_follows_the_ledger_reads_rows_once(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    random, census = dice(), Census()
    await store.write(put(*{each.name: each for each in (drawn(random) for _ in range(30))}.values()))
    await store.read(census.follow)
    monkeypatch.setattr(Census, "_read", None)
    message = drawn(random)
    await store.write(put(message))
    await store.read(census.follow)
    assert told(census)[0] >= expected([message])[0]


async def test_a_class_is_asked_for_again_when_a_body_has_changed(store: SqlStore) -> None:
    parties = Parties()

    def ask(view: View) -> Any:
        parties.follow(view)
        return parties.of(view, "offerings/a", "county_code = 14")

    await store.write(put(body("a", county_code="14"), body("b", county_code="01")))
    first = await store.read(ask)
    await store.write(put(drawn(dice())))
    assert await store.read(ask) is first
    await store.write(put(body("b", county_code="14")))
    second = await store.read(ask)
    assert [[each.name[-1] for each in found] for found in (first, second)] == [["a"], ["a", "b"]]


async def test_who_leaves_in_its_turn_lets_no_other_read_beside_it(store: SqlStore) -> None:
    turns, reads, go_on = Turns(store), threading.Event(), threading.Event()
    seen: list[str] = []

    def slow(_view: View) -> None:
        reads.set()
        go_on.wait(30)
        seen.append("first")

    async with asyncio.timeout(30):
        first = asyncio.create_task(turns.read(slow))
        await asyncio.to_thread(reads.wait)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(turns.read(lambda _view: seen.append("second")))
        await store.read(lambda _view: None)
        assert (first.cancelled(), seen) == (True, [])
        go_on.set()
        await second
    assert seen == ["first", "second"]
