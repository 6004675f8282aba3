"""Short ways to say what tests say often."""

from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from registry.api.v1 import access_service_pb2_grpc as access
from registry.api.v1 import capability_service_pb2_grpc as capability
from registry.api.v1 import definition_service_pb2_grpc as definition
from registry.api.v1 import feed_service_pb2_grpc as feed
from registry.api.v1 import offering_service_pb2 as offering_pb2
from registry.api.v1 import offering_service_pb2_grpc as offering
from registry.api.v1 import onboarding_service_pb2 as onboarding_pb2
from registry.api.v1 import onboarding_service_pb2_grpc as onboarding
from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from registry.api.v1 import organisation_service_pb2_grpc as organisation


class Api:
    """A stub of every service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.organisations: Any = organisation.OrganisationServiceStub(channel)
        self.capabilities: Any = capability.CapabilityServiceStub(channel)
        self.offerings: Any = offering.OfferingServiceStub(channel)
        self.onboarding: Any = onboarding.OnboardingServiceStub(channel)
        self.feed: Any = feed.FeedServiceStub(channel)
        self.access: Any = access.AccessServiceStub(channel)
        self.definitions: Any = definition.DefinitionServiceStub(channel)

    async def body(self, key: str = "a", **fields: Any) -> Any:
        """A municipality with a production system `gw`."""
        request = organisation_pb2.CreateOrganisationRequest(
            organisation_id=key, organisation={"kind": 1, "title": {"sv": f"Kommun {key}"}, **fields}
        )
        made = await self.organisations.CreateOrganisation(request)
        await self.organisations.CreateSystem(
            organisation_pb2.CreateSystemRequest(
                parent=f"organisations/{key}", system_id="gw", system={"title": {"sv": "Gateway"}, "environment": 3}
            )
        )
        return made.organisation

    async def offer(self, key: str = "permits", provider: str = "organisations/a", **terms: Any) -> Any:
        """An offering, approved automatically unless the terms say otherwise."""
        request = offering_pb2.CreateOfferingRequest(
            offering_id=key,
            offering={"provider": provider, "title": {"sv": f"Tjänst {key}"}, "terms": {"approval": 1, **terms}},
        )
        return (await self.offerings.CreateOffering(request)).offering

    async def publish(self, key: str = "permits", version: str = "1.0.0", **fields: Any) -> Any:
        """A release."""
        request = offering_pb2.PublishReleaseRequest(
            parent=f"offerings/{key}", release={"version": version, "interfaces": [INTERFACE], **fields}
        )
        return (await self.offerings.PublishRelease(request)).release

    async def subscribe(self, organisation: str = "a", offering: str = "permits") -> Any:
        """A subscription of the system `gw`."""
        request = onboarding_pb2.CreateSubscriptionRequest(
            parent=f"organisations/{organisation}",
            subscription_id=f"use-{offering}",
            subscription={"offering": f"offerings/{offering}", "system": f"organisations/{organisation}/systems/gw"},
        )
        return (await self.onboarding.CreateSubscription(request)).subscription


INTERFACE = {"id": "api", "kind": 2, "endpoints": [{"environment": 3, "url": "https://service.example/api"}]}


def reason(error: grpc.RpcError) -> tuple[str, str, dict[str, str]]:
    """Status code, reason and metadata of a refusal. Fails when there is no ErrorInfo."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, f"an error without details: {error}"
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "registry.gemensam"
    return error.code().name, info.reason, dict(info.metadata)  # type: ignore[attr-defined]


def violations(error: grpc.RpcError) -> list[str]:
    """Fields that a refusal names."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    bad = BadRequest()
    for detail in status.details if status else []:
        if detail.Is(BadRequest.DESCRIPTOR):
            detail.Unpack(bad)
    return [violation.field for violation in bad.field_violations]
