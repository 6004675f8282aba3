"""Watch: the ledger as a stream that is ordered, unique, reliable, atomic, resumable and bookmarkable."""

import asyncio
import contextlib
import random
from typing import Any

import structlog
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import Progress, SnapshotEnd, WatchRequest, WatchResponse
from registry.errors import Invalid, RegistryError, TooLarge, Unavailable
from registry.rpc.buckets import UnderWay
from registry.rpc.caller import metadata_of
from registry.rpc.doorkeeper import Doorkeeper
from registry.rpc.errors import abort
from registry.rpc.tail import Capabilities, Tail, capabilities_in, offering_of
from registry.rpc.viewer import Limits, Viewer
from registry.services.feed import check_kinds, check_start
from registry.store import Store
from registry.telemetry.metrics import WATCHERS

PATH = "/gemensam.registry.v1.FeedService/Watch"
DEFAULT_PROGRESS, LEAST_PROGRESS = 10.0, 0.1
log = structlog.get_logger(__name__)
SNAPSHOT_TYPE = "se.gemensam.registry.{}.snapshot.v1"


class Watching:
    """One stream. `next` is the revision that follows what has been sent or passed over."""

    def __init__(self, request: WatchRequest, context: Any, tail: Tail, store: Store, viewer: Viewer) -> None:
        self._request, self._context, self._tail, self._store = request, context, tail, store
        self._viewer, self._limits = viewer, viewer.limits
        limits = viewer.limits
        self._kinds, self._capabilities = frozenset(request.kinds), frozenset(request.capabilities)
        self._interval = _interval(request)
        self._generation = ""
        self._next = 0
        self._whole = True
        self._snapshot_until = 0.0  # while one is sent
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]
        self._is_late = False
        self._end = loop.time() + limits.stream * random.uniform(1.0, 1.2)  # noqa: S311 - jitter is no secret
        self._sent_at = loop.time()

    async def run(self) -> None:
        """Send until the client leaves, the stream's time is over, or the server stops."""
        await self._begin()
        if self._request.with_snapshot:
            await self._snapshot()
        while not self._tail.closing and self._now() < self._end:
            entries = await self._tail.since(self._next)
            if entries:
                await self._viewer.look()
            for entry in entries:
                if self._wanted(entry.kind, entry.name, entry.capabilities) and self._viewer.sees(entry):
                    await self._write(entry.data)
                self._next, self._whole = entry.revision + 1, entry.revision >= entry.batch_end
            if not entries:
                left = min(self._sent_at + self._interval, self._end) - self._now()
                await self._tail.wait(self._next, max(left, 0.0))
            if self._now() - self._sent_at >= self._interval and self._whole:
                await self._progress()
        raise self._ended()

    async def _begin(self) -> None:
        await self._viewer.look()
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
        count, owners = 0, dict[str, Capabilities]()
        self._snapshot_until = self._now() + self._limits.snapshot
        async with self._store.snapshot(self._viewer.sight) as snapshot:
            async for page in snapshot.documents(self._snapshot_kinds()):
                if self._tail.closing:
                    raise self._ended()
                for kind, name, document in page:
                    change = _as_change(kind, name, document, snapshot.generation)
                    if kind == "offering":
                        owners[name] = capabilities_in(document)
                    if self._wanted(kind, name, owners.get(offering_of(change), frozenset())):
                        await self._write(WatchResponse(change=change).SerializeToString())
                        count += 1
            end = SnapshotEnd(revision=snapshot.revision, generation=snapshot.generation, count=count)
            self._next = snapshot.revision + 1
        await self._write(WatchResponse(snapshot_end=end).SerializeToString())
        self._snapshot_until = 0.0

    def _snapshot_kinds(self) -> tuple[str, ...]:
        """What to read: what is wanted, and offerings first where their capabilities decide."""
        if self._capabilities and self._kinds:
            return (*self._kinds, "offering")
        return tuple(self._kinds)

    async def _progress(self) -> None:
        time = Timestamp()
        time.GetCurrentTime()
        progress = Progress(revision=self._next - 1, generation=self._generation, time=time)
        await self._write(WatchResponse(progress=progress).SerializeToString())

    def _wanted(self, kind: str, name: str, capabilities: Capabilities) -> bool:
        if self._kinds and kind not in self._kinds:
            return False
        if not name.startswith(self._request.name_prefix):
            return False
        return not self._capabilities or capabilities is None or not self._capabilities.isdisjoint(capabilities)

    async def _write(self, data: bytes) -> None:
        seconds = self._limits.slow_reader
        if self._snapshot_until:
            seconds = min(seconds, self._snapshot_until - self._now())
        self._tail.deadlines.set(self, self._now() + seconds, self._late)
        try:
            await self._context.write(data)
        except asyncio.CancelledError:
            if not self._is_late:
                raise
            self._task.uncancel()
            raise self._cut() from None
        finally:
            self._tail.deadlines.clear(self)
        self._sent_at = self._now()

    def _late(self) -> None:
        self._is_late = True
        self._task.cancel()

    def _ended(self) -> Unavailable:
        resume, advice = self._resume()
        return Unavailable(
            "STREAM_ENDED", f"The stream ends; {advice}.", resume_revision=resume, generation=self._generation
        )

    def _cut(self) -> TooLarge:
        """The reader does not keep up."""
        resume, advice = self._resume()
        log.warning("watch.slow_reader_cut", resume_revision=resume)
        text = f"The reader took too long for a message or for the snapshot; {advice}."
        return TooLarge("SLOW_READER", text, resume_revision=resume, generation=self._generation)

    def _resume(self) -> tuple[int, str]:
        """Where to go on; 0 in the middle of a snapshot, where there is no such place."""
        if self._snapshot_until:
            return 0, "start again with a snapshot"
        return self._next, f"resume from revision {self._next}"


def _as_change(kind: str, name: str, document: bytes, generation: str) -> Change:
    change = Change(generation=generation, kind=kind, name=name, event_type=SNAPSHOT_TYPE.format(kind))
    resource = getattr(change.resource, kind)
    resource.MergeFromString(document)
    change.revision, change.etag = resource.revision, resource.etag
    change.time.CopyFrom(resource.update_time)
    return change


def _interval(request: WatchRequest) -> float:
    if not request.HasField("progress_interval"):
        return DEFAULT_PROGRESS
    seconds = request.progress_interval.ToMilliseconds() / 1000
    if seconds < LEAST_PROGRESS:
        what = "must be at least 100 ms"
        field = "progress_interval"
        raise Invalid("FIELD_INVALID", f"{field} {what}.", violations=[(field, what)], field=field)
    return seconds


def handler(tail: Tail, store: Store, limits: Limits, door: Doorkeeper) -> Any:
    """The handler of Watch."""
    streams = UnderWay("streams", limits.streams)

    async def watch(data: bytes, context: Any) -> None:
        caller = None
        try:
            caller = await door.enter(context, metadata_of(context))
            counted = streams.one(caller.actor) if not caller.authority.unlimited else contextlib.nullcontext()
            with counted, WATCHERS.track_inprogress():
                viewer = Viewer(door, context, tail, store, limits)
                await Watching(_decoded(data), context, tail, store, viewer).run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets a reason
            if isinstance(error, RegistryError):
                door.refused(context, caller, PATH, error)
            await abort(context, error, PATH)

    return watch


def _decoded(data: bytes) -> WatchRequest:
    try:
        return WatchRequest.FromString(data)
    except DecodeError as error:
        raise Invalid("FIELD_INVALID", "The request is not a WatchRequest: compare the protos.", field="") from error
