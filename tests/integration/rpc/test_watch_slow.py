"""Readers that cannot keep up, and a server that could not: cut with the truth about where to go on."""

import asyncio
import functools
import os
from typing import Any

import grpc
import pytest

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.app import running
from registry.rpc.tail import Tail
from registry.rpc.watch import Limits
from registry.settings import Settings
from registry.store import ledger
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

SMALL_WINDOW = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536)]


async def fill(api: Api, key: str, count: int = 40, size: int = 60_000) -> None:
    """Some mebibytes of organisations."""
    text = {f"k{number}": "x" * 4000 for number in range(size // 4000)}
    for first in range(0, count, 20):
        bodies = [
            {"name": f"organisations/{key}{first + n}", "kind": 1, "title": {"sv": "B"}, "annotations": text}
            for n in range(20)
        ]
        await api.definitions.Apply(ApplyRequest(resources=[{"organisation": body} for body in bodies], atomic=True))


async def read_on(call: Any, pause: float) -> list[str]:
    """The events' kinds up to the end, one after a while."""
    found = []
    async with asyncio.timeout(60):
        async for event in call:
            found.append(event.WhichOneof("event"))
            await asyncio.sleep(pause)  # a slow reader is what is tested
    return found


@pytest.mark.parametrize(("slow", "whole", "pause"), [(0.5, 30.0, 1.0), (30.0, 1.0, 0.05)])
async def test_a_reader_cut_in_its_snapshot_starts_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, slow: float, whole: float, pause: float
) -> None:
    """There is no place to resume from: following the head of that time would lose what was not sent.

    The transaction behind the snapshot ends with it, so that the write-ahead log can be used anew.
    """
    settings.slow_reader_seconds = slow
    monkeypatch.setattr("registry.app.Limits", functools.partial(Limits, snapshot=whole))
    async with (
        running(settings) as registry,
        grpc.aio.insecure_channel(registry.grpc_address, options=SMALL_WINDOW) as narrow,
        grpc.aio.insecure_channel(registry.grpc_address) as wide,
    ):
        await fill(Api(wide), "a", 80)
        call = Api(narrow).feed.Watch(WatchRequest(with_snapshot=True))
        await call.initial_metadata()
        await fill(Api(wide), "b", 80)
        log = f"{settings.url().removeprefix('sqlite:///')}-wal"
        with pytest.raises(grpc.aio.AioRpcError) as cut:
            await read_on(call, pause)
        grown = await asyncio.to_thread(os.path.getsize, log)
        await fill(Api(wide), "c", 240)  # thirty mebibytes, were the log not used anew
        assert await asyncio.to_thread(os.path.getsize, log) <= grown + 6 * 2**20
    code, why, words = reason(cut.value)
    assert (code, why, words["resume_revision"]) == ("RESOURCE_EXHAUSTED", "SLOW_READER", "0")


async def test_a_server_that_stops_in_a_snapshot_says_so(settings: Settings) -> None:
    server = running(settings)
    registry = await server.__aenter__()
    async with grpc.aio.insecure_channel(registry.grpc_address, options=SMALL_WINDOW) as narrow:
        async with grpc.aio.insecure_channel(registry.grpc_address) as wide:
            await fill(Api(wide), "a", 600, 8000)  # more than a page of the snapshot
        call = Api(narrow).feed.Watch(WatchRequest(with_snapshot=True))
        await call.initial_metadata()
        stopping = asyncio.ensure_future(server.__aexit__(None, None, None))
        with pytest.raises(grpc.aio.AioRpcError) as cut:
            await read_on(call, 0)
        await stopping
    code, why, words = reason(cut.value)
    assert (code, why, words["resume_revision"]) == ("UNAVAILABLE", "STREAM_ENDED", "0")


async def test_a_follower_overtaken_by_compaction_does_not_hide_the_gap(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server itself had not read what was dropped: who waits for it hears so, others go on from the floor."""
    let_go = asyncio.Event()
    honest = Tail._follow

    async def follow(self: Tail) -> bool:
        await let_go.wait()
        return await honest(self)

    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        waiting = api.feed.Watch(WatchRequest(start_revision=3))
        await waiting.initial_metadata()
        monkeypatch.setattr(Tail, "_follow", follow)
        monkeypatch.setattr(registry.store, "newest", lambda _start: ())  # as if another server had written
        for key in "bcde":
            await api.body(key)
        ledger.compact(registry.store._write_engine, 7)  # type: ignore[attr-defined]
        let_go.set()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await take(waiting, 1)
        code, why, words = reason(refused.value)
        assert (code, why, words["floor_revision"]) == ("OUT_OF_RANGE", "REVISION_COMPACTED", "7")
        following = await take(api.feed.Watch(WatchRequest(start_revision=7)), 4)
        assert [change.revision for change in following] == [7, 8, 9, 10]
