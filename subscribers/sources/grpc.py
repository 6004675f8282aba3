"""Follows the registry by Watch: resumes after a cut, and asks for a snapshot when it cannot."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import WatchRequest, WatchResponse
from subscribers.backoff import Backoff
from subscribers.client import Client, RegistryRefused
from subscribers.events import Changed, Event, Position, Reached, SnapshotEnd, SnapshotStart

KINDS = ("offering", "release", "subscription")
PROGRESS_SECONDS = 10
SILENCE_SECONDS = 3 * PROGRESS_SECONDS
_UNRESUMABLE = {"REVISION_COMPACTED", "REVISION_IN_FUTURE", "GENERATION_MISMATCH"}
log = structlog.get_logger(__name__)


class GrpcSource:
    """Watch as a source."""

    def __init__(self, client: Client, *, kinds: tuple[str, ...] = KINDS) -> None:
        self._client, self._kinds = client, kinds
        self._position = Position()

    async def follow(self, position: Position) -> AsyncGenerator[Event, None]:
        """What came after the position, then what comes."""
        self._position = position
        backoff = Backoff()
        while True:
            try:
                async with aclosing(self._stream()) as events:
                    async for event in events:
                        backoff.reset()
                        yield event
            except RegistryRefused as refused:
                if refused.reason in _UNRESUMABLE:
                    log.warning("source.snapshot_needed", reason=refused.reason)
                    self._position = Position()
                    continue
                level = log.info if refused.reason == "STREAM_ENDED" else log.warning
                level("source.interrupted", code=refused.code, reason=refused.reason)
            except TimeoutError:
                log.warning("source.silent", seconds=SILENCE_SECONDS)
            await asyncio.sleep(backoff.next())

    async def taken(self, events: Sequence[Event]) -> None:
        """Nobody counts them elsewhere."""

    async def _stream(self) -> AsyncGenerator[Event, None]:
        fresh = not self._position.generation
        request = WatchRequest(kinds=self._kinds, with_snapshot=fresh)
        request.progress_interval.FromSeconds(PROGRESS_SECONDS)
        if not fresh:
            request.start_revision, request.generation = self._position.revision + 1, self._position.generation
        begun = not fresh
        async with aclosing(self._client.watch(request)) as stream:
            while (response := await _next(stream)) is not None:
                if not begun:
                    begun = True
                    yield SnapshotStart()
                for event in self._events(response, in_snapshot=fresh):
                    yield event
                fresh = fresh and not response.HasField("snapshot_end")

    def _events(self, response: WatchResponse, *, in_snapshot: bool) -> list[Event]:
        match response.WhichOneof("event"):
            case "change":
                change = response.change
                whole = not in_snapshot and change.revision == change.batch_end_revision
                return [changed(change), *([self._reached(change.generation, change.revision)] if whole else [])]
            case "snapshot_end":
                end = response.snapshot_end
                return [SnapshotEnd(), self._reached(end.generation, end.revision)]
            case "progress":
                return [self._reached(response.progress.generation, response.progress.revision)]
        return []

    def _reached(self, generation: str, revision: int) -> Reached:
        self._position = Position(generation, revision)
        return Reached(self._position)


def changed(change: Change) -> Changed:
    """A change as an event. Without an etag it is a deletion."""
    document = getattr(change.resource, change.kind).SerializeToString() if change.etag else None
    system = change.resource.subscription.system
    return Changed(change.kind, change.name, change.revision, document, change.traceparent, system)


async def _next(stream: AsyncGenerator[WatchResponse, None]) -> WatchResponse | None:
    async with asyncio.timeout(SILENCE_SECONDS):
        return await anext(stream, None)
