"""Watch: the ledger as a stream that is ordered, unique, reliable, atomic, resumable and bookmarkable."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import structlog
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import Progress, SnapshotEnd, WatchRequest, WatchResponse
from registry.errors import Invalid, TooLarge, Unavailable
from registry.rpc.errors import abort
from registry.rpc.tail import Entry, Tail
from registry.services.feed import check_kinds, check_start
from registry.store import Store

PATH = "/gemensam.registry.v1.FeedService/Watch"
DEFAULT_PROGRESS, LEAST_PROGRESS = 10.0, 0.1
log = structlog.get_logger(__name__)
SNAPSHOT_TYPE = "se.gemensam.registry.{}.snapshot.v1"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: how long one write may take before the reader is cut, and how long a stream lives (plus jitter)."""

    slow_reader: float = 30.0
    stream: float = 1800.0


class Watching:
    """One stream. `next` is the revision that follows what has been sent or passed over."""

    def __init__(self, request: WatchRequest, context: Any, tail: Tail, store: Store, limits: Limits) -> None:
        self._request, self._context, self._tail, self._store, self._limits = request, context, tail, store, limits
        self._kinds, self._capabilities = frozenset(request.kinds), frozenset(request.capabilities)
        self._interval = _interval(request)
        self._generation = ""
        self._next = 0
        self._whole = True
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._end = loop.time() + limits.stream * random.uniform(1.0, 1.2)  # noqa: S311 - jitter is no secret
        self._sent_at = loop.time()

    async def run(self) -> None:
        """Send until the client leaves, the stream's time is over, or the server stops."""
        await self._begin()
        if self._request.with_snapshot:
            await self._snapshot()
        while not self._tail.closing and self._now() < self._end:
            entries = await self._tail.since(self._next)
            for entry in entries:
                if self._wanted(entry.kind, entry.name, entry.capabilities):
                    await self._write(entry.data)
                self._next, self._whole = entry.revision + 1, entry.revision >= entry.batch_end
            if not entries:
                left = min(self._sent_at + self._interval, self._end) - self._now()
                await self._tail.wait(self._next, max(left, 0.0))
            if self._now() - self._sent_at >= self._interval and self._whole:
                await self._progress()
        text = f"The stream ends; resume from revision {self._next}."
        raise Unavailable("STREAM_ENDED", text, resume_revision=self._next, generation=self._generation)

    async def _begin(self) -> None:
        request, head = self._request, await self._tail.head()
        check_kinds(request.kinds)
        check_start(request.start_revision, request.generation, head)
        if request.with_snapshot and request.start_revision:
            what = "must be 0 with a snapshot: changes follow from the snapshot's revision"
            raise Invalid(
                "FIELD_INVALID",
                f"start_revision {what}.",
                violations=[("start_revision", what)],
                field="start_revision",
            )
        self._generation = head.generation
        self._next = request.start_revision or head.revision + 1
        await self._context.send_initial_metadata(())  # from here on, nothing is missed

    async def _snapshot(self) -> None:
        count = 0
        async with self._store.snapshot() as snapshot:
            async for page in snapshot.documents(self._request.kinds):
                for kind, name, document in page:
                    change = Change(generation=snapshot.generation, kind=kind, name=name)
                    change.event_type = SNAPSHOT_TYPE.format(kind)
                    getattr(change.resource, kind).MergeFromString(document)
                    resource = getattr(change.resource, kind)
                    change.revision, change.etag = resource.revision, resource.etag
                    change.time.CopyFrom(resource.update_time)
                    owner = self._tail.capabilities_of(kind, name, change.resource.subscription.offering)
                    if self._wanted(kind, name, owner):
                        await self._write(WatchResponse(change=change).SerializeToString())
                        count += 1
            end = SnapshotEnd(revision=snapshot.revision, generation=snapshot.generation, count=count)
            self._next = snapshot.revision + 1
        await self._write(WatchResponse(snapshot_end=end).SerializeToString())

    async def _progress(self) -> None:
        time = Timestamp()
        time.GetCurrentTime()
        progress = Progress(revision=self._next - 1, generation=self._generation, time=time)
        await self._write(WatchResponse(progress=progress).SerializeToString())

    def _wanted(self, kind: str, name: str, capabilities: frozenset[str]) -> bool:
        if self._kinds and kind not in self._kinds:
            return False
        if not name.startswith(self._request.name_prefix):
            return False
        return not self._capabilities or not self._capabilities.isdisjoint(capabilities)

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._limits.slow_reader):
                await self._context.write(data)
        except TimeoutError:
            log.warning("watch.slow_reader_cut", resume_revision=self._next)
            text = f"The reader took over {self._limits.slow_reader} s for a message; resume from {self._next}."
            raise TooLarge("SLOW_READER", text, resume_revision=self._next, generation=self._generation) from None
        self._sent_at = self._now()


def _interval(request: WatchRequest) -> float:
    if not request.HasField("progress_interval"):
        return DEFAULT_PROGRESS
    seconds = request.progress_interval.ToMilliseconds() / 1000
    if seconds < LEAST_PROGRESS:
        what = "must be at least 100 ms"
        field = "progress_interval"
        raise Invalid("FIELD_INVALID", f"{field} {what}.", violations=[(field, what)], field=field)
    return seconds


def handler(tail: Tail, store: Store, limits: Limits) -> Any:
    """The handler of Watch."""

    async def watch(data: bytes, context: Any) -> None:
        try:
            await Watching(_decoded(data), context, tail, store, limits).run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets a reason
            await abort(context, error, PATH)

    return watch


def _decoded(data: bytes) -> WatchRequest:
    try:
        return WatchRequest.FromString(data)
    except DecodeError as error:
        raise Invalid("FIELD_INVALID", "The request is not a WatchRequest: compare the protos.", field="") from error


__all__ = ["PATH", "Entry", "Limits", "handler"]
