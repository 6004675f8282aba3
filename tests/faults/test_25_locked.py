"""Fault 25: another process holds SQLite's lock for longer than the busy timeout. Writes wait so long and no longer."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status

from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.api.v1.onboarding_service_pb2 import CreateInterestRequest, ListSubscriptionsRequest
from registry.api.v1.organisation_service_pb2 import CreateOrganisationRequest, GetOrganisationRequest
from registry.app import running
from registry.settings import Settings
from registry.store import ledger
from registry.store.dialects import BUSY_TIMEOUT_MS
from registry.store.sqlstore import open_store
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

HOLD = """
import sqlite3, sys
lock = sqlite3.connect(sys.argv[1], isolation_level=None)
lock.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
lock.execute("ROLLBACK")
"""
WAVES, EACH, BUSY_SECONDS = 2, 20, BUSY_TIMEOUT_MS / 1000


@contextlib.asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Another process has the whole database for itself."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", HOLD, str(file)]
    holder = await asyncio.to_thread(lambda: subprocess.Popen(command, text=True, **pipes))
    try:
        assert holder.stdout is not None
        assert (await asyncio.to_thread(holder.stdout.readline)).strip() == "held"
        yield
    finally:
        await asyncio.to_thread(holder.communicate, "\n")


async def refused_write(api: Api, key: str) -> tuple[float, Any]:
    """A write that must be refused: how long that took, and how."""
    begin = time.perf_counter()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await create(api, key)
    return time.perf_counter() - begin, refused.value


async def create(api: Api, key: str) -> Any:
    body = {"kind": 1, "title": {"sv": "B"}}
    request = CreateOrganisationRequest(organisation_id=key, organisation=body, request_id=f"id-{key}")
    return await api.organisations.CreateOrganisation(request)


def retry_seconds(error: grpc.RpcError) -> float:
    """What the RetryInfo of a refusal says; 0 without one."""
    status: Any = rpc_status.from_call(error)  # type: ignore[arg-type]
    hint = RetryInfo()
    found = [hint.retry_delay.ToMilliseconds() for detail in status.details if detail.Unpack(hint)]
    return found[0] / 1000 if found else 0.0


async def test_fault_25_a_foreign_lock_is_waited_for_and_then_told(settings: Settings) -> None:
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await api.offer("permits")
        await api.publish("permits")
        before = await api.feed.GetHead(GetHeadRequest())
        feed = api.feed.Watch(WatchRequest(start_revision=before.revision + 1))
        async with locked(settings.data / "gemensam.db"):
            refused, reads = await storm(api)
        for waited, error in refused:
            assert reason(error)[:2] == ("UNAVAILABLE", "STORE_UNAVAILABLE")
            assert 0 < retry_seconds(error) <= 1
            assert waited < 2 * BUSY_SECONDS  # one wait, not one behind the other
        assert max(waited for waited, _ in refused) > BUSY_SECONDS - 1
        assert len(reads) > 10
        assert max(reads) < BUSY_SECONDS, "a read waits for the lock"
        assert await api.feed.GetHead(GetHeadRequest()) == before  # nothing in part
        made = [await create(api, f"w0-{number}") for number in range(EACH)]
        assert [each.revision for each in made] == [before.revision + 1 + number for number in range(EACH)]
        assert [change.revision for change in await take(feed, EACH)] == [each.revision for each in made]
        await the_matcher_lives(api)
    store = open_store(settings.url())
    assert ledger.verify(store._read_engine).problem == ""
    store.close()


async def storm(api: Api) -> tuple[list[tuple[float, Any]], list[float]]:
    """Waves of writes one after the other, and reads all the while: what became of the writes, how long reads took."""
    reads: list[float] = []

    async def read() -> None:
        while True:
            begin = time.perf_counter()
            await api.organisations.GetOrganisation(GetOrganisationRequest(name="organisations/a"))
            reads.append(time.perf_counter() - begin)

    async def late(number: int, wave: int) -> tuple[float, Any]:
        await asyncio.sleep(number / 10)  # some come while others wait already: that is part of the fault
        return await refused_write(api, f"w{wave}-{number}")

    reading = asyncio.create_task(read())
    refused: list[tuple[float, Any]] = []
    for wave in range(WAVES):
        refused += await asyncio.gather(*(late(number, wave) for number in range(EACH)))
    reading.cancel()
    return refused, reads


async def the_matcher_lives(api: Api) -> None:
    """It could not renew its lease meanwhile, and goes on."""
    interest = {"filter": 'name = "offerings/permits"', "mode": 3, "system": "organisations/a/systems/gw"}
    await api.onboarding.CreateInterest(CreateInterestRequest(parent="organisations/a", interest=interest))
    async with asyncio.timeout(30):
        while not (
            await api.onboarding.ListSubscriptions(ListSubscriptionsRequest(parent="organisations/a"))
        ).subscriptions:
            await asyncio.sleep(0.05)
