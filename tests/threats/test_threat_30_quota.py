"""Threat 30: quota abuse. One more than the quota is refused, also when many ask at once."""

import asyncio
from typing import Any

import grpc
import pytest

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from registry.services import quotas
from tests.integration.api import reason
from tests.threats.guarded import HOSTED, Guarded

MOST = 5


def create(key: str, organisation: str = "a") -> Any:
    return organisation_pb2.CreateSystemRequest(
        parent=f"organisations/{organisation}", system_id=key, system={"title": {"sv": "System"}, "environment": 3}
    )


async def test_many_at_once_are_not_more_than_the_quota(registry: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(quotas.QUOTAS, "System", ("parent", MOST))
    for key in "ab":
        await registry.operator.body(key)  # has one system already
    api, other = await registry.key("of-a", "a", *HOSTED), await registry.key("of-b", "b", *HOSTED)

    calls = [api.organisations.CreateSystem(create(f"s{number}")) for number in range(50)]
    done = await asyncio.gather(*calls, return_exceptions=True)

    refusals = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
    assert len(done) - len(refusals) == MOST - 1
    assert {reason(each)[:2] for each in refusals} == {("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")}
    found = await api.organisations.ListSystems(organisation_pb2.ListSystemsRequest(parent="organisations/a"))
    assert len(found.systems) == MOST
    await other.organisations.CreateSystem(create("s", "b"))


async def test_what_was_taken_back_leaves_its_place_to_others(
    registry: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(quotas.QUOTAS, "Key", ("organisation", MOST))
    await registry.operator.body("a")
    for number in range(MOST):
        await registry.key(f"k{number}", "a", "READ")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await registry.key("more", "a", "READ")
    assert reason(caught.value)[1] == "QUOTA_EXCEEDED"
    await registry.operator.access.RevokeKey(access_pb2.RevokeKeyRequest(name="keys/k0"))
    await registry.key("more", "a", "READ")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await registry.key("most", "a", "READ")
    assert reason(caught.value)[1] == "QUOTA_EXCEEDED"
