"""The six promises of Watch by name, and what it refuses."""

import asyncio
import itertools
from typing import Any

import grpc
import pytest

from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.app import running
from registry.settings import Settings
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


async def test_watch_is_ordered_unique_and_reliable(api: Api) -> None:
    stream = api.feed.Watch(WatchRequest(start_revision=1))
    await asyncio.gather(*(api.body(f"b{number}") for number in range(50)))
    changes = await take(stream, 100)
    assert [change.revision for change in changes] == list(range(1, 101))
    assert len({change.hash for change in changes}) == 100
    assert all(after.previous_hash == before.hash for before, after in itertools.pairwise(changes))


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
    ("request_", "code", "why"),
    [
        ({"start_revision": -1}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"generation": "another"}, "FAILED_PRECONDITION", "GENERATION_MISMATCH"),
        ({"kinds": ["planet"]}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"start_revision": 1, "with_snapshot": True}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"progress_interval": {"nanos": 99_000_000}}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    ],
)
async def test_watch_refuses_what_it_cannot_do(api: Api, request_: dict[str, Any], code: str, why: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.feed.Watch(WatchRequest(**request_)).read()
    assert reason(refused.value)[:2] == (code, why)


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
