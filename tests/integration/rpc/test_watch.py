"""The six promises of Watch by name, and what it refuses."""

import asyncio
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.app import Running, running
from registry.settings import Settings
from registry.store import ledger
from tests.integration.api import Api, reason


async def take(stream: Any, count: int) -> list[Any]:
    """The next changes of a stream, within half a minute."""
    found: list[Any] = []
    async with asyncio.timeout(30):
        async for response in stream:
            if response.WhichOneof("event") == "change":
                found.append(response.change)
            if len(found) == count:
                return found
    return found


@pytest.fixture
def api(channel: grpc.aio.Channel) -> Api:
    return Api(channel)


async def test_watch_is_ordered_unique_and_reliable(api: Api) -> None:
    stream = api.feed.Watch(WatchRequest(start_revision=1))
    await asyncio.gather(*(api.body(f"b{number}") for number in range(50)))
    changes = await take(stream, 100)
    assert [change.revision for change in changes] == list(range(1, 101))
    assert len({change.hash for change in changes}) == 100
    assert all(after.previous_hash == before.hash for before, after in zip(changes, changes[1:], strict=False))


async def test_watch_is_atomic_and_bookmarkable(api: Api) -> None:
    """Progress never points into the middle of a command's changes, and is a place to resume from."""
    stream = api.feed.Watch(WatchRequest(progress_interval={"nanos": 100_000_000}))
    await stream.initial_metadata()
    await api.body("a")
    bookmarks: list[int] = []
    ends: dict[int, int] = {}
    async with asyncio.timeout(30):
        async for response in stream:
            if response.WhichOneof("event") == "change":
                ends[response.change.revision] = response.change.batch_end_revision
            else:
                bookmarks.append(response.progress.revision)
                if len(bookmarks) == 3:
                    break
    assert bookmarks[-1] == 2
    assert all(ends.get(bookmark, bookmark) == bookmark for bookmark in bookmarks)
    await api.body("b")
    resumed = await take(api.feed.Watch(WatchRequest(start_revision=bookmarks[-1] + 1)), 2)
    assert [change.revision for change in resumed] == [3, 4]


async def test_fault_17_watch_is_resumable_at_every_revision(api: Api) -> None:
    for number in range(25):
        await api.body(f"b{number}")
    seen: list[int] = []
    for start in range(1, 51):
        stream = api.feed.Watch(WatchRequest(start_revision=start))
        (change,) = await take(stream, 1)
        stream.cancel()
        seen.append(change.revision)
    assert seen == list(range(1, 51))


async def test_a_snapshot_comes_first_and_changes_follow_it(api: Api) -> None:
    await api.body("a")
    stream = api.feed.Watch(WatchRequest(with_snapshot=True))
    events = []
    async with asyncio.timeout(30):
        async for response in stream:
            events.append(response)
            if response.WhichOneof("event") == "snapshot_end":
                break
    await api.body("b")
    following = await take(stream, 2)
    assert [event.change.event_type for event in events[:-1]] == [
        "se.gemensam.registry.organisation.snapshot.v1",
        "se.gemensam.registry.system.snapshot.v1",
    ]
    assert (events[-1].snapshot_end.revision, events[-1].snapshot_end.count) == (2, 2)
    assert [change.revision for change in following] == [3, 4]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"kinds": ["offering"]}, ["offerings/permits", "offerings/other"]),
        ({"name_prefix": "offerings/permits"}, ["offerings/permits", "offerings/permits/releases/1.0.0"]),
        ({"kinds": ["system", "release"]}, ["organisations/a/systems/gw", "offerings/permits/releases/1.0.0"]),
    ],
)
async def test_watch_filters_by_kind_and_name(api: Api, request_: dict[str, Any], expected: list[str]) -> None:
    await api.body("a")
    await api.offer("permits")
    await api.publish("permits")
    await api.offer("other")
    found = await take(api.feed.Watch(WatchRequest(start_revision=1, **request_)), len(expected))
    assert [change.name for change in found] == expected


