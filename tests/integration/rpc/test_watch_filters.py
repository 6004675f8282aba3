"""What a filtered Watch sends: everything it was asked for, whichever way the change is read."""

import asyncio
from typing import Any

import grpc
import pytest

from registry.api.v1.capability_service_pb2 import CreateCapabilityRequest
from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.offering_service_pb2 import (
    DeprecateReleaseRequest,
    RetireReleaseRequest,
    UpdateOfferingRequest,
    WithdrawOfferingRequest,
)
from registry.app import running
from registry.settings import Settings
from registry.store import ledger
from tests.integration.api import INTERFACE, Api

SOON: Any = {"nanos": 100_000_000}


async def sent(api: Api, **request: Any) -> list[str]:
    """Revision, noun and verb of everything up to the first bookmark, or to the end of the snapshot."""
    found = []
    async with asyncio.timeout(30):
        async for event in api.feed.Watch(WatchRequest(progress_interval=SOON, **request)):
            if event.WhichOneof("event") != "change":
                break
            noun, verb = event.change.event_type.split(".")[-3:-1]
            found.append(f"{event.change.revision} {noun} {verb}")
    return found


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"kinds": ["offering"]}, ["3 offering created", "5 offering created"]),
        ({"name_prefix": "offerings/permits"}, ["3 offering created", "4 release published"]),
        ({"kinds": ["system", "release"]}, ["2 system created", "4 release published"]),
        ({"kinds": ["agreement"]}, []),
    ],
)
async def test_by_kind_and_name(api: Api, request_: dict[str, Any], expected: list[str]) -> None:
    await api.body("a")
    await api.offer("permits")
    await api.publish("permits")
    await api.offer("other")
    assert await sent(api, start_revision=1, **request_) == expected


async def capabilities(api: Api, *keys: str) -> None:
    """Capabilities of these ids."""
    for key in keys:
        request = CreateCapabilityRequest(capability_id=key, capability={"title": {"sv": key}})
        await api.capabilities.CreateCapability(request)


async def life(api: Api) -> None:
    """An offering that realises x, then y; released, subscribed, retired and withdrawn. Revision by revision."""
    await api.body("a")  # 1, 2
    await capabilities(api, "x", "y")  # 3, 4
    offering: Any = {
        "name": "offerings/permits",
        "provider": "organisations/a",
        "title": {"sv": "T"},
        "terms": {"approval": 1},
    }
    offering["capabilities"] = ["capabilities/x"]
    release: Any = {"name": "offerings/permits/releases/1.0.0", "version": "1.0.0", "interfaces": [INTERFACE]}
    both = [{"release": release}, {"offering": offering}]
    await api.definitions.Apply(ApplyRequest(resources=both, atomic=True))  # 5, 6: in one command
    await api.subscribe("a")  # 7, 8: the agreement that this makes comes first
    change = {"name": "offerings/permits", "capabilities": ["capabilities/y"]}
    await api.offerings.UpdateOffering(
        UpdateOfferingRequest(offering=change, update_mask={"paths": ["capabilities"]})
    )  # 9
    await api.offerings.DeprecateRelease(DeprecateReleaseRequest(name=release["name"]))  # 10
    await api.offerings.RetireRelease(RetireReleaseRequest(name=release["name"]))  # 11; the matcher: 12
    await reached(api, 12)
    await api.offerings.WithdrawOffering(WithdrawOfferingRequest(name="offerings/permits"))  # 13


X = [
    "5 offering created",
    "6 release published",
    "7 agreement recorded",
    "8 subscription created",
    "9 offering updated",
]
Y = [
    "9 offering updated",
    "10 release deprecated",
    "11 release retired",
    "12 subscription ended",
    "13 offering withdrawn",
]


async def reached(api: Api, revision: int) -> None:
    """Until the ledger has come so far."""
    async with asyncio.timeout(30):
        async for event in api.feed.Watch(WatchRequest(start_revision=1)):
            if event.change.revision == revision:
                return


async def test_by_capability_before_and_after_a_change(api: Api) -> None:
    """Who follows x sees the offering leave; who follows y sees it come, retire and be withdrawn."""
    await life(api)
    assert await sent(api, start_revision=1, capabilities=["capabilities/x"]) == X
    assert await sent(api, start_revision=1, capabilities=["capabilities/y"]) == Y
    assert await sent(api, start_revision=1, capabilities=["capabilities/x", "capabilities/y"]) == [*X, *Y[1:]]
    assert await sent(api, start_revision=1, capabilities=["capabilities/none"]) == []


async def test_history_is_filtered_as_the_present_is(settings: Settings) -> None:
    """A new server has nothing in memory and reads the ledger: the same filter gives the same changes."""
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        await life(Api(channel))
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        assert await sent(api, start_revision=1, capabilities=["capabilities/x"]) == X
        assert await sent(api, start_revision=7, capabilities=["capabilities/x"]) == X[2:]
        assert await sent(api, start_revision=1, capabilities=["capabilities/y"]) == Y
        assert await sent(api, start_revision=12, capabilities=["capabilities/y"]) == Y[3:]


async def test_what_compaction_made_unknown_is_rather_sent_than_lost(settings: Settings) -> None:
    """The entry that said x is dropped, and the release after it may have been wanted."""
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        await life(Api(channel))
        ledger.compact(registry.store._write_engine, 6)  # type: ignore[attr-defined]
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        assert await sent(api, start_revision=6, capabilities=["capabilities/x"]) == X[1:]
        assert await sent(api, start_revision=9, capabilities=["capabilities/none"]) == X[4:]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["13 offering snapshot", "11 release snapshot", "7 agreement snapshot", "12 subscription snapshot"]),
        ({"kinds": ["release"]}, ["11 release snapshot"]),
        ({"kinds": ["subscription"], "name_prefix": "organisations/b"}, []),
    ],
)
async def test_a_snapshot_by_capability_has_what_belongs_to_it(
    api: Api, request_: dict[str, Any], expected: list[str]
) -> None:
    await life(api)
    assert await sent(api, with_snapshot=True, capabilities=["capabilities/y"], **request_) == expected
    assert await sent(api, with_snapshot=True, capabilities=["capabilities/x"], **request_) == []
