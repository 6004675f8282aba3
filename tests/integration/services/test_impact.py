"""What a change means before it is made: the verdict, who is hit through what they use, and the earliest lawful day."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep
from tests.integration.api import INTERFACE, Api, reason, violations
from tests.integration.services.street import PROVEN, RELEASE, REMOVED, offered, report

OFFERING, OPENAPI = "offerings/permits", "application/vnd.oai.openapi+json"
MAJOR, MINOR = VersionStep.VERSION_STEP_MAJOR, VersionStep.VERSION_STEP_MINOR
BREAKING, COMPATIBLE = VerdictOutcome.VERDICT_OUTCOME_BREAKING, VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
USE = "organisations/b/subscriptions/use-permits"


def contract(**properties: Any) -> bytes:
    """An API whose one answer has the properties."""
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    answer = {"description": "A permit", "content": {"application/json": {"schema": schema}}}
    paths = {"/permits": {"get": {"operationId": "list", "responses": {"200": answer}}}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Permits", "version": "1"}, "paths": paths}).encode()


ONE = contract(id={"type": "string"}, day={"type": "string"})
MORE = contract(id={"type": "string"}, day={"type": "string"}, area={"type": "string"})
LESS = contract(id={"type": "string"})


def release(version: str, content: bytes, **more: Any) -> dict[str, Any]:
    """The fields of a PublishReleaseRequest."""
    spec = {"media_type": OPENAPI, "sha256": hashlib.sha256(content).hexdigest()}
    body = {"version": version, "interfaces": [{**INTERFACE, "spec": spec}], **more}
    return {"parent": OFFERING, "release": body, "specs": [{"media_type": OPENAPI, "content": content}]}


@pytest.fixture
async def street(api: Api) -> Api:
    """Body b uses release 1.0.0, which has a contract."""
    await api.body("a")
    await api.body("b")
    await api.offer(notice_days=90)
    await api.offerings.PublishRelease(f.PublishReleaseRequest(**release("1.0.0", ONE)))
    await api.subscribe("b")
    await report(api, USE, phase=PROVEN, observed_release=RELEASE, observed_interfaces=["api"])
    return api


async def try_out(api: Api, version: str, content: bytes, **more: Any) -> Any:
    request = f.PublishReleaseRequest(**release(version, content, **more), validate_only=True)
    return (await api.offerings.PublishRelease(request)).impact


async def test_a_break_hits_whoever_uses_the_interface(street: Api) -> None:
    before = datetime.now(UTC)
    found = await try_out(street, "1.1.0", LESS)
    assert (found.demands, found.takes, found.refused) == (MAJOR, MINOR, True)
    (verdict,) = found.verdicts
    assert (verdict.interface, verdict.base, verdict.outcome) == ("api", RELEASE, BREAKING)
    assert verdict.findings[0].breaking
    assert "day" in verdict.findings[0].path
    (hit,) = found.subscriptions
    assert (hit.subscription, hit.organisation, hit.interfaces) == (USE, "organisations/b", ["api"])
    assert (hit.environment, hit.release, hit.notice_days, found.organisations) == (3, RELEASE, 90, 1)
    earliest = hit.earliest_time.ToDatetime(UTC)
    assert before + timedelta(days=90) <= earliest <= datetime.now(UTC) + timedelta(days=90)
    assert found.earliest_time == hit.earliest_time


async def test_notice_is_that_of_the_terms_that_were_accepted(street: Api) -> None:
    body = {"name": OFFERING, "terms": {"approval": 1, "notice_days": 10}}
    change = f.UpdateOfferingRequest(offering=body, update_mask={"paths": ["terms"]})
    await street.offerings.UpdateOffering(change)
    (hit,) = (await try_out(street, "1.1.0", LESS)).subscriptions
    assert hit.notice_days == 90


async def test_what_has_ended_or_waits_for_approval_is_not_hit(street: Api) -> None:
    change = {"offering": {"name": OFFERING, "terms": {"approval": 2}}, "update_mask": {"paths": ["terms.approval"]}}
    await street.offerings.UpdateOffering(f.UpdateOfferingRequest(**change))
    await street.body("c")
    assert (await street.subscribe("c")).state == 2
    assert [each.subscription for each in (await try_out(street, "1.1.0", LESS)).subscriptions] == [USE]
    await street.onboarding.EndSubscription(n.EndSubscriptionRequest(name=USE))
    await report(street, USE, phase=REMOVED)
    found = await try_out(street, "1.1.0", LESS)
    assert (found.refused, list(found.subscriptions)) == (True, [])


async def test_whoever_serves_another_interface_is_not_hit(street: Api) -> None:
    await report(street, USE, phase=PROVEN, observed_release=RELEASE, observed_interfaces=["files"])
    found = await try_out(street, "1.1.0", LESS)
    assert (found.demands, list(found.subscriptions), found.organisations) == (MAJOR, [], 0)


async def test_what_is_compatible_hits_nobody(street: Api) -> None:
    found = await try_out(street, "1.1.0", MORE)
    assert (found.demands, found.takes, found.refused) == (MINOR, MINOR, False)
    assert [each.outcome for each in found.verdicts] == [COMPATIBLE]
    assert list(found.subscriptions) == []


async def test_a_break_is_refused_under_a_minor_version_with_the_list(street: Api) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await street.offerings.PublishRelease(f.PublishReleaseRequest(**release("1.1.0", LESS)))
    code, why, words = reason(refused.value)
    assert (code, why) == ("FAILED_PRECONDITION", "VERSION_TOO_SMALL")
    assert (words["demands"], words["takes"], words["base"]) == ("MAJOR", "MINOR", RELEASE)
    assert any("day" in each for each in violations(refused.value))
    done = await street.offerings.PublishRelease(f.PublishReleaseRequest(**release("2.0.0", LESS)))
    assert [each.outcome for each in done.release.verdicts] == [BREAKING]
    assert not done.HasField("impact")


@pytest.mark.parametrize(
    ("why", "taken"), [("x" * 9, False), ("x" * 10, True), ("x" * 1000, True), ("x" * 1001, False)]
)
async def test_a_reason_lets_it_pass_and_is_recorded(street: Api, why: str, taken: bool) -> None:
    request = f.PublishReleaseRequest(**release("1.0.1", LESS, breaking_reason=why))
    if not taken:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await street.offerings.PublishRelease(request)
        assert violations(refused.value) == ["breaking_reason"]
        return
    done = (await street.offerings.PublishRelease(request)).release
    assert (done.breaking_reason, done.verdicts[0].outcome) == (why, BREAKING)
    request.release.breaking_reason = "Another reason than before."
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await street.offerings.PublishRelease(request)
    assert reason(refused.value)[1] == "RELEASE_IMMUTABLE"


async def test_a_first_release_and_a_repeated_one_ask_for_nothing(street: Api) -> None:
    again = await street.offerings.PublishRelease(f.PublishReleaseRequest(**release("1.0.0", ONE)))
    assert list(again.release.verdicts) == []
    assert (await try_out(street, "1.0.0", ONE)).takes == VersionStep.VERSION_STEP_UNSPECIFIED


async def test_an_interface_that_goes_breaks(street: Api) -> None:
    gone = {**INTERFACE, "id": "other"}
    request = {"parent": OFFERING, "release": {"version": "1.2.0", "interfaces": [gone]}, "validate_only": True}
    found = (await street.offerings.PublishRelease(f.PublishReleaseRequest(**request))).impact
    rules = {each.interface: [finding.rule for finding in each.findings] for each in found.verdicts}
    assert rules == {"other": ["interface-added"], "api": ["interface-removed"]}
    assert [each.interfaces for each in found.subscriptions] == [["api"]]


async def test_the_end_of_a_release_hits_whoever_uses_it(street: Api) -> None:
    request = f.DeprecateReleaseRequest(name=RELEASE, validate_only=True)
    found = (await street.offerings.DeprecateRelease(request)).impact
    assert [each.subscription for each in found.subscriptions] == [USE]
    await street.offerings.PublishRelease(f.PublishReleaseRequest(**release("1.1.0", MORE)))
    later = f"{OFFERING}/releases/1.1.0"
    await report(street, USE, phase=PROVEN, observed_release=later, observed_interfaces=["api"])
    assert not (await street.offerings.DeprecateRelease(request)).impact.subscriptions


async def test_other_terms_are_news_for_all_who_joined(street: Api) -> None:
    body = {"name": OFFERING, "terms": {"approval": 1, "notice_days": 10}}
    change = {"offering": body, "update_mask": {"paths": ["terms"]}, "validate_only": True}
    found = (await street.offerings.UpdateOffering(f.UpdateOfferingRequest(**change))).impact
    assert [(each.subscription, each.notice_days) for each in found.subscriptions] == [(USE, 90)]
    retitled = {"offering": {"name": OFFERING, "title": {"sv": "Nytt"}}, "update_mask": {"paths": ["title"]}}
    request = f.UpdateOfferingRequest(**retitled, validate_only=True)
    assert not (await street.offerings.UpdateOffering(request)).impact.subscriptions


async def test_applied_definitions_tell_the_same(street: Api) -> None:
    sent = release("1.1.0", LESS)
    body = {"name": f"{OFFERING}/releases/1.1.0", **sent["release"]}
    request = d.ApplyRequest(resources=[{"release": body}], specs=sent["specs"], validate_only=True)
    (result,) = (await street.definitions.Apply(request)).results
    assert (result.impact.refused, [each.subscription for each in result.impact.subscriptions]) == (True, [USE])
    request.validate_only, request.atomic = False, True
    (result,) = (await street.definitions.Apply(request)).results
    assert d.ApplyOutcome.Name(result.outcome) == "APPLY_OUTCOME_FAILED"
    assert result.error.metadata["base"] == RELEASE


async def test_a_contract_that_is_not_what_it_says_is_refused(street: Api) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await street.offerings.PublishRelease(f.PublishReleaseRequest(**release("3.0.0", b'{"openapi": ')))
    assert reason(refused.value)[:2] == ("INVALID_ARGUMENT", "CONTRACT_UNREADABLE")


async def test_a_base_that_comes_while_it_is_judged_is_seen(api: Api) -> None:
    """Releases of one request are each other's base: the second is judged beside the first."""
    await offered(api)
    first, second = release("1.1.0", ONE), release("1.2.0", LESS)
    bodies = [{"release": {"name": f"{OFFERING}/releases/{each['release']['version']}", **each["release"]}}
              for each in (first, second)]  # fmt: skip
    specs = [*first["specs"], *second["specs"]]
    request = d.ApplyRequest(resources=bodies, specs=specs, atomic=True)
    results = (await api.definitions.Apply(request)).results
    assert [each.error.reason for each in results][1] == 45


async def test_a_new_offering_that_is_like_another_names_it(api: Api) -> None:
    await api.body("a")
    await api.body("b")
    for key, sv, en in (("permits", "Bygglov på nätet", "Building permits online"), ("care", "Hemtjänst", "Home care")):
        body = {"provider": "organisations/a", "title": {"sv": sv, "en": en}}
        await api.offerings.CreateOffering(f.CreateOfferingRequest(offering_id=key, offering=body))
    body = {"provider": "organisations/b", "title": {"sv": "Bygglov via nätet", "en": "Building permits on line"}}
    request = f.CreateOfferingRequest(offering_id="twin", offering=body, validate_only=True)
    (found,) = (await api.offerings.CreateOffering(request)).impact.similar
    assert (found.offering, found.reasons) == (OFFERING, ["Their titles are alike: Bygglov på nätet."])
    assert 0.6 <= found.score < 1
    request.offering.title.sv = request.offering.title.en = "Parkering"
    assert not (await api.offerings.CreateOffering(request)).impact.similar
