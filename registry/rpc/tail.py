"""One follower of the ledger for the process: each change is read and encoded once, however many watch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import WatchResponse
from registry.api.v1.offering_pb2 import Offering
from registry.domain.names import parent
from registry.errors import Gone, RegistryError
from registry.store import Head, Store, View

PAGE, RING_ENTRIES, RING_BYTES, RETRY_SECONDS = 500, 8192, 32 * 1024 * 1024, 0.5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change ready to be sent. `capabilities` are those of its offering, before and after the change."""

    revision: int
    batch_end: int
    kind: str
    name: str
    capabilities: frozenset[str]
    data: bytes


class Tail:
    """A bounded ring of the newest changes. Watchers keep a position and nothing else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ring: list[Entry] = []
        self._bytes = 0
        self._moved = asyncio.Event()
        self._capabilities: dict[str, frozenset[str]] = {}
        self.position = 0
        self.closing = False

    async def start(self) -> None:
        """Begin after the newest change."""
        async with self._store.snapshot() as snapshot:
            self.position = snapshot.revision
            async for page in snapshot.documents(["offering"]):
                for _, name, document in page:
                    self._capabilities[name] = frozenset(Offering.FromString(document).capabilities)

    async def run(self) -> None:
        """Follow until cancelled."""
        while not self.closing:
            try:
                await self._store.committed(self.position, RETRY_SECONDS)
                while entries := await self._store.read(lambda view: self._read(view, self.position + 1)):
                    self._append(entries)
            except RegistryError as error:
                log.warning("tail.interrupted", reason=error.reason)
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
            return self._ring[first : first + PAGE]
        return await self._store.read(lambda view: self._old(view, revision))

    async def wait(self, revision: int, timeout: float) -> None:
        """Until something from `revision` on is at hand, the tail closes, or `timeout` seconds passed."""
        if revision <= self.position or self.closing:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._moved.wait()
        except TimeoutError:
            return

    def capabilities_of(self, kind: str, name: str, offering: str) -> frozenset[str]:
        """Capabilities of the offering that a resource belongs to; none when it has no offering."""
        owner = {"offering": name, "release": parent(name), "subscription": offering}.get(kind, "")
        return self._capabilities.get(owner, frozenset())

    def _read(self, view: View, start: int) -> list[Entry]:
        return [self.entry(change) for change in view.changes(start, PAGE)]

    def _old(self, view: View, start: int) -> list[Entry]:
        floor = view.head().floor
        if start < floor:
            text = f"Revision {start} is no longer kept; the oldest is {floor}: start again from a snapshot."
            raise Gone("REVISION_COMPACTED", text, requested_revision=start, floor_revision=floor)
        return self._read(view, start)

    def entry(self, change: Change) -> Entry:
        """Encode a change."""
        resource = change.resource
        known = self.capabilities_of(change.kind, change.name, resource.subscription.offering)
        if change.kind == "offering":
            known |= frozenset(resource.offering.capabilities)
        data = WatchResponse(change=change).SerializeToString()
        return Entry(change.revision, change.batch_end_revision, change.kind, change.name, known, data)

    def _append(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.kind == "offering":
                self._capabilities[entry.name] = entry.capabilities
        self._ring += entries
        self._bytes += sum(len(entry.data) for entry in entries)
        while self._ring and (len(self._ring) > RING_ENTRIES or self._bytes > RING_BYTES):
            dropped, self._ring = self._ring[:PAGE], self._ring[PAGE:]
            self._bytes -= sum(len(entry.data) for entry in dropped)
        self.position = entries[-1].revision
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
