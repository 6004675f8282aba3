"""Judges whole topics against the whole ledger: pure functions; no complaint means that every promise was kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from registry.api.v1.change_pb2 import Change
from registry.relay.envelope import Record, record
from registry.store import Entry
from tests.components.topics import Event

Truth = Mapping[str, Record]


def identity(change: Change) -> str:
    """The id that the event of a change must have."""
    return f"{change.generation}:{change.revision}"


def stored(change: Change) -> Entry:
    """The change as a store keeps it."""
    return Entry(
        change.revision,
        change.time.ToMicroseconds(),
        change.event_type,
        change.kind,
        change.name,
        getattr(change.resource, change.kind).SerializeToString(),
        change.etag,
        change.traceparent,
    )


def expected(change: Change) -> Record:
    """The record that a relay must make of the change."""
    return record(stored(change), change.generation)


def differences(ledger: Sequence[Change], events: Sequence[Event], parked: Collection[str] = ()) -> list[str]:
    """What is wrong, each complaint with its kind first. Names in `parked` may miss changes.

    missing: a change of the ledger is not there. foreign: an event is of no change. altered: an event, or another copy
    of it, has other bytes than the ledger gives. order: the first copy of an event comes after that of a later change
    of its key. moved: a key is in two partitions. last: the last event of a key is not of its newest change, which is
    what compaction would keep.
    """
    truth = {identity(change): expected(change) for change in ledger}
    return [
        *_missing(truth, events, parked),
        *(f"foreign: {event.id} of {event.key}" for event in events if event.id not in truth),
        *(f"altered: {e.id} of {e.key}" for e in events if e.id in truth and not _same(e, truth[e.id])),
        *_disorder(truth, events),
        *_moved(events),
        *_last(truth, events, parked),
    ]


def copies(events: Sequence[Event]) -> int:
    """How many events are second copies."""
    return len(events) - len({event.id for event in events})


def _missing(truth: Truth, events: Sequence[Event], parked: Collection[str]) -> Iterator[str]:
    here = {event.id for event in events}
    for id_, made in truth.items():
        if id_ not in here and made.name not in parked:
            yield f"missing: {id_} of {made.name}"


def _same(event: Event, made: Record) -> bool:
    wanted = (made.topic, made.name, made.value, tuple(made.headers))
    return (event.topic, event.key, event.value, event.headers) == wanted


def _disorder(truth: Truth, events: Sequence[Event]) -> Iterator[str]:
    place = {id_: number for number, id_ in enumerate(truth)}
    newest: dict[str, str] = {}
    seen: set[str] = set()
    for event in events:
        if event.id in seen or event.id not in place:
            continue
        seen.add(event.id)
        before = newest.get(event.key)
        if before and place[event.id] < place[before]:
            yield f"order: {event.id} of {event.key} came after {before}"
        else:
            newest[event.key] = event.id


def _moved(events: Sequence[Event]) -> Iterator[str]:
    places: dict[str, tuple[str, int]] = {}
    for event in events:
        if places.setdefault(event.key, (event.topic, event.partition)) != (event.topic, event.partition):
            yield f"moved: {event.id} of {event.key} is in partition {event.partition}"


def _last(truth: Truth, events: Sequence[Event], parked: Collection[str]) -> Iterator[str]:
    last = {event.key: event.id for event in events}
    newest = {made.name: id_ for id_, made in truth.items()}
    for name, id_ in newest.items():
        if name not in parked and name in last and last[name] != id_:
            yield f"last: {last[name]} of {name} is last, and {id_} is its newest"
