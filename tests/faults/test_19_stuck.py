"""Fault 19: one watcher stops reading among 500 healthy ones. It is cut; the others and the server do not notice."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import psutil
import pytest

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.organisation_service_pb2 import CreateOrganisationRequest
from tests.faults.process import server_process
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

HEALTHY, CHANNELS, GROUPS, RATE, SECONDS = 500, 10, 20, 100, 2.0
# A stuck reader is cut only after the healthy ones have everything: had they to wait for it, they would wait that long.
HISTORY, SLOW_SECONDS, MEBIBYTE = 100, 20, 2**20
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
SMALL_WINDOW = [*OWN_CONNECTION, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536)]
WATCH = "/gemensam.registry.v1.FeedService/Watch"
MARK, DIGITS = b"sent at ", 15


class Healthy:
    """Five hundred watchers, a twentieth of them for each group; their delays from the request of a write to its event."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.ready = 0

    async def watch(self, channel: grpc.aio.Channel, group: int) -> None:
        """One watcher. Bytes are not decoded, so that the client's work is not what is measured."""
        request = WatchRequest(name_prefix=f"organisations/g{group}-")
        call = channel.unary_stream(WATCH)(request.SerializeToString())
        await call.initial_metadata()
        self.ready += 1
        async for data in call:
            if (at := data.find(MARK)) >= 0:
                start = at + len(MARK)
                self.delays.append(time.perf_counter() - float(data[start : start + DIGITS]))


@contextlib.asynccontextmanager
async def healthy_ones(address: str) -> AsyncIterator[Healthy]:
    """The watchers, once all of them watch."""
    watchers = Healthy()
    async with contextlib.AsyncExitStack() as stack:
        opened = [grpc.aio.insecure_channel(address, options=OWN_CONNECTION) for _ in range(CHANNELS)]
        channels = [await stack.enter_async_context(each) for each in opened]
        tasks = [asyncio.create_task(watchers.watch(channels[n % CHANNELS], n % GROUPS)) for n in range(HEALTHY)]
        async with asyncio.timeout(30):
            while watchers.ready < HEALTHY:
                await asyncio.sleep(0)
        yield watchers
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def phase(api: Api, watchers: Healthy, server: psutil.Process, key: str) -> tuple[float, int]:
    """A hundred events a second for a while: the healthy ones' longest delay in seconds, and the server's peak RSS."""
    watchers.delays.clear()
    begin, writes, peak = time.perf_counter(), [], 0
    for number in range(int(RATE * SECONDS)):
        title = f"{MARK.decode()}{time.perf_counter():0{DIGITS}.4f}"
        body = {"kind": 1, "title": {"sv": title}}
        request = CreateOrganisationRequest(organisation_id=f"g{number % GROUPS}-{key}{number}", organisation=body)
        writes.append(asyncio.ensure_future(api.organisations.CreateOrganisation(request)))
        peak = max(peak, server.memory_info().rss)
        await asyncio.sleep(begin + (number + 1) / RATE - time.perf_counter())  # the rate is part of the fault
    await asyncio.gather(*writes)
    async with asyncio.timeout(3 * SLOW_SECONDS):
        while len(watchers.delays) < len(writes) * HEALTHY // GROUPS:
            await asyncio.sleep(0)
    return max(watchers.delays), max(peak, server.memory_info().rss)


async def test_fault_19_a_stuck_reader_among_500_is_cut_and_nobody_else_suffers(sqlite_url: str) -> None:
    """How little they notice of it is measured by the bench (`watch-stuck`)."""
    async with (
        server_process(sqlite_url, slow_reader_seconds=SLOW_SECONDS) as server,
        grpc.aio.insecure_channel(await server.start(), options=SMALL_WINDOW) as slow,
        grpc.aio.insecure_channel(server.address, options=OWN_CONNECTION) as quick,
    ):
        api, process = Api(quick), psutil.Process(server.pid)
        await api.definitions.Apply(ApplyRequest(resources=history(), atomic=True))
        async with healthy_ones(server.address) as watchers:
            _, before = await phase(api, watchers, process, "alone")
            stuck = Api(slow).feed.Watch(WatchRequest(start_revision=1))  # and it reads nothing
            await stuck.initial_metadata()
            longest, peak = await phase(api, watchers, process, "beside")
            start = await resume(stuck)
        rest = await take(api.feed.Watch(WatchRequest(start_revision=start)), 50)
    assert 1 < start < HISTORY
    assert [change.revision for change in rest] == [start + number for number in range(50)]
    assert peak - before <= 100 * MEBIBYTE
    assert longest < SLOW_SECONDS / 2, "they wait for the stuck one"


async def resume(stuck: Any) -> int:
    """Where the registry tells a watcher to go on, once it has cut it because it read nothing."""
    await asyncio.sleep(SLOW_SECONDS + 5)
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await take(stuck, HISTORY)
    code, why, words = reason(cut.value)
    assert (code, why) == ("RESOURCE_EXHAUSTED", "SLOW_READER")
    return int(words["resume_revision"])


def history() -> list[Any]:
    """Three mebibytes of changes."""
    text = {f"k{number}": "x" * 4000 for number in range(8)}
    return [
        {"organisation": {"name": f"organisations/h{n}", "kind": 1, "title": {"sv": "H"}, "annotations": text}}
        for n in range(HISTORY)
    ]
