"""What tests of onboarding say often, and how they know that the matcher has passed."""

import asyncio
from typing import Any

import grpc
import pytest

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.subscription_pb2 import ConvergencePhase, SubscriptionState
from tests.integration.api import Api, reason

PERMITS = 'name = "offerings/permits"'
NOTIFY, PROPOSE, JOIN = 1, 2, 3
MANUAL = 2
RELEASE = "offerings/permits/releases/1.0.0"
PLANNED = ConvergencePhase.CONVERGENCE_PHASE_PLANNED
APPLIED = ConvergencePhase.CONVERGENCE_PHASE_APPLIED
ROUTED = ConvergencePhase.CONVERGENCE_PHASE_ROUTED
PROVEN = ConvergencePhase.CONVERGENCE_PHASE_PROVEN
REMOVED = ConvergencePhase.CONVERGENCE_PHASE_REMOVED


class Sentinel:
    """An organisation whose own interest is matched after everything that was written before."""

    def __init__(self, api: Api) -> None:
        self._api, self._count = api, 0
        self._feed: Any = None

    async def passed(self) -> None:
        """Until the matcher has acted on all that was written before this call."""
        if not self._feed:
            await self._begin()
        self._count += 1
        system = f"organisations/sentinel/systems/s{self._count}"
        await make_system(self._api, "sentinel", f"s{self._count}")
        await order(self._api, "sentinel", f"i{self._count}", filter='name = "offerings/sentinel"', system=system)
        async with asyncio.timeout(30):
            while (await self._feed.read()).change.resource.subscription.system != system:
                pass

    async def _begin(self) -> None:
        await self._api.body("sentinel")
        await self._api.offer("sentinel", "organisations/sentinel")
        await self._api.publish("sentinel")
        request = WatchRequest(kinds=["subscription"], name_prefix="organisations/sentinel/")
        self._feed = self._api.feed.Watch(request)
        await self._feed.initial_metadata()


async def make_system(api: Api, organisation: str, key: str, environment: int = 3) -> str:
    """A system; returns its name."""
    request = o.CreateSystemRequest(parent=f"organisations/{organisation}", system_id=key)
    request.system.title.sv, request.system.environment = key, environment  # type: ignore[assignment]
    return str((await api.organisations.CreateSystem(request)).system.name)


async def order(api: Api, organisation: str = "b", key: str = "all", **fields: Any) -> Any:
    """An interest in the permits, to join them with the system `gw` unless the fields say otherwise."""
    interest = {"filter": PERMITS, "mode": JOIN, "system": f"organisations/{organisation}/systems/gw", **fields}
    request = n.CreateInterestRequest(parent=f"organisations/{organisation}", interest_id=key, interest=interest)
    return (await api.onboarding.CreateInterest(request)).interest


async def update_order(api: Api, organisation: str = "b", key: str = "all", **fields: Any) -> Any:
    """Change fields of an interest."""
    interest = {"name": f"organisations/{organisation}/interests/{key}", **fields}
    request = n.UpdateInterestRequest(interest=interest, update_mask={"paths": list(fields)})
    return (await api.onboarding.UpdateInterest(request)).interest


async def offered(api: Api, **terms: Any) -> None:
    """Permits of organisation a, published; organisation b looks on."""
    await api.body("a")
    await api.body("b")
    await api.offer("permits", **terms)
    await api.publish("permits")


async def subscriptions(api: Api, organisation: str = "b") -> list[Any]:
    """Those of an organisation."""
    request = n.ListSubscriptionsRequest(parent=f"organisations/{organisation}")
    return list((await api.onboarding.ListSubscriptions(request)).subscriptions)


async def states(api: Api, organisation: str = "b") -> list[str]:
    """The states of an organisation's subscriptions, by age."""
    found = sorted(await subscriptions(api, organisation), key=lambda each: each.create_time.ToMicroseconds())
    return [state_of(each) for each in found]


def state_of(subscription: Any) -> str:
    """The state in short."""
    return SubscriptionState.Name(subscription.state).removeprefix("SUBSCRIPTION_STATE_")


async def propose(api: Api, key: str = "x", **fields: Any) -> Any:
    """An agreement on the permits, with organisation b unless the fields say otherwise."""
    wanted = {
        "offering": "offerings/permits",
        **({} if "party_class" in fields else {"party": "organisations/b"}),
        **fields,
    }
    request = n.ProposeAgreementRequest(agreement_id=key, agreement=wanted)
    return (await api.onboarding.ProposeAgreement(request)).agreement


async def accept(api: Api, key: str = "x") -> Any:
    """Accept it."""
    request = n.AcceptAgreementRequest(name=f"agreements/{key}", evidence="KS 2026/17")
    return (await api.onboarding.AcceptAgreement(request)).agreement


async def retire(api: Api, version: str = "1.0.0") -> None:
    """Deprecate a release of the permits without notice, and retire it."""
    name = f"offerings/permits/releases/{version}"
    await api.offerings.DeprecateRelease(f.DeprecateReleaseRequest(name=name))
    await api.offerings.RetireRelease(f.RetireReleaseRequest(name=name))


async def report(api: Api, name: str, revision: int = 1, **fields: Any) -> Any:
    """A convergence report."""
    convergence = {"observed_revision": revision, **fields}
    request = n.ReportConvergenceRequest(name=name, convergence=convergence)
    return (await api.onboarding.ReportConvergence(request)).subscription


async def verdict(call: Any) -> str:
    """The reason with which a call is refused; '' when it is not."""
    try:
        await call
    except grpc.aio.AioRpcError as refused:
        return reason(refused)[1]
    return ""


async def refusal(call: Any) -> tuple[str, str, dict[str, str]]:
    """Status, reason and metadata with which a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return reason(refused.value)
