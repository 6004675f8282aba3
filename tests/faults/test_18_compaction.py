"""Fault 18: Watch and ListChanges beside compaction: the exact status in each case, and never a silent gap."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import ListChangesRequest, WatchRequest
from registry.app import Running, running
from registry.rpc import tail
from registry.settings import Settings
from registry.store import ledger
from tests.faults.history import Stream
from tests.faults.validators import changes_of, promises
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

COUNT, FLOOR = 10, 5
TOO_OLD = {"floor_revision": str(FLOOR)}
TOO_NEW = {"head_revision": str(COUNT)}
SMALL_WINDOW = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536)]


async def fill(api: Api, count: int, size: int = 0) -> None:
    """So many changes, in one command."""
    text = {"k": "x" * size} if size else {}
    bodies = [
        {"name": f"organisations/b{number}", "kind": 1, "title": {"sv": "B"}, "annotations": text}
        for number in range(count)
    ]
    await api.definitions.Apply(ApplyRequest(resources=[{"organisation": body} for body in bodies], atomic=True))


def compact(registry: Running, floor: int) -> None:
    """Drop what lies below the floor."""
    ledger.compact(registry.store._write_engine, floor)  # type: ignore[attr-defined]


EXPECTED: dict[int, Any] = {
    1: ("OUT_OF_RANGE", "REVISION_COMPACTED", TOO_OLD),
    FLOOR - 1: ("OUT_OF_RANGE", "REVISION_COMPACTED", TOO_OLD),
    FLOOR: list(range(FLOOR, COUNT + 1)),
    FLOOR + 1: list(range(FLOOR + 1, COUNT + 1)),
    COUNT: [COUNT],
    COUNT + 1: [],  # the next one: nothing yet
    COUNT + 2: ("FAILED_PRECONDITION", "REVISION_IN_FUTURE", TOO_NEW),
    2**62: ("FAILED_PRECONDITION", "REVISION_IN_FUTURE", TOO_NEW),
}


@pytest.mark.parametrize("call", ["watched", "listed"])
async def test_fault_18_each_start_has_its_answer(database_url: str, tmp_path: Path, call: str) -> None:
    settings = Settings(data=tmp_path, database_url=database_url, grpc_address="127.0.0.1:0", web_address="")
    ask = {"watched": watched, "listed": listed}[call]
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        await fill(Api(channel), COUNT)
        compact(registry, FLOOR)
        answers: dict[int, Any] = {}
        for start in EXPECTED:
            try:
                answers[start] = await ask(Api(channel), start)
            except grpc.aio.AioRpcError as refused:
                code, why, words = reason(refused)
                assert words.pop("requested_revision") == str(start)
                answers[start] = code, why, words
    assert answers == EXPECTED


async def listed(api: Api, start: int) -> list[int]:
    page = await api.feed.ListChanges(ListChangesRequest(start_revision=start))
    return [change.revision for change in page.changes]


async def watched(api: Api, start: int) -> list[int]:
    """What comes before the first bookmark, which must stand at the head."""
    found: list[int] = []
    async for event in api.feed.Watch(WatchRequest(start_revision=start, progress_interval={"nanos": 100_000_000})):
        if event.WhichOneof("event") == "progress":
            assert event.progress.revision == COUNT
            break
        found.append(event.change.revision)
    return found


async def test_fault_18_a_reader_overtaken_by_compaction_hears_of_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a stream has sent is without a gap, and when what follows is gone it ends with the floor."""
    monkeypatch.setattr(tail, "PAGE", 10)
    count, floor = 400, 390
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        await fill(Api(channel), count, size=4000)
        truth = list((await Api(channel).feed.ListChanges(ListChangesRequest(page_size=1000))).changes)
    async with (  # a new server: the newest changes are not at hand in its memory
        running(settings) as registry,
        grpc.aio.insecure_channel(registry.grpc_address, options=SMALL_WINDOW) as channel,
    ):
        call = Api(channel).feed.Watch(WatchRequest(start_revision=1))
        recorded = Stream(1)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await drain(call, recorded, lambda: compact(registry, floor))
    code, why, words = reason(refused.value)
    sent = [change.revision for change in changes_of(recorded)]
    assert (code, why, words["floor_revision"]) == ("OUT_OF_RANGE", "REVISION_COMPACTED", str(floor))
    assert words["requested_revision"] == str(sent[-1] + 1)
    assert 1 < len(sent) < floor
    assert promises([recorded], truth) == []


async def drain(call: Any, recorded: Stream, at_first: Callable[[], None]) -> None:
    """Record to the end; something happens after the first event."""
    async with asyncio.timeout(30):
        async for event in call:
            recorded.events.append(event)
            if len(recorded.events) == 1:
                at_first()


async def test_fault_18_a_reader_of_what_is_kept_does_not_notice(settings: Settings) -> None:
    """Compaction up to the head takes nothing from a stream that has seen everything."""
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await fill(api, COUNT)
        stream = api.feed.Watch(WatchRequest(start_revision=1))
        before = [change.revision for change in await take(stream, COUNT)]
        compact(registry, COUNT + 1)
        await api.body("later")
        after = [change.revision for change in await take(stream, 2)]
    assert (before, after) == (list(range(1, COUNT + 1)), [COUNT + 1, COUNT + 2])
