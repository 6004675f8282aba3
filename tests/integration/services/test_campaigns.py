"""Campaigns: how they are written, who is late, and where they can be seen."""

import asyncio
import time
from typing import Any

import pytest

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.domain.offering import ELIGIBILITY_FIELDS
from registry.store.kinds import COMMON, KINDS
from tests.integration.api import INTERFACE, Api
from tests.integration.services.street import PROVEN, RELEASE, offered, refusal, report, verdict

OFFERING = "offerings/permits"
LATER = f"{OFFERING}/releases/1.1.0"
SAFE: dict[str, Any] = {
    "id": "safe",
    "title": {"sv": "Säkrare inloggning"},
    "release": RELEASE,
    "deadline": {"seconds": 1_600_000_000},
    "party_class": "kind = MUNICIPALITY",
}


@pytest.fixture
async def running(api: Api) -> Api:
    """Bodies a, b and c, of which b has joined."""
    await offered(api)
    await api.body("c")
    await api.subscribe("b")
    return api


async def write(api: Api, *campaigns: dict[str, Any]) -> Any:
    request = f.UpdateOfferingRequest(
        offering={"name": OFFERING, "campaigns": campaigns}, update_mask={"paths": ["campaigns"]}
    )
    return (await api.offerings.UpdateOffering(request)).offering


async def view(api: Api, campaign: str = "safe", **fields: Any) -> Any:
    return await api.onboarding.GetConvergence(n.GetConvergenceRequest(name=OFFERING, campaign=campaign, **fields))


async def test_who_has_not_joined_is_late_and_who_is_excused_is_not(running: Api) -> None:
    excuse = {"organisation": "organisations/a", "reason": "Byter system"}
    await write(running, {**SAFE, "excuses": [excuse]})
    found = await view(running)
    assert [(each.subscription, each.organisation, each.reason) for each in found.laggards] == [
        ("organisations/b/subscriptions/use-permits", "organisations/b", "NO_REPORT"),
        ("", "organisations/c", "NOT_JOINED"),
    ]
    assert (found.total, found.converged, found.not_joined, found.overdue) == (1, 0, 1, 2)
    assert [(each.organisation, each.reason) for each in found.excused] == [("organisations/a", "Byter system")]
    assert (found.coverage[0].required, found.coverage[0].converged, found.coverage[0].excused) == (2, 0, 1)
    (first,) = (await view(running, page_size=1)).laggards
    assert first.organisation == "organisations/b"


async def test_a_deadline_passes_although_nothing_changes(running: Api) -> None:
    """What the view tells depends on the clock as well, so no answer may be kept for later."""
    await write(running, {**SAFE, "deadline": {"seconds": int(time.time()) + 3}})
    async with asyncio.timeout(15):
        while not (found := await view(running)).overdue:
            pass
    assert found.overdue == 3
    assert found.revision == (await running.feed.GetHead(GetHeadRequest())).revision


async def test_a_later_release_is_enough_until_it_is_retired(running: Api) -> None:
    await running.publish("permits", "1.1.0")
    await write(running, {**SAFE, "party_class": ""})
    await report(running, "organisations/b/subscriptions/use-permits", phase=PROVEN, observed_release=LATER)
    assert (await view(running)).converged == 1
    exactly = await running.onboarding.GetConvergence(n.GetConvergenceRequest(name=OFFERING, release=RELEASE))
    assert (exactly.converged, exactly.laggards[0].reason) == (0, "OTHER_RELEASE")
    await running.offerings.DeprecateRelease(f.DeprecateReleaseRequest(name=LATER))
    assert (await view(running)).converged == 1
    await running.offerings.RetireRelease(f.RetireReleaseRequest(name=LATER))
    assert (await view(running)).converged == 0


CLASSES = {
    "": {"b"},
    "kind = REGION": set(),
    'county_code = "22"': {"c"},
    'name = "organisations/a" OR name = "organisations/c"': {"a", "c"},
    'memberships:"organisations/a"': {"c"},
    'title.sv : "kommun B"': {"b"},
    "size.inhabitants >= 1.5e4": {"c"},
    "NOT size.inhabitants >= 15000": {"a", "b"},
}


