"""Interests are created, read, changed and deleted; what cannot be ordered is refused."""

from typing import Any

import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from tests.integration.api import Api
from tests.integration.services.street import JOIN, NOTIFY, PROPOSE, make_system, order, refusal, update_order, verdict

NAME = "organisations/b/interests/all"


@pytest.fixture
async def b(api: Api) -> Api:
    await api.body("b", host="")
    return api


async def test_an_interest_lives_and_is_deleted(b: Api) -> None:
    made = await order(b, labels={"a": "1"})
    read = await b.onboarding.GetInterest(n.GetInterestRequest(name=NAME))
    assert read.interest == made
    changed = await update_order(b, mode=NOTIFY, system="")
    assert (changed.mode, changed.system, changed.filter, changed.uid) == (NOTIFY, "", made.filter, made.uid)
    stale = n.DeleteInterestRequest(name=NAME, etag=made.etag)
    assert (await refusal(b.onboarding.DeleteInterest(stale)))[1] == "ETAG_MISMATCH"
    trial = n.DeleteInterestRequest(name=NAME, validate_only=True)
    await b.onboarding.DeleteInterest(trial)
    done = await b.onboarding.DeleteInterest(n.DeleteInterestRequest(name=NAME, etag=changed.etag, request_id="once"))
    again = await b.onboarding.DeleteInterest(n.DeleteInterestRequest(name=NAME, etag=changed.etag, request_id="once"))
    assert again == done
    assert (await refusal(b.onboarding.GetInterest(n.GetInterestRequest(name=NAME))))[1] == "RESOURCE_NOT_FOUND"
    (last,) = (await b.feed.ListChanges(ListChangesRequest(start_revision=done.revision))).changes
    assert (last.event_type, last.etag) == ("se.gemensam.registry.interest.deleted.v1", "")
    assert last.resource.interest == changed


async def test_a_deleted_interest_may_be_created_anew(b: Api) -> None:
    first = await order(b)
    await b.onboarding.DeleteInterest(n.DeleteInterestRequest(name=NAME))
    assert (await order(b)).uid != first.uid


ORDERS: list[tuple[Any, str]] = [
    ({"filter": ""}, "FIELD_INVALID"),
    ({"filter": "name ="}, "FILTER_INVALID"),
    ({"filter": "planet = 1"}, "FILTER_INVALID"),
    ({"filter": "state = NONSENSE"}, "FILTER_INVALID"),
    ({"filter": "x" * 4097}, "LIMIT_EXCEEDED"),
    ({"mode": 0}, "FIELD_INVALID"),
    ({"mode": 9}, "FIELD_INVALID"),
    ({"mode": JOIN, "system": ""}, "FIELD_INVALID"),
    ({"mode": PROPOSE, "system": ""}, "FIELD_INVALID"),
    ({"system": "organisations/b/systems/none"}, "REFERENCE_NOT_FOUND"),
    ({"system": "organisations/stranger/systems/gw"}, "FIELD_INVALID"),
    ({"mode": NOTIFY, "system": ""}, ""),
]


async def test_what_cannot_be_ordered_is_refused(b: Api) -> None:
    await b.body("stranger")
    assert [await verdict(order(b, **fields)) for fields, _ in ORDERS] == [why for _, why in ORDERS]


async def test_a_body_orders_for_a_system_of_its_host(api: Api) -> None:
    await api.body("host")
    await api.body("b", host="organisations/host")
    system = await make_system(api, "host", "shared")
    assert (await order(api, system=system)).system == system
