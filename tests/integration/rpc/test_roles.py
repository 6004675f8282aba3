"""A registry lives whole or not at all: a role that fails takes the others with it, and nothing is left behind."""

import asyncio
import socket
import threading

import grpc
import httpx
import pytest

from registry.api.v1.feed_service_pb2 import GetHeadRequest
from registry.app import running
from registry.errors import Precondition
from registry.settings import Settings
from tests.integration.api import Api


def threads() -> list[str]:
    """Threads of ours that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gemensam-")]


async def answers(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await Api(channel).feed.GetHead(GetHeadRequest(), timeout=5)
        except grpc.aio.AioRpcError:
            return False
        return True


@pytest.mark.parametrize("role", ["registry.app.Matcher.run", "registry.app.Tail.run"])
@pytest.mark.parametrize("fault", [ValueError("broken"), None])
async def test_a_role_that_fails_or_ends_takes_the_process_along(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, role: str, fault: Exception | None
) -> None:
    now = asyncio.Event()

    async def run(_self: object) -> None:
        await now.wait()
        if fault is not None:
            raise fault

    monkeypatch.setattr(role, run)
    addresses: list[str] = []

    async def live() -> None:
        async with running(settings) as registry:
            addresses.append(registry.grpc_address)
            assert await answers(registry.grpc_address)
            now.set()
            async with asyncio.timeout(30):
                await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as failed:
        await live()
    assert failed.group_contains(ValueError if fault else RuntimeError, match="broken" if fault else "ended by itself")
    assert not await answers(addresses[0])
    assert threads() == []


async def test_an_error_of_the_block_comes_out_as_it_is(settings: Settings) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with running(settings):
            raise LookupError("mine")
    assert threads() == []


@pytest.mark.parametrize("face", ["grpc_address", "web_address"])
async def test_a_taken_address_is_refused_and_leaves_nothing_behind(settings: Settings, face: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        setattr(settings, face, f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Precondition) as refused:
            async with running(settings):
                pass
    assert refused.value.reason == "ADDRESS_UNAVAILABLE"
    assert threads() == []


async def test_the_web_face_lives_as_long_as_the_registry(settings: Settings) -> None:
    settings.web_address = "127.0.0.1:0"
    async with httpx.AsyncClient() as client:
        async with running(settings) as registry:
            for path in ("/health/live", "/health/ready"):
                assert (await client.get(f"http://{registry.web_address}{path}")).text == "ok\n"
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{registry.web_address}/health/live")
