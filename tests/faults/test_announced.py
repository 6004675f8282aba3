"""The validator of topics finds what it must: events of a doctored topic, beside those of a whole one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from registry.api.v1.change_pb2 import Change
from tests.components.announced import copies, differences, expected
from tests.components.topics import Event
from tests.faults.announcing import entry

KEYS, REVISIONS = 3, 12


def ledger() -> list[Change]:
    """Twelve changes of three offerings; the last one of the first is its deletion."""
    return [entry(each, f"offerings/o{each % KEYS}", deleted=each == REVISIONS) for each in range(1, REVISIONS + 1)]


def event(change: Change, offset: int = 0) -> Event:
    """What a consumer gets of a change."""
    made = expected(change)
    partition = int(change.name[-1]) % 2
    return Event(made.topic, partition, offset, made.name, made.value, tuple(made.headers))


def topic() -> list[Event]:
    """The events of the whole ledger, partition by partition."""
    found = [event(change, change.revision) for change in ledger()]
    return sorted(found, key=lambda each: each.partition)


def at(events: list[Event], revision: int) -> int:
    return next(number for number, each in enumerate(events) if each.revision == revision)


def header(found: Event, name: str, value: bytes) -> Event:
    return replace(found, headers=tuple((key, value if key == name else old) for key, old in found.headers))


def omit(events: list[Event]) -> None:
    del events[at(events, 5)]


def omit_the_tombstone(events: list[Event]) -> None:
    del events[at(events, REVISIONS)]


def turn_round(events: list[Event]) -> None:
    one, other = at(events, 4), at(events, 7)
    events[one], events[other] = events[other], events[one]


def other_bytes(events: list[Event]) -> None:
    events[at(events, 4)] = replace(events[at(events, 4)], value=b'{"name":"offerings/o1"}')


def second_copy_with_other_bytes(events: list[Event]) -> None:
    events.insert(at(events, 7), replace(events[at(events, 4)], value=b"{}"))


def other_header(events: list[Event]) -> None:
    events[at(events, 4)] = header(events[at(events, 4)], "ce_type", b"se.gemensam.registry.offering.created.v1")


def other_topic(events: list[Event]) -> None:
    events[at(events, 4)] = replace(events[at(events, 4)], topic="gemensam.onboarding.v1")


def value_for_a_deletion(events: list[Event]) -> None:
    events[at(events, REVISIONS)] = replace(events[at(events, REVISIONS)], value=b"{}")


def foreign_revision(events: list[Event]) -> None:
    events.append(header(events[-1], "ce_id", b"g:99"))


def foreign_generation(events: list[Event]) -> None:
    events.append(header(events[-1], "ce_id", b"h:7"))


def another_partition(events: list[Event]) -> None:
    events[at(events, 10)] = replace(events[at(events, 10)], partition=5)


def end_with_an_old_copy(events: list[Event]) -> None:
    events.append(events[at(events, 4)])


@pytest.mark.parametrize(
    ("doctor", "complaint"),
    [
        (omit, "missing"),
        (omit_the_tombstone, "missing"),
        (omit_the_tombstone, "last"),
        (turn_round, "order"),
        (other_bytes, "altered"),
        (second_copy_with_other_bytes, "altered"),
        (other_header, "altered"),
        (other_topic, "altered"),
        (value_for_a_deletion, "altered"),
        (foreign_revision, "foreign"),
        (foreign_generation, "foreign"),
        (another_partition, "moved"),
        (end_with_an_old_copy, "last"),
    ],
)
def test_a_doctored_topic_is_found_out(doctor: Callable[[list[Event]], None], complaint: str) -> None:
    events = topic()
    doctor(events)
    assert complaint in {each.partition(":")[0] for each in differences(ledger(), events)}


def test_a_whole_topic_is_in_order_and_copies_of_it_are_too() -> None:
    assert differences(ledger(), topic()) == []
    again = sorted([*topic(), *topic()], key=lambda each: each.partition)
    assert differences(ledger(), again) == []
    assert copies(again) == REVISIONS


def test_a_parked_name_may_miss_changes_and_no_other_may() -> None:
    events = [each for each in topic() if each.key != "offerings/o1"]
    assert differences(ledger(), events, parked=["offerings/o1"]) == []
    assert differences(ledger(), events, parked=["offerings/o2"]) != []
