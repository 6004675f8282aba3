"""Standing orders: what JOIN, PROPOSE and NOTIFY do, when they do it, and what they leave alone."""

import pytest

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from tests.integration.api import Api
from tests.integration.services.street import (
    JOIN,
    MANUAL,
    NOTIFY,
    PROPOSE,
    Sentinel,
    make_system,
    offered,
    order,
    states,
    subscriptions,
    update_order,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def matcher(api: Api) -> Sentinel:
    return Sentinel(api)


async def test_join_is_honoured_for_what_is_there_and_for_what_comes(api: Api, matcher: Sentinel) -> None:
    await offered(api)
    await order(api, "b")
    await matcher.passed()
    (first,) = await subscriptions(api, "b")
    assert (first.offering, first.system, first.interest) == (
        "offerings/permits",
        "organisations/b/systems/gw",
        "organisations/b/interests/all",
    )
    assert await states(api, "b") == ["APPROVED"]
    await api.body("c")
    await order(api, "c", filter="provider = organisations/a")
    await api.offer("schools")
    await matcher.passed()
    assert [each.offering for each in await subscriptions(api, "c")] == ["offerings/permits"]
    await api.publish("schools")
    await matcher.passed()
    assert sorted(each.offering for each in await subscriptions(api, "c")) == ["offerings/permits", "offerings/schools"]


async def test_the_matcher_acts_in_its_own_name_and_on_the_trace_of_the_command(api: Api, matcher: Sentinel) -> None:
    await offered(api)
    await matcher.passed()  # or it would find the interest while it looks at the publication, on that one's trace
    request = n.CreateInterestRequest(parent="organisations/b", interest_id="all")
    request.interest.filter, request.interest.system = "provider = organisations/a", "organisations/b/systems/gw"
    request.interest.mode = JOIN  # type: ignore[assignment]
    await api.onboarding.CreateInterest(request, metadata=(("traceparent", TRACE),))
    await matcher.passed()
    listed = await api.feed.ListChanges(ListChangesRequest(name_prefix="organisations/b/subscriptions/"))
    assert [(each.actor, each.traceparent) for each in listed.changes] == [("matcher", TRACE)]


@pytest.mark.parametrize(
    ("terms", "mode", "expected"),
    [
        ({"eligibility": "kind = REGION"}, JOIN, []),
        ({"eligibility": "kind = MUNICIPALITY"}, JOIN, ["APPROVED"]),
        ({"approval": MANUAL}, JOIN, ["PENDING_APPROVAL"]),
        ({}, PROPOSE, ["REQUESTED"]),
        ({"eligibility": "kind = REGION"}, PROPOSE, []),
        ({}, NOTIFY, []),
    ],
)
async def test_terms_and_mode_decide_what_becomes_of_a_match(
    api: Api, matcher: Sentinel, terms: dict[str, object], mode: int, expected: list[str]
) -> None:
    await offered(api, **terms)
    await order(api, mode=mode)
    await matcher.passed()
    assert await states(api) == expected


async def test_a_match_is_made_once_however_often_it_comes(api: Api, matcher: Sentinel) -> None:
    await offered(api)
    await order(api, key="one")
    await order(api, key="two", filter="provider = organisations/a")
    await matcher.passed()
    await api.publish("permits", "1.1.0")
    await update_order(api, key="one", labels={"touched": "yes"})
    await matcher.passed()
    assert await states(api) == ["APPROVED"]


async def test_an_order_takes_another_mode(api: Api, matcher: Sentinel) -> None:
    """NOTIFY asks for nothing; PROPOSE asks the organisation; JOIN lets in what was proposed; then nothing is lost."""
    await offered(api)
    await order(api, mode=NOTIFY)
    await matcher.passed()
    assert await states(api) == []
    await update_order(api, mode=PROPOSE)
    await matcher.passed()
    assert await states(api) == ["REQUESTED"]
    await update_order(api, mode=JOIN)
    await matcher.passed()
    assert await states(api) == ["APPROVED"]
    await update_order(api, mode=NOTIFY)
    await api.onboarding.DeleteInterest(n.DeleteInterestRequest(name="organisations/b/interests/all"))
    await matcher.passed()
    assert await states(api) == ["APPROVED"]


async def test_an_organisation_that_becomes_eligible_joins(api: Api, matcher: Sentinel) -> None:
    await offered(api, eligibility='county_code = "22"')
    await order(api)
    await matcher.passed()
    assert await states(api) == []
    change = {"name": "organisations/b", "county_code": "22"}
    await api.organisations.UpdateOrganisation(
        o.UpdateOrganisationRequest(organisation=change, update_mask={"paths": ["county_code"]})
    )
    await matcher.passed()
    assert await states(api) == ["APPROVED"]


async def test_a_test_system_joins_a_test_release_and_a_production_system_does_not(api: Api, matcher: Sentinel) -> None:
    await api.body("a")
    await api.body("b")
    await api.offer("permits")
    await api.publish("permits", state=1)  # DRAFT
    trial = await make_system(api, "b", "trial", environment=2)
    await order(api, key="trial", system=trial)
    await order(api, key="real")
    await matcher.passed()
    assert await subscriptions(api) == []
    await api.publish("permits", state=2)  # TEST
    await matcher.passed()
    assert [each.system for each in await subscriptions(api)] == [trial]
    await api.publish("permits", state=3)  # PUBLISHED
    await matcher.passed()
    assert await states(api) == ["APPROVED", "APPROVED"]


async def test_nothing_is_created_for_a_withdrawn_offering(api: Api, matcher: Sentinel) -> None:
    await offered(api)
    await api.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name="offerings/permits"))
    await order(api)
    await matcher.passed()
    assert await states(api) == []


async def test_what_the_body_asked_for_by_hand_is_not_asked_for_again(api: Api, matcher: Sentinel) -> None:
    await offered(api)
    await api.subscribe("b")
    await order(api)
    await matcher.passed()
    assert await states(api) == ["APPROVED"]
    assert [each.name for each in await subscriptions(api)] == ["organisations/b/subscriptions/use-permits"]
