"""Judges what was recorded during a fault: pure functions over journals and streams; no complaint means it held."""

import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from registry.api.v1.change_pb2 import Change
from tests.faults.history import Acknowledged, History, Read, Stream


def verdict(history: History) -> list[str]:
    """Every complaint about a recorded run."""
    found = lost(history.writes, history.ledger) + broken(history.ledger)
    found += drifted(history.ledger, history.resources)
    found += stale(history.reads, history.ledger) + overtaken(history.writes)
    for watcher, streams in history.watchers.items():
        found += [f"{watcher}: {complaint}" for complaint in promises(streams, history.ledger)]
    return found


def document_of(change: Change) -> bytes:
    """The resource of a change, as bytes that can be compared."""
    resource = getattr(change.resource, change.kind)
    return bytes(resource.SerializeToString(deterministic=True))


def lost(journal: Iterable[Acknowledged], ledger: Sequence[Change]) -> list[str]:
    """Acknowledged = durable: each acknowledged revision is in the ledger with the same name and bytes."""
    kept = {change.revision: change for change in ledger}
    found: list[str] = []
    for entry in journal:
        change = kept.get(entry.revision)
        if change is None:
            found.append(f"lost: revision {entry.revision} of {entry.name}")
        elif (change.name, change.request_id) != (entry.name, entry.request_id):
            found.append(f"lost: revision {entry.revision} of {entry.name}; another has its place")
        elif document_of(change) != entry.document:
            found.append(f"altered: revision {entry.revision} of {entry.name}")
    return found


def broken(ledger: Sequence[Change]) -> list[str]:
    """No gap, each entry follows the one before it, and a request id has one effect."""
    found = [
        f"gap: {after.revision} follows {before.revision}"
        for before, after in itertools.pairwise(ledger)
        if after.revision != before.revision + 1
    ]
    found += [
        f"chain: {after.revision} does not follow {before.revision}"
        for before, after in itertools.pairwise(ledger)
        if after.previous_hash != before.hash
    ]
    ids = Counter(change.request_id for change in ledger if change.request_id)
    return found + [f"twice: request {key} made {count} entries" for key, count in ids.items() if count > 1]


def drifted(ledger: Sequence[Change], resources: Mapping[str, bytes]) -> list[str]:
    """The resources are what the ledger makes of them: none without an entry, none other than its newest entry."""
    newest = {change.name: change for change in ledger}
    told = {name: document_of(change) for name, change in newest.items() if change.etag}
    names = sorted(told.keys() | resources.keys())
    return [f"drifted: {name}" for name in names if told.get(name) != resources.get(name)]


def stale(reads: Iterable[Read], ledger: Sequence[Change]) -> list[str]:
    """A read is at least as new as it was asked to be, and says what the ledger said at the revision that it names."""
    versions: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for change in ledger:
        versions[change.name].append((change.revision, document_of(change) if change.etag else b""))
    found = []
    for read in reads:
        if read.revision < read.asked:
            found.append(f"stale: {read.name} at {read.revision}, and {read.asked} was asked for")
        known = versions[read.name]
        place = bisect_right(known, read.revision, key=lambda version: version[0])
        if (known[place - 1][1] if place else b"") != read.document:
            found.append(f"stale: {read.name} is not what the ledger says at {read.revision}")
    return found


def overtaken(writes: Sequence[Acknowledged]) -> list[str]:
    """A write that began after another was acknowledged has the higher revision, whatever servers they went to."""
    found, newest = [], 0
    ended = sorted(writes, key=lambda write: write.ended)
    done = iter(ended)
    heard = next(done, None)
    for write in sorted(writes, key=lambda write: write.began):
        while heard is not None and heard.ended < write.began:
            newest, heard = max(newest, heard.revision), next(done, None)
        if write.revision <= newest:
            found.append(f"overtaken: {write.name} has {write.revision}, and {newest} was told before it was asked for")
    return found


def promises(streams: Sequence[Stream], ledger: Sequence[Change]) -> list[str]:
    """Complaints by the name of the promise of Watch that streams broke which resumed one after the other."""
    truth = {change.revision: change for change in ledger}
    found = [complaint for stream in streams for complaint in _within(stream, truth)]
    seen = [change for stream in streams for change in changes_of(stream)]
    counts = Counter(change.revision for change in seen)
    found += [f"unique: revision {revision} was sent {count} times" for revision, count in counts.items() if count > 1]
    if seen:
        missing = [number for number in range(streams[0].start, max(counts) + 1) if number not in counts]
        found += [f"reliable: revision {revision} was never sent" for revision in missing]
    for before, after in itertools.pairwise(streams):
        reached = max((change.revision for change in changes_of(before)), default=before.start - 1)
        if after.start != reached + 1:
            found.append(f"resumable: {after.start} was asked for after {reached}")
    return found


def changes_of(stream: Stream) -> Iterator[Change]:
    """The changes of a stream."""
    return (event.change for event in stream.events if event.WhichOneof("event") == "change")


def _within(stream: Stream, truth: Mapping[int, Change]) -> Iterator[str]:
    expected = stream.start
    for event in stream.events:
        if event.WhichOneof("event") == "change":
            yield from _change(event.change, expected, stream.start, truth)
            expected = event.change.revision + 1
        elif event.WhichOneof("event") == "progress":
            yield from _progress(event.progress.revision, expected, truth)


def _change(change: Change, expected: int, start: int, truth: Mapping[int, Change]) -> Iterator[str]:
    if change.revision < expected:
        yield f"ordered: {change.revision} came when {expected} was due"
    elif change.revision > expected:
        promise = "resumable" if expected == start else "reliable"
        yield f"{promise}: {change.revision} came when {expected} was due"
    if truth.get(change.revision) != change:
        yield f"reliable: revision {change.revision} is not what the ledger says"


def _progress(bookmark: int, expected: int, truth: Mapping[int, Change]) -> Iterator[str]:
    if bookmark != expected - 1:
        yield f"bookmarkable: progress says {bookmark} when {expected - 1} was reached"
    entry = truth.get(bookmark)
    if entry is not None and entry.batch_end_revision != bookmark:
        yield f"atomic: progress {bookmark} lies inside the command that ends at {entry.batch_end_revision}"
