"""Who acted, and for whom, is recorded with every change; a stranger does not act for others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1 import access_service_pb2 as x
from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.rpc.binder import SERVICES
from tests.integration.api import INTERFACE, Api
from tests.integration.services.street import PERMITS, refusal

TINY, HOST = "organisations/tiny", "organisations/host"
ACTOR = "organisations/host/systems/gw"
BY_HOST = (("gemensam-actor", ACTOR), ("gemensam-on-behalf-of", TINY))
USE = {"offering": "offerings/permits", "system": ACTOR}
TITLE = {"title": {"sv": "T"}}
SUB = f"{TINY}/subscriptions"


def soon() -> Timestamp:
    """A day from now."""
    time = Timestamp()
    time.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    return time


# Every RPC that changes something, in an order in which each can.
CALLS: list[tuple[str, str, Any]] = [
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="more", organisation={"kind": 1, **TITLE})),
    ("organisations", "UpdateOrganisation", o.UpdateOrganisationRequest(organisation={"name": TINY, "county_code": "22"}, update_mask={"paths": ["county_code"]})),
    ("organisations", "MergeOrganisations", o.MergeOrganisationsRequest(name=TINY, sources=["organisations/more"])),
    ("organisations", "CreateSystem", o.CreateSystemRequest(parent=TINY, system_id="s", system={**TITLE, "environment": 2})),
    ("organisations", "UpdateSystem", o.UpdateSystemRequest(system={"name": f"{TINY}/systems/s", "title": {"sv": "U"}}, update_mask={"paths": ["title"]})),
    ("capabilities", "CreateCapability", c.CreateCapabilityRequest(capability_id="c", capability=TITLE)),
    ("capabilities", "UpdateCapability", c.UpdateCapabilityRequest(capability={"name": "capabilities/c", "title": {"sv": "U"}})),
    ("capabilities", "RetireCapability", c.RetireCapabilityRequest(name="capabilities/c")),
    ("offerings", "CreateOffering", f.CreateOfferingRequest(offering_id="permits", offering={"provider": TINY, **TITLE})),
    ("offerings", "UpdateOffering", f.UpdateOfferingRequest(offering={"name": "offerings/permits", "title": {"sv": "U"}}, update_mask={"paths": ["title"]})),
    ("offerings", "PublishRelease", f.PublishReleaseRequest(parent="offerings/permits", release={"version": "1.0.0", "interfaces": [INTERFACE]})),
    ("offerings", "DeprecateRelease", f.DeprecateReleaseRequest(name="offerings/permits/releases/1.0.0")),
    ("onboarding", "CreateSubscription", n.CreateSubscriptionRequest(parent=TINY, subscription_id="a", subscription=USE)),
    ("onboarding", "RejectSubscription", n.RejectSubscriptionRequest(name=f"{SUB}/a", reason="not yet")),
    ("onboarding", "BatchCreateSubscriptions", n.BatchCreateSubscriptionsRequest(requests=[{"parent": TINY, "subscription_id": "b", "subscription": USE}])),
    ("onboarding", "ApproveSubscription", n.ApproveSubscriptionRequest(name=f"{SUB}/b")),
    ("onboarding", "ReportConvergence", n.ReportConvergenceRequest(name=f"{SUB}/b", convergence={"phase": 1})),
    ("onboarding", "SuspendSubscription", n.SuspendSubscriptionRequest(name=f"{SUB}/b")),
    ("onboarding", "ResumeSubscription", n.ResumeSubscriptionRequest(name=f"{SUB}/b")),
    ("onboarding", "EndSubscription", n.EndSubscriptionRequest(name=f"{SUB}/b")),
    ("onboarding", "CreateInterest", n.CreateInterestRequest(parent=TINY, interest_id="i", interest={"filter": PERMITS, "mode": 1})),
    ("onboarding", "UpdateInterest", n.UpdateInterestRequest(interest={"name": f"{TINY}/interests/i", "filter": "provider = x", "mode": 1})),
    ("onboarding", "DeleteInterest", n.DeleteInterestRequest(name=f"{TINY}/interests/i")),
    ("onboarding", "ProposeAgreement", n.ProposeAgreementRequest(agreement_id="x", agreement={"offering": "offerings/permits", "party": TINY})),
    ("onboarding", "AcceptAgreement", n.AcceptAgreementRequest(name="agreements/x", evidence="KS 1")),
    ("onboarding", "EndAgreement", n.EndAgreementRequest(name="agreements/x")),
    ("offerings", "RetireRelease", f.RetireReleaseRequest(name="offerings/permits/releases/1.0.0")),
    ("offerings", "WithdrawOffering", f.WithdrawOfferingRequest(name="offerings/permits")),
    ("access", "CreateKey", x.CreateKeyRequest(key_id="k", key={"organisation": TINY, "purpose": "Import", "actions": [1]})),
    ("access", "RevokeKey", x.RevokeKeyRequest(name="keys/k")),
    ("access", "CreateGrant", x.CreateGrantRequest(grant_id="g", grant={"organisation": TINY, "principal": "keys/k", "actions": [1], "valid_to": soon()})),
    ("access", "RevokeGrant", x.RevokeGrantRequest(name="grants/g")),
    ("definitions", "Apply", d.ApplyRequest(resources=[{"capability": {"name": "capabilities/d", **TITLE}}])),
]  # fmt: skip
READING = ("Get", "List", "Search", "Watch", "Export")


@pytest.fixture
async def hosted(api: Api) -> Api:
    await api.body("host")
    await api.body("tiny", host=HOST)
    await api.body("other")
    return api


async def test_every_rpc_that_changes_something_records_who_acted_for_whom(hosted: Api) -> None:
    methods = {each.name for service in SERVICES for each in service.methods if not each.name.startswith(READING)}
    assert {method for _, method, _ in CALLS} == methods - {
        "ApproveGrant"
    }  # nobody waits where everybody is the operator
    for stub, method, request in CALLS:
        call = getattr(getattr(hosted, stub), method)
        stranger = (("gemensam-actor", "organisations/other/systems/gw"), ("gemensam-on-behalf-of", TINY))
        assert (await refusal(call(request, metadata=stranger)))[:2] == ("PERMISSION_DENIED", "NOT_THE_HOST"), method
        done = await call(request, metadata=BY_HOST)
        (change,) = (
            await hosted.feed.ListChanges(ListChangesRequest(start_revision=done.revision, page_size=1))
        ).changes
        assert (method, change.actor, change.on_behalf_of) == (method, ACTOR, TINY)


async def test_who_may_act_for_whom(hosted: Api) -> None:
    request = o.UpdateOrganisationRequest(
        organisation={"name": TINY, "title": {"sv": "U"}}, update_mask={"paths": ["title"]}
    )
    told = {}
    for actor in (TINY, f"{TINY}/systems/s", HOST, ACTOR, "organisations/other", "organisations/none", "desk@loopback"):
        for body in (TINY, "organisations/none", ""):
            metadata = (("gemensam-actor", actor), ("gemensam-on-behalf-of", body))
            try:
                await hosted.organisations.UpdateOrganisation(request, metadata=metadata)
            except Exception as refused:  # noqa: BLE001 - looked at below
                told[actor, body] = refused.code().name  # type: ignore[attr-defined]
    denied = {(actor, TINY) for actor in ("organisations/other", "organisations/none")}
    denied |= {
        (actor, "organisations/none") for actor in (TINY, f"{TINY}/systems/s", HOST, ACTOR, "organisations/other")
    }
    assert told == dict.fromkeys(denied, "PERMISSION_DENIED")
