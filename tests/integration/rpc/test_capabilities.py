"""A retired capability stays where it is named, and is named nowhere else."""

from typing import Any

import grpc
import pytest

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import offering_service_pb2 as f
from tests.integration.api import Api, reason, violations

PERMITS = "capabilities/permits"


async def test_a_retired_capability_is_named_by_no_new_offering(channel: grpc.aio.Channel) -> None:
    api = Api(channel)
    await api.body("a")
    capability: Any = {"title": {"sv": "Lov"}}
    await api.capabilities.CreateCapability(c.CreateCapabilityRequest(capability_id="permits", capability=capability))
    offering: Any = {"provider": "organisations/a", "title": {"sv": "T"}, "capabilities": [PERMITS]}
    await api.offerings.CreateOffering(f.CreateOfferingRequest(offering_id="old", offering=offering))
    await api.capabilities.RetireCapability(c.RetireCapabilityRequest(name=PERMITS))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.offerings.CreateOffering(f.CreateOfferingRequest(offering_id="new", offering=offering))
    assert reason(refused.value)[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert violations(refused.value) == ["capabilities"]

    change: Any = {"name": "offerings/old", **offering, "title": {"sv": "Annan"}}
    kept = await api.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=change))
    assert list(kept.offering.capabilities) == [PERMITS]
