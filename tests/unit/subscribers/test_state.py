"""The mirror: what it takes, in which order, and what a kill, a full disk or a newer program leaves of it."""

import sqlite3
from pathlib import Path

import pytest

from subscribers.events import Position, Reached, SnapshotEnd, SnapshotStart
from subscribers.state import VERSION, State
from tests.unit.subscribers.build import (
    HERE,
    SYSTEM,
    change,
    changes,
    deletion,
    mirror,
    offering,
    release,
    subscription,
)


def names(state: State) -> list[str]:
    return [each.name for each in [*state.of("offering", [""]), *state.of("release", [""])]]


def test_what_is_new_is_told_once() -> None:
    state = mirror()
    first, second = change("offering", offering(), 5), change("offering", offering("school"), 6)
    assert state.take([first, second]) == [first, second]
    assert state.take([first, second]) == []


def test_an_older_change_after_a_newer_one_changes_nothing() -> None:
    state = mirror()
    new = change("offering", offering(provider="organisations/new"), 7, "trace")
    state.take([new])
    assert state.take([change("offering", offering(provider="organisations/old"), 6)]) == []
    known = state.get("offerings/permits")
    assert known is not None
    assert (known.revision, known.document, known.traceparent) == (7, new.document, "trace")


def test_a_deletion_is_remembered_so_that_an_older_change_does_not_bring_it_back() -> None:
    state = mirror(offering())
    assert state.take([deletion(offering(), "offering", 9)])
    assert state.get("offerings/permits") is None
    assert names(state) == []
    assert state.take([change("offering", offering(), 8)]) == []
    assert state.get("offerings/permits") is None
    assert state.take([change("offering", offering(), 10)])
    assert names(state) == ["offerings/permits"]


def test_a_snapshot_takes_the_place_of_everything_also_of_what_is_newer() -> None:
    state = mirror(offering(), offering("school"), revision=1000)
    state.take([deletion(offering("gone"), "offering", 1001)])
    restored = Position("another", 3)
    state.take([SnapshotStart(), *changes(offering(), offering("gone"), revision=3), SnapshotEnd(), Reached(restored)])
    assert names(state) == ["offerings/gone", "offerings/permits"]
    assert state.position() == restored
    assert state.take([change("offering", offering(), 4)])


def test_a_snapshot_that_is_cut_half_way_is_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = State(path)
    state.take([SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE)])
    state.take([SnapshotStart(), *changes(offering("school"), offering("archive"))])
    state.take([Reached(Position("g", 9))])
    assert (names(state), state.position(), state.whole) == (["offerings/permits"], HERE, True)
    state.close()
    again = State(path)  # killed there
    assert (names(again), again.position(), again.whole) == (["offerings/permits"], HERE, True)
    assert again.resume() == HERE
    again.take([*changes(offering("new"), revision=2), Reached(Position("g", 2))])
    assert (names(again), again.position()) == (["offerings/new", "offerings/permits"], Position("g", 2))
    again.take([SnapshotStart(), *changes(offering("last")), SnapshotEnd(), Reached(Position("g", 3))])
    assert names(again) == ["offerings/last"]
    again.close()


def test_a_source_that_resumes_after_a_cut_snapshot_writes_into_the_mirror() -> None:
    state = mirror(offering())
    state.take([SnapshotStart(), *changes(offering("school"))])
    assert state.resume() == HERE
    state.take([*changes(offering("archive"), revision=2), Reached(Position("g", 2))])
    assert (names(state), state.position()) == (["offerings/archive", "offerings/permits"], Position("g", 2))


def test_before_the_first_snapshot_is_whole_nothing_stands_for_a_position() -> None:
    state = State(":memory:")
    assert not state.whole
    state.take([SnapshotStart(), *changes(offering())])
    assert not state.whole
    state.take([SnapshotEnd(), Reached(HERE)])
    assert state.whole


def test_mirror_and_position_move_together_or_not_at_all(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.take([SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE)])
    database = state._database
    database.execute("CREATE TRIGGER full BEFORE UPDATE ON position BEGIN SELECT raise(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.Error, match="disk full"):
        state.take([SnapshotStart(), *changes(offering("x")), SnapshotEnd(), Reached(Position("g", 2))])
    assert (names(state), state.position()) == (["offerings/permits"], HERE)
    database.execute("DROP TRIGGER full")
    assert state.take([*changes(offering("school"), revision=2), Reached(Position("g", 2))])
    assert (names(state), state.position()) == (["offerings/permits", "offerings/school"], Position("g", 2))
    state.close()


def test_a_file_that_somebody_holds_fails_after_a_while_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.state.BUSY_SECONDS", 0.05)
    state = State(tmp_path / "state.db")
    holder = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        state.take([SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE)])
    holder.execute("ROLLBACK")
    holder.close()
    state.take([SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE)])
    assert names(state) == ["offerings/permits"]
    state.close()


def test_resources_are_found_by_system_and_by_parent() -> None:
    other = subscription("s2", system="organisations/c/systems/gw")
    state = mirror(subscription(), other, release(), release("2.0.0"), release("1.0.0", key="permits-2"))
    assert [each.name for each in state.of("subscription", [SYSTEM])] == ["organisations/b/subscriptions/s1"]
    assert len(state.of("subscription", [SYSTEM, other.system])) == 2
    assert state.of("subscription", []) == []
    below = [each.name.rpartition("/")[2] for each in state.below("release", "offerings/permits")]
    assert below == ["1.0.0", "2.0.0"]


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    State(path).close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(ValueError, match="newer program"):
        State(path)


def test_a_file_of_an_older_program_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("CREATE TABLE mirror (name TEXT PRIMARY KEY, epoch INTEGER)")
    database.execute("INSERT INTO mirror VALUES ('offerings/x', 1)")
    database.execute("PRAGMA user_version = 1")
    with pytest.raises(ValueError, match="older program"):
        State(path, looking=True)
    assert database.execute("SELECT name FROM mirror").fetchall() == [("offerings/x",)], "looking changes nothing"
    database.close()
    state = State(path)
    assert (state.whole, names(state)) == (False, [])
    state.take([SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE)])
    assert names(state) == ["offerings/permits"]
    state.close()


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database at all, but long enough to have a header" * 20)
    with pytest.raises(ValueError, match="remove it"):
        State(tmp_path / "state.db")
    with pytest.raises(ValueError, match="cannot be used"):
        State(tmp_path)


def test_reading_costs_what_is_read_and_not_what_is_there() -> None:
    many = [message for n in range(3000) for message in (offering(f"o{n}"), release(key=f"o{n}"))]
    others = [subscription(f"f{n}", system="organisations/c/systems/gw") for n in range(3000)]
    state = mirror(*many, *others, subscription())
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    state._database.set_progress_handler(count, 10)
    assert len(state.below("release", "offerings/o7")) == 1
    assert state.get("offerings/o7")
    assert state.newest("offerings/o7") == 1
    assert len(state.of("subscription", [SYSTEM])) == 1
    assert steps < 50
