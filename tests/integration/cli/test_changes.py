"""`gemensam watch` and `ledger tail`: nothing lost and nothing twice, whatever happens to the connection."""

from pathlib import Path

from tests.integration.cli import definitions
from tests.integration.cli.conftest import Start
from tests.integration.cli.program import Server, Watcher

ONE = "apiVersion: gemensam/v1\nkind: Capability\nmetadata: {{name: capabilities/{0}}}\nspec: {{title: {{sv: T}}}}\n"


def add(registry: Server, key: str) -> None:
    """One change."""
    done = registry("apply", "-", stdin=ONE.format(key))
    assert done.code == 0, done.err


def test_a_watch_goes_on_after_the_registry_was_away(start: Start, watchers: list[Watcher]) -> None:
    registry = start()
    add(registry, "before")
    watcher = Watcher(registry.grpc, "watch", "--from", "1")
    watchers.append(watcher)
    assert watcher.next()["name"] == "capabilities/before"
    registry.stop()
    assert "Going on from revision 2." in watcher.said()
    again = start("data", grpc=registry.grpc)
    add(again, "after")
    add(again, "later")
    seen = [watcher.next() for _ in range(2)]
    assert [(each["name"], each["revision"]) for each in seen] == [
        ("capabilities/after", "2"),
        ("capabilities/later", "3"),
    ]
    assert watcher.stop() == 130


def test_a_stream_that_ends_is_resumed_without_a_word(start: Start, watchers: list[Watcher]) -> None:
    registry = start("data", GEMENSAM_STREAM_SECONDS="0.2")
    watcher = Watcher(registry.grpc, "watch", "--from", "1", "--kinds", "capabilities", "--prefix", "capabilities/")
    watchers.append(watcher)
    assert registry("apply", "-", stdin=definitions.BODY).code == 0
    for number in range(3):
        add(registry, f"c{number}")
    assert [watcher.next()["revision"] for _ in range(3)] == ["3", "4", "5"]


def test_a_snapshot_comes_first(registry: Server, watchers: list[Watcher], tmp_path: Path) -> None:
    assert registry("apply", definitions.folder(tmp_path / "defs")).code == 0
    watcher = Watcher(registry.grpc, "watch", "--snapshot", "--kinds", "offering,capability")
    watchers.append(watcher)
    first = [watcher.next() for _ in range(2)]
    assert {(each["kind"], each["event_type"].split(".")[-2]) for each in first} == {
        ("capability", "snapshot"),
        ("offering", "snapshot"),
    }
    add(registry, "new")
    assert watcher.next()["event_type"] == "se.gemensam.registry.capability.created.v1"


def test_positions_that_cannot_be_are_refused(registry: Server) -> None:
    future = registry("watch", "--from", "99")
    assert (future.code, "REVISION_IN_FUTURE" in future.err, "remedy" in future.err) == (1, True, True)
    both = registry("watch", "--from", "1", "--snapshot")
    assert (both.code, "FIELD_INVALID" in both.err) == (1, True)
    assert registry("watch", "--kinds", "nothing").code == 2
    assert registry("watch", "--address", "127.0.0.1:1").code == 5
    assert registry("watch", "--from", "1", "--address", "127.0.0.1:1").code == 5


def test_the_tail_shows_the_last_changes_and_goes_on(registry: Server, watchers: list[Watcher]) -> None:
    assert registry("ledger", "tail").out == ""
    for number in range(3):
        add(registry, f"c{number}")
    shown = registry("ledger", "tail", "-n", "2").out.splitlines()
    assert [line.split()[0] for line in shown] == ["2", "3"]
    assert "capability.created" in shown[0]
    assert registry("ledger", "tail", "-n", "0").out == ""
    follower = Watcher(registry.grpc, "ledger", "tail", "-n", "1", "--follow")
    watchers.append(follower)
    assert follower.next()["revision"] == "3"
    add(registry, "next")
    assert follower.next()["revision"] == "4"
