"""Agreements over the wire: one signature lets a class in, and what ends leaves in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.agreement_pb2 import Agreement, AgreementState
from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.api.v1.offering_service_pb2 import GetOfferingRequest
from registry.app import Running
from registry.services.calendar import Calendar
from registry.store import Batch, Command
from tests.integration.api import Api
from tests.integration.services.street import (
    MANUAL,
    PROVEN,
    RELEASE,
    Sentinel,
    accept,
    make_system,
    offered,
    propose,
    refusal,
    report,
    states,
    subscriptions,
)

NAME = "organisations/b/subscriptions/use-permits"
DAY = timedelta(days=1)


@pytest.fixture
def matcher(api: Api) -> Sentinel:
    return Sentinel(api)


async def agreements(api: Api, filter_: str = "") -> list[Any]:
    return list((await api.onboarding.ListAgreements(n.ListAgreementsRequest(filter=filter_))).agreements)


async def changes(api: Api, prefix: str) -> list[str]:
    listed = await api.feed.ListChanges(ListChangesRequest(name_prefix=prefix))
    return [each.event_type.split(".")[4] for each in listed.changes]


async def end(api: Api, key: str = "x", **fields: Any) -> Any:
    request = n.EndAgreementRequest(name=f"agreements/{key}", **fields)
    return (await api.onboarding.EndAgreement(request)).agreement


async def put_back(registry: Running, name: str, days: int) -> None:
    """Let an agreement have had its last day so many days ago, past the rules."""

    def run(batch: Batch) -> Any:
        message = batch.get(Agreement, name) or Agreement()
        message.valid_to = (datetime.now(UTC) - days * DAY).date().isoformat()
        batch.put(message, "updated")
        return message

    await registry.store.write(Command(run=run))


async def test_one_signature_lets_a_class_in_those_who_wait_and_those_who_come(api: Api, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    for key, county in (("c", "22"), ("d", "01")):
        await api.body(key, county_code=county)
        await api.subscribe(key)
    assert (await states(api, "c"), await states(api, "d")) == (["PENDING_APPROVAL"], ["PENDING_APPROVAL"])
    await propose(api, party_class='kind = MUNICIPALITY AND county_code = "22"')
    await matcher.passed()
    assert await states(api, "c") == ["PENDING_APPROVAL"]
    await accept(api)
    await matcher.passed()
    assert (await states(api, "c"), await states(api, "d")) == (["APPROVED"], ["PENDING_APPROVAL"])
    await api.body("e", county_code="22")
    joined = await api.subscribe("e")
    assert (await states(api, "e"), joined.agreement) == (["APPROVED"], "agreements/x")


async def test_a_body_that_comes_into_the_class_waits_no_longer(api: Api, matcher: Sentinel) -> None:
    """As a member of an association, and by a capability that it has; both can be listed too."""
    await offered(api, approval=MANUAL)
    await api.body("skr")
    await api.subscribe("b")
    await propose(api, party_class="memberships:organisations/skr")
    await accept(api)
    await matcher.passed()
    assert await states(api) == ["PENDING_APPROVAL"]
    change = {"name": "organisations/b", "memberships": ["organisations/skr"]}
    request = o.UpdateOrganisationRequest(organisation=change, update_mask={"paths": ["memberships"]})
    await api.organisations.UpdateOrganisation(request)
    await matcher.passed()
    assert await states(api) == ["APPROVED"]
    found = {}
    for condition in ("memberships:organisations/skr", "memberships:organisations/sk", "capabilities:capabilities/x"):
        listed = await api.organisations.ListOrganisations(o.ListOrganisationsRequest(filter=condition))
        found[condition] = [each.name for each in listed.organisations]
    assert list(found.values()) == [["organisations/b"], [], []]


async def test_joining_accepts_the_terms_once_and_keeps_the_agreement_with_its_evidence(api: Api) -> None:
    await offered(api, notice_days=30, version="2026-01")
    first = await api.subscribe("b")
    (made,) = await agreements(api)
    assert (first.agreement, made.evidence, made.party) == (made.name, NAME, "organisations/b")
    assert (made.terms_version, made.notice_days) == ("2026-01", 30)
    other = await make_system(api, "b", "other")
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id="two")
    request.subscription.offering, request.subscription.system = "offerings/permits", other
    assert (await api.onboarding.CreateSubscription(request)).subscription.agreement == made.name
    assert await changes(api, "agreements/") == ["recorded"]
    listed = await api.feed.ListChanges(ListChangesRequest(start_revision=made.revision, page_size=2))
    assert [(each.kind, each.resource.subscription.agreement) for each in listed.changes][1] == (
        "subscription",
        made.name,
    )
    assert listed.changes[0].name == made.name


async def test_approval_is_an_agreement_too_and_lets_in_the_other_systems(api: Api, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    other = await make_system(api, "b", "other")
    await api.subscribe("b")
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id="two")
    request.subscription.offering, request.subscription.system = "offerings/permits", other
    await api.onboarding.CreateSubscription(request)
    approved = await api.onboarding.ApproveSubscription(n.ApproveSubscriptionRequest(name=NAME))
    await matcher.passed()
    (made,) = await agreements(api, "party = organisations/b")
    assert approved.subscription.agreement == made.name
    assert {each.agreement for each in await subscriptions(api)} == {made.name}
    assert await states(api) == ["APPROVED", "APPROVED"]


async def test_why_not_is_answered_without_joining(api: Api) -> None:
    """Every condition that fails, with the organisation's value."""
    await offered(api, eligibility="kind = REGION county_code = 01 size.inhabitants > 5")
    request = n.CreateSubscriptionRequest(parent="organisations/b", validate_only=True)
    request.subscription.offering, request.subscription.system = "offerings/permits", "organisations/b/systems/gw"
    code, why, words = await refusal(api.onboarding.CreateSubscription(request))
    assert (code, why) == ("FAILED_PRECONDITION", "NOT_ELIGIBLE")
    told = "kind is MUNICIPALITY, must be REGION; county_code is not set, must be 01; size.inhabitants is 0, must be above 5"
    assert words["failed"] == told


