"""One follower of the ledger for the process: each change is read and encoded once, however many watch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import WatchResponse
from registry.api.v1.offering_pb2 import Offering
from registry.domain.names import parent
from registry.domain.shown import reduced
from registry.errors import Gone, RegistryError
from registry.rpc.deadlines import Deadlines
from registry.store import Head, Store, View

PAGE, PAGE_BYTES = 500, 1024 * 1024
RING_ENTRIES, RING_BYTES, RETRY_SECONDS = 8192, 32 * 1024 * 1024, 0.5
# The capabilities of an offering; None: unknown, because the entry that would tell was dropped.
Capabilities = frozenset[str] | None
NONE: Capabilities = frozenset()
GIVING = frozenset({"organisation", "grant", "key"})  # changes of these may give or take rights
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change ready to be sent. `capabilities` are those that its offering had before the change or has after it.

    `subject` is as much of the resource as decides to whom it is shown.
    """

    revision: int
    batch_end: int
    kind: str
    name: str
    capabilities: Capabilities
    data: bytes
    subject: Any


class Tail:
    """A bounded ring of the newest changes. Watchers keep a position and nothing else.

    `well`: the store can be read. `on_turn` are told when that has changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ring: list[Entry] = []
        self._bytes = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self.deadlines = Deadlines()
        self._capabilities: dict[str, Capabilities] = {}
        self.offerings: dict[str, Offering] = {}  # as they are now, and as much of them as decides who sees them
        self.access_revision = 0  # of the newest change that may have given or taken rights
        self.position = 0
        self.closing = False
        self.well = True
        self.on_turn: list[Callable[[bool], Awaitable[None]]] = []

    async def start(self) -> None:
        """Begin after the newest change."""
        async with self._store.snapshot() as snapshot:
            self.position = snapshot.revision
            async for page in snapshot.documents(["offering"]):
                for _, name, document in page:
                    self._capabilities[name] = capabilities_in(document)
                    self.offerings[name] = reduced(Offering.FromString(document))

    async def run(self) -> None:
        """Follow until cancelled."""
        while not self.closing:
            try:
                await self._store.committed(self.position, RETRY_SECONDS)
                while self.position < self._store.head_revision and await self._follow():
                    pass
                await self._turn(well=True)
            except RegistryError as error:
                log.warning("tail.interrupted", reason=error.reason)
                await self._turn(well=False)
                await asyncio.sleep(RETRY_SECONDS)

    def close(self) -> None:
        """Wake every watcher, so that it ends."""
        self.closing = True
        self._wake()

    async def head(self) -> Head:
        """How far the ledger has come."""
        return await self._store.read(lambda view: view.head())

    async def since(self, revision: int) -> Sequence[Entry]:
        """What follows from `revision` on, as far as it is at hand; empty at the end.

        Errors: REVISION_COMPACTED when the history was dropped in the meantime.
        """
        if revision > self.position:
            return ()
        if self._ring and revision >= self._ring[0].revision:
            first = revision - self._ring[0].revision
            return _portion(self._ring[first : first + PAGE])
        return await self._store.read(lambda view: self._old(view, revision))

    async def wait(self, revision: int, timeout: float) -> None:
        """Until something from `revision` on is at hand, the tail closes, or `timeout` seconds passed."""
        if revision <= self.position or self.closing:
            return
        loop = asyncio.get_running_loop()
        moved: asyncio.Future[None] = loop.create_future()
        self._waiting.add(moved)
        self.deadlines.set(moved, loop.time() + timeout, partial(_ring, moved))
        try:
            await moved
        finally:
            self._waiting.discard(moved)
            self.deadlines.clear(moved)

    async def _turn(self, *, well: bool) -> None:
        """Tell it when the store has gone out of reach, or is there again."""
        if well != self.well:
            self.well = well
            for told in self.on_turn:
                await told(well)

    async def _follow(self) -> bool:
        """Take in the next page; False at the end."""
        start, known = self.position + 1, dict[str, Capabilities]()

        def encoded(changes: Sequence[Change]) -> list[Entry]:
            return _entries(changes, lambda owner, _: self._capabilities.get(owner, NONE), known)

        def read(view: View) -> tuple[list[Entry], bool]:
            return encoded(view.changes(start, PAGE)), view.head().floor <= start

        if changes := self._store.newest(start):
            entries, whole = encoded(changes), True
            await asyncio.sleep(0)  # what needs no thread must leave the loop to others by itself
        else:
            entries, whole = await self._store.read(read)
        if not whole:  # what nobody has read was dropped: from here on the ring has no hole
            self._ring, self._bytes = [], 0
        self._capabilities |= known
        if entries:
            self._append(entries)
        return bool(entries)

    def _old(self, view: View, start: int) -> Sequence[Entry]:
        floor = view.head().floor
        if start < floor:
            text = f"Revision {start} is no longer kept; the oldest is {floor}: start again from a snapshot."
            raise Gone("REVISION_COMPACTED", text, requested_revision=start, floor_revision=floor)

        def known_before(owner: str, revision: int) -> Capabilities:
            document = view.before(owner, revision)
            return capabilities_in(document) if document is not None else (NONE if floor == 1 else None)

        return _portion(_entries(view.changes(start, PAGE), known_before, {}))

    def _append(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.kind == "offering":
                self.offerings[entry.name] = entry.subject
            elif entry.kind in GIVING:
                self.access_revision = entry.revision
        self._ring += entries
        self._bytes += sum(len(entry.data) for entry in entries)
        while self._ring and (len(self._ring) > RING_ENTRIES or self._bytes > RING_BYTES):
            dropped, self._ring = self._ring[:PAGE], self._ring[PAGE:]
            self._bytes -= sum(len(entry.data) for entry in dropped)
        self.position = entries[-1].revision
        self._wake()

    def _wake(self) -> None:
        for moved in self._waiting:
            _ring(moved)


def _ring(moved: "asyncio.Future[None]") -> None:
    if not moved.done():
        moved.set_result(None)


def capabilities_in(document: bytes) -> frozenset[str]:
    """The capabilities that an offering's document names."""
    return frozenset(Offering.FromString(document).capabilities)


