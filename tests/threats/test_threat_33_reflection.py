"""Threat 33: reflection and open doors in production. What others can reach has TLS, and does not tell its methods."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from registry import app
from registry.app import running
from registry.errors import Precondition
from registry.settings import Settings


async def methods(address: str) -> str:
    """What reflection says; the code of its refusal."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        try:
            async for said in stub.ServerReflectionInfo(iter([asked])):
                return str(said)
        except grpc.aio.AioRpcError as error:
            return error.code().name
    return ""


def settings(folder: Path, **fields: Any) -> Settings:
    return Settings(**{"data": folder / "data", "grpc_address": "127.0.0.1:0", "web_address": "", **fields})


@pytest.mark.parametrize(("reflection", "told"), [(True, "gemensam.registry.v1.OfferingService"), (False, "UNIMPL")])
async def test_reflection_on_loopback_is_a_setting(tmp_path: Path, reflection: bool, told: str) -> None:
    async with running(settings(tmp_path, reflection=reflection)) as registry:
        assert told in await methods(registry.grpc_address)


async def test_reflection_is_off_where_others_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "is_loopback", lambda _host: False)
    async with running(settings(tmp_path)) as registry:
        assert not registry.open
        assert await methods(registry.grpc_address) == "UNIMPLEMENTED"


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "registry.example"])
async def test_an_address_of_others_needs_tls(tmp_path: Path, host: str) -> None:
    with pytest.raises(Precondition, match="GEMENSAM_TRUST") as refused:
        async with running(settings(tmp_path, grpc_address=f"{host}:0", identity="required")):
            pass
    assert refused.value.reason == "ADDRESS_NOT_LOOPBACK"
    assert refused.value.metadata == {"setting": "GEMENSAM_GRPC_ADDRESS", "address": f"{host}:0"}
