"""What the rest of the house may ask of the store: run this against the open batch, or read from a snapshot.

Documents are the generated messages of `gemensam.registry.v1`. Rows never leave this room.
"""

from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from registry.api.v1.change_pb2 import Change
from registry.api.v1.release_pb2 import Spec
from registry.domain.authority import EVERYTHING, UNLIMITED, Authority, Sight
from registry.domain.filter import Node
from registry.store.answers import Entry, Found, Head, Page, Parked, Query, Reading, Search
from registry.store.overall import Overall

__all__ = [
    "Batch",
    "Caller",
    "Command",
    "Committed",
    "Entry",
    "Found",
    "Guard",
    "Head",
    "Lease",
    "Leaves",
    "Page",
    "Pages",
    "Parked",
    "Query",
    "Reading",
    "Search",
    "Store",
    "View",
    "utc_now",
]
T = TypeVar("T")
M = TypeVar("M", bound=Message)


def utc_now() -> datetime:
    """The registry's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts: recorded with every change. `traceparent` is the W3C header of the command, unaltered.

    `authority` is what it may: everything for the registry's own work; the edge gives callers theirs.
    """

    actor: str = ""
    on_behalf_of: str = ""
    traceparent: str = ""
    authority: Authority = UNLIMITED


class Batch(Protocol):
    """The open transaction as a command sees it: it reads, decides, and only then stages."""

    now: datetime
    generation: str
    actor: str
    on_behalf_of: str

    @property
    def revision(self) -> int:
        """The newest revision, staged ones among them."""

    def get(self, kind: type[M], name: str) -> M | None:
        """A copy of the resource with what earlier commands staged, or None."""

    def shown(self, kind: type[M], name: str) -> M | None:
        """The same, when it is shown to the caller of the command, or None."""

    def select(self, kind: type[M], where: Node | None, *, parent: str = "", limit: int = 1000) -> list[M]:
        """Resources by filter, name order, with what earlier commands staged."""

    def put(self, message: Message, verb: str) -> int:
        """Stage a creation or new version; fills revision, etag, uid and times in place; returns the revision."""

    def count(self, kind: type[Message], column: str, value: str, over: Collection[int] = ()) -> int:
        """How many of a kind have the value in a column and are not `over`, with what earlier commands staged."""

    def ask(self, message: Message, verb: str) -> None:
        """Refuse now what the command's guard would refuse to be staged."""

    def note(self, table: str, key: Hashable, row: dict[str, Any]) -> None:
        """Keep a row beside the ledger: `key_uses` or `refusals`. It is no change of any resource."""

    def delete(self, message: Message, verb: str = "deleted") -> int:
        """Stage a deletion; returns its revision."""

    def put_spec(self, media_type: str, content: bytes) -> Spec:
        """Stage a contract by its hash (idempotent)."""

    def get_spec(self, sha256: str) -> Spec | None:
        """Media type and size of a stored or staged contract."""

    def advance(self, name: str, epoch: int, revision: int) -> None:
        """Move a reader's position in the same commit as its effects; refused when the lease is lost."""

    def park(self, name: str, revision: int, reason: str, *, released: bool = False) -> None:
        """Hold back the events of a resource from `revision` on; 0 lets them go."""


# Asked before anything is staged, with what the resource was (None: it is new) and the event's verb; it raises, or
# answers for which organisation the caller acts.
Guard = Callable[["Batch", Message, Message | None, str], str]


@dataclass(frozen=True, slots=True)
class Command:
    """Work for the writer. `run` gets the batch and returns the answer (a message, kept for `request_id`).

    `reads` are resource names fetched for the whole batch at once. `run` must raise before it stages anything.
    `dry_run` runs it and keeps nothing. `guard` is asked about every resource before it is staged.
    """

    run: Callable[[Batch], Message]
    caller: Caller = field(default_factory=Caller)
    reads: Iterable[str] = ()
    request_id: str = ""
    method: str = ""
    fingerprint: bytes = b""
    dry_run: bool = False
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """The answer of a command with the token of its write (the head when it wrote nothing)."""

    answer: Message
    revision: int
    generation: str
    replayed: bool = False