@pytest.mark.parametrize(
    ("request_", "code", "why"),
    [
        ({"start_revision": 1}, "OUT_OF_RANGE", "REVISION_COMPACTED"),
        ({"start_revision": 4}, "OUT_OF_RANGE", "REVISION_COMPACTED"),
        ({"start_revision": 5}, None, None),
        ({"start_revision": 6}, None, None),
        ({"start_revision": 12}, "FAILED_PRECONDITION", "REVISION_IN_FUTURE"),
        ({"start_revision": -1}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"generation": "another"}, "FAILED_PRECONDITION", "GENERATION_MISMATCH"),
        ({"kinds": ["planet"]}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"start_revision": 6, "with_snapshot": True}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"progress_interval": {"nanos": 99_000_000}}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    ],
)
async def test_fault_18_watch_and_compaction(
    api: Api, registry_server: Running, request_: dict[str, Any], code: str | None, why: str | None
) -> None:
    for number in range(5):
        await api.body(f"b{number}")
    ledger.compact(registry_server.store._write_engine, 5)  # type: ignore[attr-defined]
    stream = api.feed.Watch(WatchRequest(**request_))
    if code is None:
        (change,) = await take(stream, 1)
        assert change.revision == request_["start_revision"]
        return
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert reason(refused.value)[:2] == (code, why)


async def test_fault_19_a_stuck_watcher_is_cut_with_a_place_to_resume(settings: Settings) -> None:
    settings.slow_reader_seconds = 0.5
    with capture_logs() as logs:
        await _stuck_and_healthy(settings, logs)


async def _stuck_and_healthy(settings: Settings, logs: Any) -> None:
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.max_frame_size", 16384)]
    async with (
        running(settings) as registry,
        grpc.aio.insecure_channel(registry.grpc_address, options=options) as slow,
        grpc.aio.insecure_channel(registry.grpc_address) as quick,
    ):
        api = Api(quick)
        stuck = Api(slow).feed.Watch(WatchRequest(start_revision=1))
        healthy = api.feed.Watch(WatchRequest(start_revision=1))
        text = {"annotations": {f"k{number}": "x" * 4000 for number in range(60)}}
        await asyncio.gather(*(api.body(f"b{number}", **text) for number in range(40)))
        assert len(await take(healthy, 80)) == 80
        async with asyncio.timeout(30):
            while not any(entry["event"] == "watch.slow_reader_cut" for entry in logs):
                await asyncio.sleep(0)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await take(stuck, 81)
        code, why, words = reason(refused.value)
        assert (code, why) == ("RESOURCE_EXHAUSTED", "SLOW_READER")
        rest = await take(api.feed.Watch(WatchRequest(start_revision=int(words["resume_revision"]))), 1)
        assert rest[0].revision == int(words["resume_revision"])


async def test_streams_end_first_on_a_stop_and_say_where_to_resume(settings: Settings) -> None:
    server = running(settings)
    registry = await server.__aenter__()
    async with grpc.aio.insecure_channel(registry.grpc_address) as opened:
        api = Api(opened)
        stream = api.feed.Watch(WatchRequest(start_revision=1))
        await api.body("a")
        assert len([await stream.read(), await stream.read()]) == 2
        ending = asyncio.create_task(stream.read())
        await server.__aexit__(None, None, None)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ending
    code, why, words = reason(refused.value)
    assert (code, why, words["resume_revision"]) == ("UNAVAILABLE", "STREAM_ENDED", "3")


async def test_the_head_tells_floor_and_hash(api: Api) -> None:
    await api.body("a")
    head = await api.feed.GetHead(GetHeadRequest())
    (_, last) = await take(api.feed.Watch(WatchRequest(start_revision=1)), 2)
    assert (head.revision, head.floor_revision, head.hash) == (2, 1, last.hash)