async def test_notice_is_told_to_what_rests_on_it_and_then_it_ends(
    api: Api, registry_server: Running, matcher: Sentinel
) -> None:
    await offered(api, approval=MANUAL, notice_days=30)
    await propose(api)
    await accept(api)
    await api.subscribe("b")
    await report(api, NAME, phase=PROVEN, observed_release=RELEASE)
    earliest = (datetime.now(UTC) + 30 * DAY).date().isoformat()
    too_soon = (datetime.now(UTC) + 28 * DAY).date().isoformat()  # midnight may pass meanwhile
    code, why, words = await refusal(
        api.onboarding.EndAgreement(n.EndAgreementRequest(name="agreements/x", valid_to=too_soon))
    )
    assert (code, why) == ("FAILED_PRECONDITION", "NOTICE_TOO_SHORT")
    assert words["earliest_time"] >= earliest
    ending = await end(api)
    await matcher.passed()
    (told,) = await subscriptions(api)
    assert (told.valid_to, ending.valid_to >= earliest, await states(api)) == (ending.valid_to, True, ["ACTIVE"])
    await put_back(registry_server, "agreements/x", 1)
    await matcher.passed()
    assert await states(api) == ["ENDING"]
    await Calendar(registry_server.store, lambda: datetime.now(UTC)).look()
    assert await changes(api, "agreements/x") == ["proposed", "accepted", "ending", "updated", "ended"]


async def test_what_is_renewed_moves_without_a_break(api: Api, registry_server: Running, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    await propose(api)
    await accept(api)
    await api.subscribe("b")
    await propose(api, "new", party_class="kind = MUNICIPALITY")
    await accept(api, "new")
    await matcher.passed()
    assert [each.agreement for each in await subscriptions(api)] == ["agreements/x"]
    await end(api)
    await Calendar(registry_server.store, lambda: datetime.now(UTC) + 2 * DAY).look()
    await matcher.passed()
    assert [(each.agreement, each.valid_to) for each in await subscriptions(api)] == [("agreements/new", "")]
    assert await states(api) == ["APPROVED"]


async def test_an_agreement_lets_in_on_its_first_day(api: Api, registry_server: Running, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    await api.subscribe("b")
    first = datetime.now(UTC) + 5 * DAY
    await propose(api, valid_from=first.date().isoformat())
    await accept(api)
    await matcher.passed()
    for days, state in ((-1, "PENDING_APPROVAL"), (0, "APPROVED")):
        await Calendar(registry_server.store, lambda days=days: first + days * DAY).look()
        assert await states(api) == [state]


async def test_a_proposal_is_withdrawn_and_terms_that_changed_are_proposed_anew(api: Api) -> None:
    await offered(api, approval=MANUAL)
    await propose(api)
    assert (await end(api)).state == AgreementState.AGREEMENT_STATE_ENDED
    await propose(api, "y")
    await api.definitions.Apply(await changed_terms(api))
    request = n.AcceptAgreementRequest(name="agreements/y", evidence="KS 2026/17")
    code, why, words = await refusal(api.onboarding.AcceptAgreement(request))
    assert (code, why, words["terms_version"], words["current_version"]) == (
        "FAILED_PRECONDITION",
        "TERMS_CHANGED",
        "1",
        "1+2",
    )
    request = n.AcceptAgreementRequest(name="agreements/y")
    assert (await refusal(api.onboarding.AcceptAgreement(request)))[1] == "FIELD_INVALID"


async def changed_terms(api: Api) -> Any:
    found = (await api.offerings.GetOffering(GetOfferingRequest(name="offerings/permits"))).offering
    found.terms.notice_days += 1
    return ApplyRequest(resources=[{"offering": found}], atomic=True)
