"""Following the feed: a cut is gone on from, a place that is lost is replaced by a whole snapshot, and nobody is stormed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import Progress, WatchRequest, WatchResponse
from registry.api.v1.feed_service_pb2 import SnapshotEnd as EndMessage
from registry.api.v1.feed_service_pb2_grpc import FeedServiceServicer, add_FeedServiceServicer_to_server
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.subscription_pb2 import Subscription
from registry.reach import Reach
from subscribers.client import Client
from subscribers.events import Changed, Event, Position, Reached, SnapshotEnd, SnapshotStart
from subscribers.sources import grpc as module
from subscribers.sources.grpc import GrpcSource

Script = Sequence[WatchResponse | str]


def offered(revision: int, batch_end: int = 0) -> WatchResponse:
    change = Change(revision=revision, generation="g", kind="offering", name=f"offerings/o{revision}", etag="e")
    change.batch_end_revision = batch_end or revision
    change.resource.offering.CopyFrom(Offering(name=change.name))
    return WatchResponse(change=change)


def ended(revision: int) -> WatchResponse:
    return WatchResponse(snapshot_end=EndMessage(revision=revision, generation="g"))


def progress(revision: int) -> WatchResponse:
    return WatchResponse(progress=Progress(revision=revision, generation="g"))


class Mouth(FeedServiceServicer):
    """A registry that tells what the test scripts: one script for each call, and a word ends it with that reason."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.asked: list[WatchRequest] = []

    async def Watch(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        self.asked.append(request)
        for each in self.scripts.pop(0) if self.scripts else ():
            if isinstance(each, str):
                await self._refuse(context, each)
            await context.write(each)
        await asyncio.sleep(3600)

    async def _refuse(self, context: Any, reason: str) -> None:
        code = grpc.StatusCode.UNAVAILABLE if reason == "STREAM_ENDED" else grpc.StatusCode.FAILED_PRECONDITION
        detail = AnyMessage()
        detail.Pack(ErrorInfo(reason=reason, domain="registry.gemensam"))
        await context.abort_with_status(
            rpc_status.to_status(Status(code=code.value[0], message="no", details=[detail]))
        )


class Following:
    """A source that follows a mouth."""

    def __init__(self, mouth: Mouth, source: GrpcSource, waits: list[float]) -> None:
        self.mouth, self.source, self.waits = mouth, source, waits

    async def hear(self, count: int, position: Position | None = None) -> list[Event]:
        """The next events."""
        heard: list[Event] = []
        async with asyncio.timeout(20), contextlib.aclosing(self.source.follow(position or Position())) as events:
            async for event in events:
                heard.append(event)
                if len(heard) == count:
                    return heard
        return heard


@pytest.fixture
async def following(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Following]:
    """A source and the server that it follows; its waits are noted and cut short."""
    waits: list[float] = []
    sleep: Callable[[float], Any] = asyncio.sleep

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0.01)

    monkeypatch.setattr(module, "asyncio", type("Clock", (), {"sleep": noted, "timeout": asyncio.timeout}))
    mouth, server = Mouth(), grpc.aio.server()
    add_FeedServiceServicer_to_server(mouth, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = Client(Reach(f"127.0.0.1:{port}"), "organisations/b/systems/gw")
    yield Following(mouth, GrpcSource(client), waits)
    await client.close()
    await server.stop(None)


def short(events: Sequence[Event]) -> list[str]:
    """Events as words."""
    words = []
    for event in events:
        match event:
            case Changed(revision=revision):
                words.append(f"change {revision}")
            case Reached(Position(_, revision)):
                words.append(f"reached {revision}")
            case SnapshotStart() | SnapshotEnd():
                words.append(type(event).__name__)
    return words


async def test_from_nowhere_it_asks_for_a_snapshot_and_then_follows(following: Following) -> None:
    following.mouth.scripts = [[offered(3), offered(5), ended(9), offered(10), progress(12)]]
    heard = short(await following.hear(8))
    assert heard == [
        "SnapshotStart",
        "change 3",
        "change 5",
        "SnapshotEnd",
        "reached 9",
        "change 10",
        "reached 10",
        "reached 12",
    ]
    (asked,) = following.mouth.asked
    assert (asked.with_snapshot, asked.start_revision, asked.generation) == (True, 0, "")
    assert list(asked.kinds) == ["offering", "release", "subscription"]


async def test_a_cut_is_gone_on_from_at_the_last_whole_place(following: Following) -> None:
    following.mouth.scripts = [
        [offered(8), offered(9, 10), "STREAM_ENDED"],
        [offered(9, 10), offered(10, 10)],
    ]
    heard = short(await following.hear(6, Position("g", 7)))
    assert heard == ["change 8", "reached 8", "change 9", "change 9", "change 10", "reached 10"]
    assert [(each.start_revision, each.generation, each.with_snapshot) for each in following.mouth.asked] == [
        (8, "g", False),
        (9, "g", False),
    ]


@pytest.mark.parametrize("reason", ["REVISION_COMPACTED", "REVISION_IN_FUTURE", "GENERATION_MISMATCH"])
async def test_a_place_that_is_lost_is_replaced_by_a_snapshot_at_once(following: Following, reason: str) -> None:
    following.mouth.scripts = [[reason], [offered(3), ended(9)]]
    assert short(await following.hear(4, Position("old", 7))) == [
        "SnapshotStart",
        "change 3",
        "SnapshotEnd",
        "reached 9",
    ]
    assert [each.with_snapshot for each in following.mouth.asked] == [False, True]
    assert following.waits == []


async def test_a_snapshot_that_is_cut_is_begun_again(following: Following) -> None:
    following.mouth.scripts = [[offered(3), "STREAM_ENDED"], [offered(3), ended(9)]]
    heard = short(await following.hear(6))
    assert heard == ["SnapshotStart", "change 3", "SnapshotStart", "change 3", "SnapshotEnd", "reached 9"]


async def test_a_registry_that_refuses_is_asked_less_and_less_often(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.backoff.random.uniform", lambda _low, high: high)
    following.mouth.scripts = [
        *(["PERMISSION_DENIED"] for _ in range(10)),
        [ended(1), "PERMISSION_DENIED"],
        [offered(2)],
    ]
    await following.hear(4)
    assert following.waits == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 0.4]


async def test_a_registry_that_falls_silent_is_left_and_asked_again(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    following.mouth.scripts = [[ended(9)], [offered(10)]]
    assert short(await following.hear(4)) == ["SnapshotStart", "SnapshotEnd", "reached 9", "change 10"]
    assert following.mouth.asked[1].start_revision == 10


def test_a_change_without_an_etag_is_a_deletion_and_tells_whose_it_was() -> None:
    change = Change(revision=7, kind="subscription", name="organisations/b/subscriptions/s", traceparent="t")
    change.resource.subscription.CopyFrom(Subscription(name=change.name, system="organisations/b/systems/gw"))
    assert module.changed(change) == Changed("subscription", change.name, 7, None, "t", "organisations/b/systems/gw")
