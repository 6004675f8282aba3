"""The validators themselves: silent on an honest history, and each doctored one is called by the right name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import Progress, WatchResponse
from tests.faults.history import Acknowledged, History, Read, Stream, load
from tests.faults.validators import broken, document_of, drifted, lost, overtaken, promises, stale, verdict

COUNT = 12


def history() -> list[Change]:
    """Twelve entries; every three of them are one command."""
    made = []
    for number in range(1, COUNT + 1):
        change = Change(revision=number, kind="organisation", name=f"organisations/b{number}", etag=f"e{number}")
        change.resource.organisation.name = change.name
        change.request_id, change.previous_hash, change.hash = f"r{number}", f"h{number - 1}", f"h{number}"
        change.batch_end_revision = -(-number // 3) * 3
        made.append(change)
    return made


def journal() -> list[Acknowledged]:
    return [Acknowledged(each.revision, each.name, each.request_id, document_of(each)) for each in history()]


def streams() -> list[Stream]:
    """Two calls: up to revision 4, cut, then the rest with a bookmark after 6 and one at the end."""
    events = [WatchResponse(change=change) for change in history()]
    return [Stream(1, events[:4]), Stream(5, [*events[4:6], bookmark(6), *events[6:], bookmark(COUNT)])]


def bookmark(revision: int) -> WatchResponse:
    return WatchResponse(progress=Progress(revision=revision))


def test_an_honest_history_has_no_complaint() -> None:
    assert lost(journal(), history()) == []
    assert broken(history()) == []
    assert drifted(history(), {each.name: document_of(each) for each in history()}) == []
    assert promises(streams(), history()) == []


def reads() -> list[Read]:
    """One of each resource, asked for at the revision of its write."""
    return [Read(each.revision, COUNT, each.name, document_of(each)) for each in history()]


def test_reads_that_are_too_old_or_say_something_else_are_seen() -> None:
    assert stale(reads(), history()) == []
    early = Read(3, 2, "organisations/b3", b"")  # it was not there at 2
    other = Read(3, COUNT, "organisations/b3", b"other")
    assert stale([early], history()) == ["stale: organisations/b3 at 2, and 3 was asked for"]
    assert stale([other], history()) == [f"stale: organisations/b3 is not what the ledger says at {COUNT}"]


def test_a_write_that_overtakes_one_acknowledged_before_it_is_seen() -> None:
    beside = [Acknowledged(2, "a", "1", b"", 0.0, 5.0), Acknowledged(1, "b", "2", b"", 1.0, 4.0)]
    after = [Acknowledged(2, "a", "1", b"", 0.0, 1.0), Acknowledged(1, "b", "2", b"", 2.0, 3.0)]
    assert overtaken(beside) == []
    assert overtaken(after) == ["overtaken: b has 1, and 2 was told before it was asked for"]


def test_a_history_that_was_saved_is_judged_as_it_was(tmp_path: Path) -> None:
    whole = History(journal(), reads(), {"one": streams()}, history())
    whole.resources = {each.name: document_of(each) for each in history()}
    whole.save(tmp_path / "history.jsonl")
    again = load(tmp_path / "history.jsonl")
    assert again == whole
    assert verdict(again) == []
    del again.ledger[4], again.watchers["one"][1].events[3]
    assert {each.partition(":")[0] for each in verdict(again)} == {"lost", "gap", "chain", "drifted", "stale", "one"}


def drop(ledger: list[Change]) -> None:
    del ledger[5]


def swap(ledger: list[Change]) -> None:
    ledger[5].name = "organisations/other"


def alter(ledger: list[Change]) -> None:
    ledger[5].resource.organisation.host = "organisations/other"


def repeat(ledger: list[Change]) -> None:
    ledger[5].request_id = "r5"


def unchain(ledger: list[Change]) -> None:
    ledger[5].hash = "x"


@pytest.mark.parametrize(
    ("doctor", "complaints", "faults"),
    [
        (drop, ["lost: revision 6 of organisations/b6"], ["gap: 7 follows 5", "chain: 7 does not follow 5"]),
        (swap, ["lost: revision 6 of organisations/b6; another has its place"], []),
        (alter, ["altered: revision 6 of organisations/b6"], []),
        (repeat, ["lost: revision 6 of organisations/b6; another has its place"], ["twice: request r5 made 2 entries"]),
        (unchain, [], ["chain: 7 does not follow 6"]),
    ],
)
def test_a_doctored_ledger_is_seen(
    doctor: Callable[[list[Change]], None], complaints: list[str], faults: list[str]
) -> None:
    ledger = history()
    doctor(ledger)
    assert (lost(journal(), ledger), broken(ledger)) == (complaints, faults)


def test_resources_that_the_ledger_does_not_know_are_seen() -> None:
    resources = {each.name: document_of(each) for each in history()}
    resources["organisations/b3"] += b"x"
    del resources["organisations/b4"]
    resources["organisations/new"] = b""
    assert drifted(history(), resources) == [f"drifted: organisations/{key}" for key in ("b3", "b4", "new")]


def omit(found: list[Stream]) -> None:
    del found[1].events[1]


def begin_late(found: list[Stream]) -> None:
    del found[1].events[0]


def turn_round(found: list[Stream]) -> None:
    found[0].events.reverse()


def send_again(found: list[Stream]) -> None:
    found[1].events.insert(4, found[1].events[3])


def falsify(found: list[Stream]) -> None:
    found[1].events[3].change.actor = "somebody"


def bookmark_inside(found: list[Stream]) -> None:
    found[0].events.append(bookmark(4))


def bookmark_ahead(found: list[Stream]) -> None:
    found[0].events.insert(3, bookmark(6))


def resume_elsewhere(found: list[Stream]) -> None:
    found[1].start = 4


@pytest.mark.parametrize(
    ("doctor", "promise"),
    [
        (omit, "reliable"),
        (begin_late, "resumable"),
        (turn_round, "ordered"),
        (send_again, "unique"),
        (falsify, "reliable"),
        (bookmark_inside, "atomic"),
        (bookmark_ahead, "bookmarkable"),
        (resume_elsewhere, "resumable"),
    ],
)
def test_a_broken_promise_is_called_by_its_name(doctor: Callable[[list[Stream]], None], promise: str) -> None:
    recorded = streams()
    doctor(recorded)
    assert promise in {complaint.partition(":")[0] for complaint in promises(recorded, history())}