def offering_of(change: Change) -> str:
    """The offering that a changed resource belongs to; '' when there is none."""
    match change.kind:
        case "offering":
            return change.name
        case "release":
            return parent(change.name)
        case "agreement":
            return change.resource.agreement.offering
        case "subscription":
            return change.resource.subscription.offering
    return ""


def _entries(
    changes: Sequence[Change], before: Callable[[str, int], Capabilities], known: dict[str, Capabilities]
) -> list[Entry]:
    """A page of the ledger, encoded. `known` follows the offerings from change to change; `before` tells the first."""
    found: list[Entry] = []
    for change in changes:
        owner = offering_of(change)
        if owner and owner not in known:
            known[owner] = before(owner, change.revision)
        capabilities = known[owner] if owner else NONE
        if change.kind == "offering":
            known[owner] = after = frozenset(change.resource.offering.capabilities)
            capabilities = None if capabilities is None else capabilities | after
        found.append(_encoded(change, capabilities))
    return found


def _encoded(change: Change, capabilities: Capabilities) -> Entry:
    data = WatchResponse(change=change).SerializeToString()
    subject = reduced(getattr(change.resource, change.kind))
    return Entry(change.revision, change.batch_end_revision, change.kind, change.name, capabilities, data, subject)


def _portion(entries: Sequence[Entry]) -> Sequence[Entry]:
    """As many as a watcher may hold on to while it waits for its reader: at least one, and not many bytes."""
    size = 0
    for number, entry in enumerate(entries):
        size += len(entry.data)
        if size > PAGE_BYTES and number:
            return entries[:number]
    return entries