async def test_a_class_is_who_satisfies_the_expression(api: Api) -> None:
    await offered(api)
    size = {"inhabitants": 15_000, "source": "x"}
    await api.body("c", county_code="22", memberships=["organisations/a"], size=size)
    await api.body("gone", county_code="22", valid_to="2020-01-01")
    await api.subscribe("b")
    await write(api, *({**SAFE, "id": f"c{at}", "party_class": each} for at, each in enumerate(CLASSES)))
    found = {
        each: {late.organisation for late in (await view(api, f"c{at}")).laggards} for at, each in enumerate(CLASSES)
    }
    assert found == {each: {f"organisations/{key}" for key in keys} for each, keys in CLASSES.items()}


def test_the_store_knows_every_field_that_a_class_may_ask_for() -> None:
    assert {*COMMON, *KINDS["organisation"].fields} >= ELIGIBILITY_FIELDS


async def test_what_does_not_exist_is_refused(running: Api) -> None:
    assert (await refusal(view(running)))[:2] == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    await write(running, SAFE)
    assert (await refusal(view(running, release=RELEASE)))[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert (await refusal(write(running, {**SAFE, "release": LATER})))[1] == "REFERENCE_NOT_FOUND"
    assert (await refusal(write(running, {**SAFE, "release": "x/y"})))[1] == "NAME_INVALID"
    excuse = {"organisation": "organisations/none", "reason": "x"}
    assert (await refusal(write(running, {**SAFE, "excuses": [excuse]})))[1] == "REFERENCE_NOT_FOUND"
    assert (await refusal(write(running, {**SAFE, "party_class": "kind = CASTLE"})))[1] == "FILTER_INVALID"


async def test_a_campaign_is_in_the_ledger_as_every_field_is(running: Api) -> None:
    head = await running.feed.GetHead(GetHeadRequest())
    written = await write(running, SAFE)
    assert (await write(running, SAFE)).revision == written.revision == head.revision + 1
    feed = running.feed.Watch(WatchRequest(start_revision=written.revision, generation=head.generation))
    change = (await feed.read()).change
    feed.cancel()
    assert (change.resource.offering, change.event_type.split(".")[-2]) == (written, "updated")


def definition(version: str, **release: Any) -> d.ApplyRequest:
    """An offering whose campaign asks for the release that comes with it."""
    name = f"{OFFERING}/releases/{version}"
    request = d.ApplyRequest(atomic=True)
    request.resources.add().release.MergeFrom(
        f.PublishReleaseRequest(
            release={"name": name, "version": version, "interfaces": [INTERFACE], **release}
        ).release
    )
    offering = {"name": OFFERING, "provider": "organisations/a", "title": {"sv": "X"}}
    offering["campaigns"] = [{**SAFE, "release": name}]  # type: ignore[assignment]
    request.resources.add().offering.MergeFrom(f.UpdateOfferingRequest(offering=offering).offering)  # type: ignore[arg-type]
    return request


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_release_and_its_campaign_come_in_one_go(api: Api, atomic: bool) -> None:
    await api.body("a")
    for version in ("1.0.0", "2.0.0"):
        request = definition(version)
        request.atomic = atomic
        done = await api.definitions.Apply(request)
        assert {each.error.message for each in done.results} == {""}
        assert (await view(api)).release == f"{OFFERING}/releases/{version}"
    assert [each.outcome for each in (await api.definitions.Apply(request)).results] == [
        d.ApplyOutcome.APPLY_OUTCOME_UNCHANGED
    ] * 2
    exported = await api.definitions.Export(d.ExportRequest(name_prefix=OFFERING))
    offering = next(each.offering for each in exported.resources if each.HasField("offering"))
    assert offering.campaigns[0].release == f"{OFFERING}/releases/2.0.0"


async def test_a_release_that_is_refused_holds_its_campaign_back(api: Api) -> None:
    await api.body("a")
    done = await api.definitions.Apply(definition("1.0.0", interfaces=[]))
    assert {each.outcome for each in done.results} == {d.ApplyOutcome.APPLY_OUTCOME_FAILED}
    get = api.offerings.GetOffering(f.GetOfferingRequest(name=OFFERING))
    assert await verdict(get) == "RESOURCE_NOT_FOUND"
