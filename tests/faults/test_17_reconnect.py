"""Fault 17: a Watch that is reset a thousand times while writes go on still keeps its six promises."""

import asyncio
import random
from typing import Any

import grpc
import pytest

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.app import Running, running
from registry.settings import Settings
from tests.faults.proxy import Link, Proxy, Streams, proxy
from tests.faults.validators import promises
from tests.faults.watcher import Watcher
from tests.integration.api import Api

RESETS = 1000
MOST_BYTES = 3000  # a change has about 700: most connections bring a few, some not one


async def write(api: Api, watcher: Watcher, gate: Proxy) -> None:
    """Commands of three changes each, never far ahead of the watcher, with a rest for a bookmark now and then."""
    number = 0
    while gate.resets < RESETS:
        number += 1
        bodies = [{"name": f"organisations/b{number}-{part}", "kind": 1, "title": {"sv": "B"}} for part in "abc"]
        done = await api.definitions.Apply(
            ApplyRequest(resources=[{"organisation": each} for each in bodies], atomic=True)
        )
        await watcher.until(lambda done=done: watcher.reached > done.revision - 30)
        if number % 200 == 0:
            before = watcher.bookmarks
            await watcher.until(lambda before=before: watcher.bookmarks > before)


@pytest.fixture
async def served(settings: Settings) -> Any:
    async with running(settings) as registry:
        yield registry


async def test_fault_17_a_thousand_resets_break_no_promise(served: Running) -> None:
    chance = random.Random(17)  # noqa: S311 - the same resets each time
    host, _, port = served.grpc_address.partition(":")

    async def connect() -> Streams:
        return await asyncio.open_connection(host, int(port))

    def rule(link: Link, data: bytes, back: bool) -> int:
        if not back or gate.resets >= RESETS:
            return len(data)
        link.limit = link.limit or chance.randint(1, MOST_BYTES)
        return min(len(data), max(link.limit - link.returned, 0))

    async with proxy(connect, rule) as gate, grpc.aio.insecure_channel(served.grpc_address) as channel:
        watcher = Watcher(gate.address)
        follows = asyncio.create_task(watcher.run())
        await write(Api(channel), watcher, gate)
        head = served.store.head_revision
        await watcher.until(lambda: watcher.reached == head)
        seen = watcher.bookmarks
        await watcher.until(lambda: watcher.bookmarks > seen)
        follows.cancel()
        ledger = await everything(Api(channel))
    assert gate.resets >= RESETS
    assert sum(1 for stream in watcher.streams if stream.events) > RESETS / 4
    assert [change.revision for change in ledger] == list(range(1, head + 1))
    assert promises(watcher.streams, ledger) == []


async def everything(api: Api) -> list[Any]:
    """The ledger, page by page."""
    changes: list[Any] = []
    request = ListChangesRequest(page_size=1000)
    while True:
        page = await api.feed.ListChanges(request)
        changes += page.changes
        if not page.next_page_token:
            return changes
        request.page_token = page.next_page_token
