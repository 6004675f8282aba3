"""Threat 29: flooding. Who asks for too much is told to wait, and others go on."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status

from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.api.v1.organisation_service_pb2 import ListOrganisationsRequest
from registry.errors import TooLarge
from registry.rpc.buckets import UnderWay
from tests.integration.api import reason
from tests.threats.guarded import guarded, refused

RATE = 20


def waits(error: grpc.aio.AioRpcError) -> int:
    """For how long a refusal asks to wait, in microseconds."""
    status: Any = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return info.retry_delay.ToMicroseconds()


async def test_who_floods_waits_and_others_do_not(tmp_path: Path) -> None:
    async with guarded(tmp_path, calls_per_second=RATE) as registry:
        for key in "ab":
            await registry.operator.body(key)
        flooding, calm = await registry.key("of-a", "a", "READ"), await registry.key("of-b", "b", "READ")
        calls = [flooding.organisations.ListOrganisations(ListOrganisationsRequest()) for _ in range(RATE * 10)]
        said = asyncio.gather(*calls, return_exceptions=True)
        for _ in range(3):
            await calm.feed.GetHead(GetHeadRequest())
        errors = [each for each in await said if isinstance(each, grpc.aio.AioRpcError)]

        assert 0 < len(errors) <= RATE * 9
        assert {reason(each)[:2] for each in errors} == {("RESOURCE_EXHAUSTED", "RATE_EXCEEDED")}
        assert all(waits(each) > 0 for each in errors)


async def test_a_principal_has_so_many_streams(tmp_path: Path) -> None:
    async with guarded(tmp_path, streams=2) as registry:
        for key in "ab":
            await registry.operator.body(key)
        api, other = await registry.key("of-a", "a", "READ"), await registry.key("of-b", "b", "READ")
        streams = [api.feed.Watch(WatchRequest()) for _ in range(2)]
        for each in streams:
            await each.wait_for_connection()
        error = await refused(api.feed.Watch(WatchRequest()).read())
        assert reason(error)[:2] == ("RESOURCE_EXHAUSTED", "RATE_EXCEEDED")
        await other.feed.Watch(WatchRequest()).wait_for_connection()

        streams[0].cancel()
        async with asyncio.timeout(20):
            while True:
                try:
                    await api.feed.Watch(WatchRequest()).wait_for_connection()
                    break
                except grpc.aio.AioRpcError as late:
                    assert reason(late)[1] == "RATE_EXCEEDED"  # noqa: PT017 - until the end is noticed


def test_so_much_is_under_way_and_no_more() -> None:
    counted = UnderWay("calls", 3)
    with counted.one("a"), counted.one("a"), counted.one("a"):
        with counted.one("b"):
            pass
        with pytest.raises(TooLarge, match="at most 3"), counted.one("a"):
            pass
    with counted.one("a"):
        pass
