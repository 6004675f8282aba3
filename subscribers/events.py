"""What a source tells the runner, whatever it reads from."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the ledger: everything up to `revision` of `generation` is known. ('', 0) is nowhere."""

    generation: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource is now `document` (a serialised message of its kind), or gone when that is None.

    `system` is the one that a subscription belongs to, '' for other kinds.
    """

    kind: str
    name: str
    revision: int
    document: bytes | None
    traceparent: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A change whose value this program cannot read, as it came: set aside until one can, or a newer one comes."""

    kind: str
    name: str
    revision: int
    value: bytes | None
    traceparent: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotStart:
    """What follows until its end replaces everything that is known."""


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """The snapshot is whole."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything up to the position has been told: a place to resume from."""

    position: Position


@dataclass(frozen=True, slots=True)
class Consumed:
    """A partition of a topic has been told up to the offset before `next`: kept with what it told, in one commit."""

    topic: str
    partition: int
    next: int


@dataclass(frozen=True, slots=True)
class StandBy:
    """Whether another runner of the same body does the work, so that this one must not."""

    stands_by: bool


Event = StandBy | Changed | Unread | SnapshotStart | SnapshotEnd | Reached | Consumed


class Source(Protocol):
    """Where changes come from."""

    def follow(self, position: Position) -> AsyncGenerator[Event, None]:
        """What came after the position, then what comes; reconnects by itself, and ends only when cancelled.

        A position that cannot be resumed from is answered with a whole snapshot, never with a jump.
        """

    async def taken(self, events: Sequence[Event]) -> None:
        """The events are in the mirror: whoever counts them elsewhere may do so now."""
