"""What is not public is told on the restricted topic alone, and leaves the public one when it is hidden.

What is hidden now is restricted with all its history, so that a topic that is written again does not tell it either.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from registry.api.v1.release_pb2 import Release
from registry.domain.names import parent
from registry.relay.envelope import Record, record
from registry.services.pages import every
from registry.store import Entry, View

HIDDEN, SHOWN = ".hidden.v1", ".shown.v1"
RELEASE_HIDDEN = "se.gemensam.registry.release.hidden.v1"


def is_restricted(entry: Entry, hidden: AbstractSet[str]) -> bool:
    """Whether a change belongs to the restricted topic because its offering is hidden now."""
    return entry.name in hidden or (entry.kind == "release" and parent(entry.name) in hidden)


def turned(view: View, entry: Entry, *, restricted: bool) -> Iterator[Record]:
    """What else the public topic is told when an offering is hidden (that it and its releases are gone) or shown again.

    Releases are told again as they last were: the same ids with the same bytes.
    """
    if entry.event_type.endswith(HIDDEN):
        yield _gone(entry, view.generation)
        for release in _releases(view, entry.name):
            gone = entry._replace(kind="release", name=release.name, event_type=RELEASE_HIDDEN)
            yield _gone(gone, view.generation)
    elif entry.event_type.endswith(SHOWN) and not restricted:
        for release in _releases(view, entry.name):
            for last in view.entries(release.revision, 1, release.name):
                yield record(last, view.generation)


def _gone(entry: Entry, generation: str) -> Record:
    return record(entry._replace(document=b"", etag=""), generation)


def _releases(view: View, offering: str) -> Iterator[Release]:
    return map(Release.FromString, every(view, "release", offering))
