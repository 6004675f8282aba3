"""Joining in bulk: every entry is answered, all or nothing or each on its own, once however often it is sent."""

from typing import Any

import pytest

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.api.v1.feed_service_pb2 import GetHeadRequest
from tests.integration.api import Api
from tests.integration.services.street import MANUAL, offered, refusal, states, subscriptions

FAILED = d.ApplyOutcome.APPLY_OUTCOME_FAILED


def wish(organisation: str, offering: str = "permits", **fields: Any) -> Any:
    system = f"organisations/{organisation}/systems/gw"
    wanted = {"offering": f"offerings/{offering}", "system": system, **fields}
    return {"parent": f"organisations/{organisation}", "subscription_id": f"use-{offering}", "subscription": wanted}


async def send(api: Api, requests: list[Any], **fields: Any) -> Any:
    return await api.onboarding.BatchCreateSubscriptions(n.BatchCreateSubscriptionsRequest(requests=requests, **fields))


def told(response: Any) -> list[str]:
    """`CREATED`, or why not."""
    return [
        ErrorReason.Name(each.error.reason).removeprefix("ERROR_REASON_")
        if each.outcome == FAILED
        else d.ApplyOutcome.Name(each.outcome).removeprefix("APPLY_OUTCOME_")
        for each in response.results
    ]


async def head(api: Api) -> int:
    return int((await api.feed.GetHead(GetHeadRequest())).revision)


@pytest.fixture
async def county(api: Api) -> Api:
    """Two offerings, three bodies; one of them is not eligible for the schools."""
    await offered(api)
    await api.body("c", county_code="22")
    await api.offer("schools", eligibility='county_code = ""', approval=MANUAL)
    return api


WISHES = [wish("b"), wish("c"), wish("b", "schools"), wish("c", "schools"), wish("b"), wish("x"), {}]
ALONE = [
    "CREATED",
    "CREATED",
    "CREATED",
    "NOT_ELIGIBLE",
    "RESOURCE_ALREADY_EXISTS",
    "REFERENCE_NOT_FOUND",
    "FIELD_INVALID",
]


async def test_each_on_its_own_is_answered_with_its_own_reason(county: Api) -> None:
    done = await send(county, WISHES)
    assert told(done) == ALONE
    assert [each.name for each in done.subscriptions] == [
        "organisations/b/subscriptions/use-permits",
        "organisations/c/subscriptions/use-permits",
        "organisations/b/subscriptions/use-schools",
        *[""] * 4,
    ]
    assert done.results[3].error.metadata["failed"] == "county_code is 22, must be empty"
    assert (sorted(await states(county)), done.revision) == (["APPROVED", "PENDING_APPROVAL"], await head(county))


async def test_all_or_nothing_is_nothing_when_one_is_refused(county: Api) -> None:
    before = await head(county)
    done = await send(county, WISHES, atomic=True)
    held = [each if each != "CREATED" else "BATCH_FAILED" for each in ALONE]
    assert (told(done), done.revision, await head(county)) == (held, before, before)
    assert await subscriptions(county) == []
    done = await send(county, WISHES[:3], atomic=True)
    assert (told(done), done.revision, await head(county)) == (["CREATED"] * 3, before + 5, before + 5)
    assert all(each.agreement for each in done.subscriptions[:2])


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_preview_tells_the_same_and_keeps_nothing(county: Api, atomic: bool) -> None:
    before = await head(county)
    for wishes in (WISHES, WISHES[:3]):
        preview = await send(county, wishes, atomic=atomic, validate_only=True)
        assert (preview.revision, await head(county)) == (before, before)
        assert {each.revision for each in preview.results} == {0}
    done = await send(county, WISHES[:3], atomic=atomic)
    assert (told(done), [each.state for each in done.subscriptions]) == (
        told(preview),
        [each.state for each in preview.subscriptions],
    )


@pytest.mark.parametrize("atomic", [True, False])
async def test_the_same_request_again_answers_the_same_and_does_nothing(county: Api, atomic: bool) -> None:
    wishes = WISHES[:3] if atomic else WISHES
    nameless = [{**each, "subscription_id": ""} for each in wishes]
    first = await send(county, nameless, atomic=atomic, request_id="once")
    after = await head(county)
    again = await send(county, nameless, atomic=atomic, request_id="once")
    assert (again.subscriptions, again.revision, await head(county)) == (first.subscriptions, first.revision, after)
    assert told(again) == told(first)
    other = n.BatchCreateSubscriptionsRequest(requests=wishes[:1], atomic=atomic, request_id="once")
    assert (await refusal(county.onboarding.BatchCreateSubscriptions(other)))[:2] == ("ABORTED", "REQUEST_ID_REUSED")


async def test_a_call_holds_a_thousand_and_no_more(api: Api) -> None:
    await offered(api)
    system = {"kind": 1, "title": {"sv": "K"}}
    bodies = [{"organisation": {"name": f"organisations/m{place}", **system}} for place in range(500)]
    gateways = [{"system": {"name": f"organisations/m{place}/systems/gw", "title": {"sv": "G"}, "environment": 3}} for place in range(500)]  # fmt: skip
    await api.definitions.Apply(d.ApplyRequest(resources=[*bodies, *gateways], atomic=True))
    await api.offer("schools")
    wishes = [wish(f"m{place}", offering) for offering in ("permits", "schools") for place in range(500)]
    request = n.BatchCreateSubscriptionsRequest(requests=[*wishes, wish("b")], atomic=True)
    code, why, words = await refusal(api.onboarding.BatchCreateSubscriptions(request))
    assert (code, why, words["maximum"], words["actual"]) == ("RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED", "1000", "1001")
    done = await send(api, wishes, atomic=True)
    assert (told(done), len(done.subscriptions)) == (["CREATED"] * 1000, 1000)
    assert len({each.agreement for each in done.subscriptions}) == 1000
