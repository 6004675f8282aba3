"""Convergence: which reports are taken, and what the view tells of them."""

from typing import Any

import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.feed_service_pb2 import GetHeadRequest
from tests.integration.api import Api
from tests.integration.services.street import (
    APPLIED,
    PLANNED,
    PROVEN,
    RELEASE,
    REMOVED,
    ROUTED,
    offered,
    refusal,
    report,
    state_of,
    verdict,
)

NAME = "organisations/b/subscriptions/use-permits"
NEXT = "offerings/permits/releases/2.0.0"


@pytest.fixture
async def subscribed(api: Api) -> Api:
    await offered(api)
    await api.subscribe("b")
    return api


async def head(api: Api) -> Any:
    return await api.feed.GetHead(GetHeadRequest())


async def test_the_same_report_makes_no_entry(subscribed: Api) -> None:
    fields: dict[str, Any] = {"phase": PROVEN, "observed_release": RELEASE, "attempts": 1, "trace_id": "ab" * 16}
    first = await report(subscribed, NAME, 5, **fields)
    before = await head(subscribed)
    assert await report(subscribed, NAME, 5, **fields) == first
    assert await report(subscribed, NAME, 5, **fields, report_time={"seconds": 1}, proven_time={"seconds": 1}) == first
    assert await head(subscribed) == before
    assert (await report(subscribed, NAME, 5, **{**fields, "attempts": 2})).revision == before.revision + 1


async def test_an_older_report_is_refused_with_both_revisions(subscribed: Api) -> None:
    await report(subscribed, NAME, 6, phase=APPLIED)
    code, why, words = await refusal(report(subscribed, NAME, 5, phase=PROVEN, observed_release=RELEASE))
    assert (code, why) == ("ABORTED", "REPORT_OUTDATED")
    assert words == {"name": NAME, "observed_revision": "5", "known_revision": "6"}


async def test_a_report_from_the_future_is_refused(subscribed: Api) -> None:
    """Else every true one after it would be older."""
    newest = (await head(subscribed)).revision
    code, why, words = await refusal(report(subscribed, NAME, newest + 1, phase=APPLIED))
    assert (code, why) == ("FAILED_PRECONDITION", "REVISION_IN_FUTURE")
    assert words == {"requested_revision": str(newest + 1), "head_revision": str(newest)}
    await report(subscribed, NAME, newest, phase=APPLIED)


async def test_removal_may_be_told_twice(subscribed: Api) -> None:
    await report(subscribed, NAME, 1, phase=ROUTED, observed_release=RELEASE)
    await subscribed.onboarding.EndSubscription(n.EndSubscriptionRequest(name=NAME))
    ended = await report(subscribed, NAME, 2, phase=REMOVED)
    assert state_of(ended) == "ENDED"
    assert await report(subscribed, NAME, 2, phase=REMOVED, attempts=3) == ended
    assert (await refusal(report(subscribed, NAME, 2, phase=APPLIED)))[1] == "STATE_TRANSITION_ILLEGAL"


REPORTS: list[tuple[Any, str]] = [
    ({}, "FIELD_INVALID"),
    ({"phase": 9}, "FIELD_INVALID"),
    ({"phase": PROVEN}, "FIELD_INVALID"),
    ({"phase": APPLIED, "observed_release": "offerings/permits"}, "NAME_INVALID"),
    ({"phase": APPLIED, "observed_release": "offerings/permits/releases/9.9.9"}, "REFERENCE_NOT_FOUND"),
    ({"phase": APPLIED, "observed_release": "offerings/other/releases/1.0.0"}, "FIELD_INVALID"),
    ({"phase": APPLIED, "attempts": -1}, "FIELD_INVALID"),
    ({"phase": APPLIED, "observed_revision": -1}, "FIELD_INVALID"),
    ({"phase": APPLIED, "trace_id": "AB" * 16}, "FIELD_INVALID"),
    ({"phase": APPLIED, "last_error": {"message": "no reason"}}, "FIELD_INVALID"),
    ({"phase": APPLIED, "last_error": {"reason": "not upper"}}, "FIELD_INVALID"),
    ({"phase": APPLIED, "last_error": {"reason": "X" * 64}}, "FIELD_INVALID"),
    ({"phase": APPLIED, "last_error": {"reason": "X" * 63, "message": "x" * 4096}}, ""),
    ({"phase": APPLIED, "last_error": {"reason": "X", "message": "x" * 4097}}, "LIMIT_EXCEEDED"),
    ({"phase": APPLIED, "last_error": {"reason": "X", "message": "19121212-1212"}}, "PERSONAL_DATA_REFUSED"),
]


async def test_a_report_is_checked(subscribed: Api) -> None:
    requests = [n.ReportConvergenceRequest(name=NAME, convergence=fields) for fields, _ in REPORTS]
    told = [await verdict(subscribed.onboarding.ReportConvergence(request)) for request in requests]
    assert told == [why for _, why in REPORTS]


async def test_the_time_of_the_first_proof_stays(subscribed: Api) -> None:
    """A disturbance is not a new onboarding; a new release is."""
    await subscribed.publish("permits", "2.0.0")
    first = (await report(subscribed, NAME, 1, phase=PROVEN, observed_release=RELEASE)).convergence.proven_time
    broken = {"reason": "PROBE_FAILED", "message": "502"}
    disturbed = await report(subscribed, NAME, 2, phase=ROUTED, observed_release=RELEASE, last_error=broken)
    assert disturbed.convergence.proven_time == first
    again = await report(subscribed, NAME, 3, phase=PROVEN, observed_release=RELEASE)
    assert again.convergence.proven_time == first
    planned = await report(subscribed, NAME, 4, phase=PLANNED, observed_release=NEXT)
    assert not planned.convergence.HasField("proven_time")
    anew = await report(subscribed, NAME, 5, phase=PROVEN, observed_release=NEXT)
    assert anew.convergence.proven_time.ToMicroseconds() > first.ToMicroseconds()


async def test_laggards_come_with_their_reason_and_no_more_than_asked_for(subscribed: Api) -> None:
    await subscribed.body("c")
    await subscribed.subscribe("c")
    error = {"reason": "POLICY_HOST_DENIED", "message": "service.example is not allowed"}
    await report(subscribed, NAME, 1, phase=PLANNED, last_error=error)
    view = await subscribed.onboarding.GetConvergence(n.GetConvergenceRequest(name="offerings/permits", page_size=1))
    (first,) = view.laggards
    assert (view.total, first.subscription) == (2, "organisations/c/subscriptions/use-permits")  # nothing heard at all
    whole = await subscribed.onboarding.GetConvergence(n.GetConvergenceRequest(name="offerings/permits"))
    assert whole.laggards[1].convergence.last_error.reason == "POLICY_HOST_DENIED"
    for name in ("offerings/none", "offerings/permits/releases/9.9.9"):
        request = (
            n.GetConvergenceRequest(name=name)
            if "releases" not in name
            else n.GetConvergenceRequest(name="offerings/permits", release=name)
        )
        assert (await refusal(subscribed.onboarding.GetConvergence(request)))[1] == "RESOURCE_NOT_FOUND"
