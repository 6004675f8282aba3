"""What is new about an organisation, a capability or everything: the ledger backwards, and public things only."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.change_pb2 import Change
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Offering, Visibility
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import limits, names
from registry.domain.nouns import PUBLIC_KINDS
from registry.errors import Invalid
from registry.services.acting import missing
from registry.services.feed import check_start
from registry.store import Head, View

ENTRIES = 100
STEP, REACH = 1_000, 100_000  # revisions asked for at once, and for one page
LOOK = 10_000  # public entries among them that are read for one page, about: what costs
PUBLIC = {Visibility.VISIBILITY_UNSPECIFIED, Visibility.VISIBILITY_PUBLIC}


@dataclass(frozen=True, slots=True)
class Entry:
    """A change; of a release, with its offering as it is now."""

    change: Change
    offering: Offering | None = None


@dataclass(frozen=True, slots=True)
class News:
    """A page, the newest first. `following` is the place of the next one, '' when everything that is kept was read."""

    subject: str
    title: LocalizedText
    generation: str
    updated: Timestamp
    entries: Sequence[Entry]
    following: str


def reader(subject: str, place: str = "", size: int = ENTRIES) -> Callable[[View], News]:
    """The work for a snapshot. `subject` is a name, '' for everything; `place` is where a page before ended.

    Errors: RESOURCE_NOT_FOUND; FIELD_INVALID for the size; PAGE_TOKEN_INVALID, GENERATION_MISMATCH, REVISION_COMPACTED
    and REVISION_IN_FUTURE for the place.
    """
    if not 1 <= size <= ENTRIES:
        what = f"must be from 1 to {ENTRIES}"
        raise Invalid("FIELD_INVALID", f"page_size {what}.", violations=[("page_size", what)], field="page_size")
    generation, start = _decoded(place)

    def read(view: View) -> News:
        head = view.head()
        check_start(start, generation, head)
        title, updated = _about(view, subject)
        entries, below = _walk(_Desk(view, subject), start or head.revision + 1, head, size)
        following = f"{head.generation}:{below}" if below > head.floor else ""
        newest = entries[0].change.time if entries else updated
        return News(subject, title, head.generation, newest, entries, following)

    return read


def _about(view: View, subject: str) -> tuple[LocalizedText, Timestamp]:
    """Its title, and when it last changed."""
    if not subject:
        return LocalizedText(sv="Allt", en="Everything"), Timestamp()
    document = view.get(subject)
    if document is None:
        raise missing(subject)
    is_body = subject.startswith("organisations/")
    message = Organisation.FromString(document) if is_body else Capability.FromString(document)
    return message.title, message.update_time


def _walk(desk: "_Desk", below: int, head: Head, size: int) -> tuple[list[Entry], int]:
    """Entries, and the revision below which nothing was read."""
    # Whole steps, so that the place where a page ends stays the same while a few changes come.
    floor = max(head.floor, -(-(below - REACH) // STEP) * STEP)
    entries: list[Entry] = []
    while below > floor and desk.looked < LOOK:
        first = max(floor, (below - 1) // STEP * STEP)
        for entry in desk.entries(below, first):
            entries.append(entry)
            if len(entries) == size:
                return entries, entry.change.revision
        below = first
    return entries, below


class _Desk:
    """Tells which changes concern the subject and may be told."""

    def __init__(self, view: View, subject: str) -> None:
        self._view, self._subject, self.looked = view, subject, 0
        self._kinds: Collection[str] = PUBLIC_KINDS
        if subject:
            own = "organisation" if subject.startswith("organisations/") else "capability"
            self._kinds = (own, "offering", "release")
        self._offerings: dict[str, Offering | None] = {}
        self._parents: dict[str, str] = {}

    def entries(self, below: int, floor: int) -> Iterator[Entry]:
        """From `floor` up to below a revision, the newest first."""
        for change in self._view.latest(below, floor, self._kinds):
            self.looked += 1
            if change.kind == "offering":
                message = change.resource.offering
                # What it was then and what it is now: neither may be hidden from anybody.
                if self._concerns(message) and _is_public(message) and _is_public(self._offering(change.name)):
                    yield Entry(change)
            elif change.kind == "release":
                owner = self._offering(names.parent(change.name))
                if owner and _is_public(owner) and self._concerns(owner):
                    yield Entry(change, owner)
            elif self._subject in {"", change.name}:
                yield Entry(change)

    def _offering(self, name: str) -> Offering | None:
        if name not in self._offerings:
            document = self._view.get(name)
            self._offerings[name] = None if document is None else Offering.FromString(document)
        return self._offerings[name]

    def _concerns(self, offering: Offering) -> bool:
        if self._subject.startswith("capabilities/"):
            return any(self._subject in self._line(name) for name in offering.capabilities)
        return self._subject in {"", offering.provider}

    def _line(self, name: str) -> Iterator[str]:
        """The capability and those above it."""
        for _ in range(limits.CAPABILITY_LEVELS):
            if name:
                yield name
                name = self._parent(name)

    def _parent(self, name: str) -> str:
        if name not in self._parents:
            self._parents[name] = Capability.FromString(self._view.get(name) or b"").parent
        return self._parents[name]


def _is_public(offering: Offering | None) -> bool:
    return offering is not None and offering.visibility in PUBLIC


def _decoded(place: str) -> tuple[str, int]:
    """Generation and revision; ('', 0) for none."""
    if not place:
        return "", 0
    generation, _, revision = place.rpartition(":")
    if not generation or not revision.isascii() or not revision.isdecimal() or not 0 < int(revision[:19]) < 2**63:
        raise Invalid("PAGE_TOKEN_INVALID", "The place in the feed is malformed: start again from its first page.")
    return generation, int(revision)