class View(Overall, Protocol):
    """A snapshot: everything it answers is of one revision, and shown to the caller."""

    revision: int
    generation: str
    sight: Sight

    def get(self, name: str) -> bytes | None:
        """The serialised document, or None. The kind follows from the name."""

    def shows_any(self, noun: str, names: Collection[str]) -> bool:
        """Whether one of the named resources of a kind is there and shown."""

    def page(self, query: Query) -> Page:
        """A page by keyset; Invalid for a bad filter, order or token."""

    def search(self, search: Search) -> Found:
        """The offerings that answer a text, by `registry.domain.ranking`; Invalid for a bad filter or token."""

    def nearby(self, title: str) -> Sequence[str]:
        """Names of offerings that share words with a title, rare words first; at most `nearby.MOST`."""

    def changes(self, start: int, limit: int, kinds: Sequence[str] = (), name_prefix: str = "") -> list[Change]:
        """Ledger entries from `start`, by revision."""

    def entries(self, start: int, limit: int, name: str = "") -> list[Entry]:
        """The same as they are stored, of one resource or of all: decoding each would cost more than reading it."""

    def latest(self, below: int, floor: int, kinds: Collection[str]) -> list[Change]:
        """Ledger entries of the kinds from `floor` up to below a revision, the newest first."""

    def before(self, name: str, revision: int) -> bytes | None:
        """The document in the newest ledger entry of the name below the revision; None when none is kept."""

    def head(self) -> Head:
        """How far the ledger has come in this snapshot."""

    def hidden(self) -> frozenset[str]:
        """Names of the offerings that not everybody may know of."""

    def parked(self) -> list[Parked]:
        """Resources whose events are held back, by name."""

    def reading(self, name: str) -> Reading | None:
        """Who leads a reader of the ledger, and how far it has come; None for one that never was."""

    def spec(self, sha256: str) -> tuple[str, bytes] | None:
        """Media type and content of a contract."""

    def key_uses(self, names: Sequence[str]) -> dict[str, int]:
        """When keys were last used, in microseconds since 1970; those that never were are left out."""

    def refusals(self, size: int, token: str) -> tuple[list[Any], str]:
        """Rows of what was refused, the newest first, and the next page's token. Errors: PAGE_TOKEN_INVALID."""

    def convergence(self, offering: str) -> list[Any]:
        """Rows of the offering's subscriptions that are not over, each with its document (`reader.ConvergenceRow`)."""

    def bodies(self, offering: str, party_class: Node | None) -> list[Any]:
        """Rows of the organisations of a class that have no last day, with what they are counted by (`reader.BodyRow`).

        Without a class, of those with a live subscription to the offering.
        """


@dataclass(frozen=True, slots=True)
class Lease:
    """Leadership of a reader of the ledger. Effects carry the epoch, so that a former leader's commit is refused."""

    name: str
    epoch: int
    revision: int


class Pages(Protocol):
    """An open snapshot read page by page."""

    revision: int
    generation: str

    def documents(self, kinds: Sequence[str]) -> AsyncIterator[list[tuple[str, str, bytes]]]:
        """Every resource as (kind, name, document), in pages; kind by kind in name order."""


class Leaves(Protocol):
    """The Merkle tree over the ledger in one snapshot: leaf i is of revision i + 1. `size` is the newest revision."""

    size: int

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree; see `registry.evidence.merkle`."""


class Store(Protocol):
    """One SQL store, whatever the engine."""

    head_revision: int

    async def write(self, command: Command) -> Committed:
        """Queue the command for the next group commit; durable when this returns."""

    async def read(self, work: Callable[[View], T], min_revision: int = 0, sight: Sight = EVERYTHING) -> T:
        """Run `work` on a reader thread against one snapshot, of which it sees what `sight` lets it see.

        Precondition if `min_revision` is ahead of it.
        """

    def newest(self, start: int) -> Sequence[Change]:
        """Entries of the ledger from a revision on that are at hand without reading; none when it is not among them."""

    async def committed(self, after: int, timeout: float) -> int:
        """Wait until the head is beyond `after` or `timeout` seconds passed; returns the head revision known."""

    async def lease(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take or renew the lead of a reader of the ledger; None while another holds it."""

    async def reposition(self, name: str, revision: int) -> None:
        """Let a reader of the ledger go on from another revision; whoever leads it must take the lease again."""

    async def prove(self, work: Callable[[View, Leaves], T]) -> T:
        """Let the tree over the ledger grow to the head, then run `work` as `read` does, with the tree beside it."""

    def snapshot(self, sight: Sight = EVERYTHING) -> AbstractAsyncContextManager[Pages]:
        """A snapshot that stays open while its pages are read, as far as it is shown."""
