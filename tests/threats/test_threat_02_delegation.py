"""Threat 2: expired or over-broad delegation. What is given is bounded, ends, and is never passed on."""

import asyncio
from typing import Any

import grpc
import pytest

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1 import offering_service_pb2 as offering_pb2
from registry.api.v1 import onboarding_service_pb2 as onboarding_pb2
from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from registry.api.v1.access_pb2 import GrantState
from registry.api.v1.feed_service_pb2 import WatchRequest
from tests.integration.api import INTERFACE, Api, reason, violations
from tests.threats.guarded import HOSTED, Guarded, actions, ahead, refused, until

TITLE = {"sv": "Ändrad"}


def update(name: str = "offerings/permits") -> Any:
    return offering_pb2.UpdateOfferingRequest(
        offering={"name": name, "title": TITLE}, update_mask={"paths": ["title.sv"]}, validate_only=True
    )


def system(key: str = "gw", organisation: str = "a") -> Any:
    return organisation_pb2.GetSystemRequest(name=f"organisations/{organisation}/systems/{key}")


def host(key: str, of: str) -> Any:
    return organisation_pb2.UpdateOrganisationRequest(
        organisation={"name": f"organisations/{key}", "host": of}, update_mask={"paths": ["host"]}
    )


async def why(call: Any) -> str:
    return reason(await refused(call))[1]


async def test_a_grant_gives_until_it_ends(town: Guarded) -> None:
    api = await town.key("guest", "b", "READ")
    given = await town.grant("guest", "keys/guest", "a", "READ", "DECLARE", valid_to=ahead(3))
    await api.offerings.UpdateOffering(update())
    await api.organisations.GetSystem(system())

    async def over() -> bool:
        return ahead(0).ToMicroseconds() > given.valid_to.ToMicroseconds()

    await until(over)
    assert await why(api.offerings.UpdateOffering(update())) == "NOT_GRANTED"
    assert await why(api.organisations.GetSystem(system())) == "RESOURCE_NOT_FOUND"


async def test_a_grant_that_begins_later_gives_nothing_yet(town: Guarded) -> None:
    api = await town.key("early", "b", "READ")
    await town.grant("early", "keys/early", "a", "DECLARE", valid_from=ahead(3000))
    assert await why(api.offerings.UpdateOffering(update())) == "NOT_GRANTED"


async def test_a_prefix_ends_with_a_segment(town: Guarded) -> None:
    for key in ("permit", "permits-2"):
        await town.operator.offer(key)
    api = await town.key("bounded", "b", "READ")
    await town.grant("bounded", "keys/bounded", "a", "DECLARE", "PUBLISH", name_prefix="offerings/permits")

    await api.offerings.UpdateOffering(update())
    release = {"version": "2.0.0", "interfaces": [INTERFACE]}
    below = offering_pb2.PublishReleaseRequest(parent="offerings/permits", release=release)
    await api.offerings.PublishRelease(below)
    for name in ("offerings/permit", "offerings/permits-2"):
        assert await why(api.offerings.UpdateOffering(update(name))) == "NOT_GRANTED"
    beside = offering_pb2.PublishReleaseRequest(parent="offerings/permits-2", release=release)
    assert await why(api.offerings.PublishRelease(beside)) == "NOT_GRANTED"


async def giver(town: Guarded) -> Api:
    """Who gives for a, by a grant that two operators agreed to."""
    api = await town.key("giver", "a", *HOSTED[:-1])
    await town.grant("giver", "keys/giver", "a", "GRANT")
    return api


def grant(*may: str, principal: str = "keys/of-b", organisation: str = "a", **fields: Any) -> Any:
    named = f"organisations/{organisation}" if organisation else ""
    wanted = {"principal": principal, "organisation": named, "actions": actions(*may), "valid_to": ahead(3600)}
    return access_pb2.CreateGrantRequest(grant={**wanted, **fields})


def key(*may: str, organisation: str = "a", **fields: Any) -> Any:
    wanted = {"organisation": f"organisations/{organisation}", "purpose": "x", "actions": actions(*may)}
    return access_pb2.CreateKeyRequest(key={**wanted, **fields})


async def test_what_was_given_is_not_passed_on(town: Guarded) -> None:
    api = await giver(town)
    guest = await town.key("guest", "b", "READ")
    await town.grant("guest", "keys/guest", "a", *HOSTED, by=None)

    assert await why(guest.access.CreateGrant(grant("READ"))) == "NOT_GRANTED"
    assert await why(guest.access.CreateKey(key("READ"))) == "NOT_GRANTED"
    assert await why(api.access.CreateGrant(grant("GRANT"))) == "NOT_GRANTED"
    assert await why(api.access.CreateGrant(grant("READ", "GRANT"))) == "NOT_GRANTED"
    assert (await api.access.CreateGrant(grant("READ"))).grant.state == GrantState.GRANT_STATE_ACTIVE
    assert await why(api.access.CreateKey(key("GRANT"))) == "FIELD_INVALID"


async def test_nobody_gives_more_than_it_may_itself(town: Guarded) -> None:
    api = await giver(town)
    assert await why(api.access.CreateGrant(grant("REPORT"))) == "NOT_GRANTED"
    assert await why(api.access.CreateKey(key("READ", "REPORT"))) == "NOT_GRANTED"
    assert await why(api.access.CreateGrant(grant("OPERATE", organisation=""))) == "NOT_GRANTED"
    assert await why(api.access.CreateGrant(grant("READ", organisation="d"))) == "NOT_GRANTED"
    assert await why(api.access.CreateKey(key("READ", organisation="d"))) == "NOT_GRANTED"


async def test_nobody_gives_for_more_names_than_it_may_itself(town: Guarded) -> None:
    api = await town.key("narrow", "b", "READ")
    await town.grant("narrow", "keys/narrow", "a", "DECLARE", name_prefix="offerings/permits")
    await town.grant("gives", "keys/narrow", "a", "GRANT")

    within = grant("DECLARE", name_prefix="offerings/permits")
    assert (await api.access.CreateGrant(within)).grant.name
    for prefix in ("", "offerings", "offerings/permits-2"):
        assert await why(api.access.CreateGrant(grant("DECLARE", name_prefix=prefix))) == "NOT_GRANTED"
        assert await why(api.access.CreateKey(key("DECLARE", name_prefix=prefix))) == "NOT_GRANTED"


async def test_who_may_describe_an_organisation_cannot_choose_its_host(town: Guarded) -> None:
    """Whoever hosts may act for it: to choose the host would be to pass on what was given."""
    guest = await town.key("guest", "b", "READ")
    await town.grant("guest", "keys/guest", "a", *HOSTED)
    of_a = town.api(town.secrets["of-a"])

    assert await why(guest.organisations.UpdateOrganisation(host("a", "organisations/b"))) == "NOT_GRANTED"
    assert await why(of_a.organisations.UpdateOrganisation(host("c", "organisations/b"))) == "NOT_GRANTED"
    given = await giver(town)
    assert (await given.organisations.UpdateOrganisation(host("a", "organisations/d"))).organisation.host


@pytest.mark.parametrize("way", ["grant", "key"])
async def test_what_is_taken_back_gives_nothing_from_then_on(town: Guarded, way: str) -> None:
    if way == "grant":
        api = await town.key("guest", "b", "READ")
        await town.grant("guest", "keys/guest", "a", "READ", "DECLARE")
    else:
        api = await town.key("guest", "a", "READ", "DECLARE")
    await api.offerings.UpdateOffering(update())
    await api.organisations.GetSystem(system())
    feed = api.feed.Watch(WatchRequest(kinds=["system"], with_snapshot=True))
    while not (await feed.read()).HasField("snapshot_end"):
        pass

    if way == "grant":
        await town.operator.access.RevokeGrant(access_pb2.RevokeGrantRequest(name="grants/guest"))
    else:
        await town.operator.access.RevokeKey(access_pb2.RevokeKeyRequest(name="keys/guest"))

    assert await why(api.offerings.UpdateOffering(update())) in {"NOT_GRANTED", "CREDENTIAL_INVALID"}
    assert await why(api.organisations.GetSystem(system())) in {"RESOURCE_NOT_FOUND", "CREDENTIAL_INVALID"}
    await make(town.operator, "a", "later")
    seen = await until_ended_or_shown(town, feed)
    assert "organisations/a/systems/later" not in seen


async def until_ended_or_shown(town: Guarded, feed: Any) -> list[str]:
    """What a stream shows up to something of b, or its end."""
    await make(town.operator, "b", "mark")
    seen: list[str] = []
    async with asyncio.timeout(20):
        while "organisations/b/systems/mark" not in seen:
            try:
                said = await feed.read()
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.UNAUTHENTICATED  # noqa: PT017 - that is how it may end
                return seen
            seen.append(said.change.name)
    return seen


async def make(api: Api, organisation: str, key: str) -> None:
    request = organisation_pb2.CreateSystemRequest(
        parent=f"organisations/{organisation}", system_id=key, system={"title": TITLE, "environment": 3}
    )
    await api.organisations.CreateSystem(request)


async def test_a_host_acts_for_whom_it_hosts_for_as_long_as_it_does(town: Guarded) -> None:
    of_a = town.api(town.secrets["of-a"])
    await make(of_a, "c", "by-host")
    found = (await of_a.organisations.GetSystem(system("by-host", "c"))).system
    assert found.name

    assert await why(of_a.access.CreateKey(key("READ", organisation="c"))) == "NOT_GRANTED"
    assert await why(of_a.access.CreateGrant(grant("READ", organisation="c"))) == "NOT_GRANTED"

    await town.operator.organisations.UpdateOrganisation(host("c", ""))
    again = organisation_pb2.CreateSystemRequest(
        parent="organisations/c", system_id="more", system={"title": TITLE, "environment": 3}
    )
    assert await why(of_a.organisations.CreateSystem(again)) == "NOT_GRANTED"
    assert await why(of_a.organisations.GetSystem(system("by-host", "c"))) == "RESOURCE_NOT_FOUND"


async def test_a_first_claim_needs_a_second_operator(town: Guarded) -> None:
    api = await town.key("claims", "b", "READ")
    made = (await town.operator.access.CreateGrant(grant("GRANT", "DECLARE", principal="keys/claims"))).grant
    approve = access_pb2.ApproveGrantRequest(name=made.name)

    assert made.state == GrantState.GRANT_STATE_PENDING
    assert await why(api.offerings.UpdateOffering(update())) == "NOT_GRANTED"
    assert await why(town.operator.access.ApproveGrant(approve)) == "SECOND_PERSON_NEEDED"
    assert await why(api.access.ApproveGrant(approve)) in {"NOT_GRANTED", "RESOURCE_NOT_FOUND"}
    assert await why(api.offerings.UpdateOffering(update())) == "NOT_GRANTED"

    approved = (await (await town.second()).access.ApproveGrant(approve)).grant
    assert (approved.granted_by, list(approved.approved_by)) == ("keys/operator", ["keys/second"])
    await api.offerings.UpdateOffering(update())


async def test_no_operator_is_made_by_one_person(town: Guarded) -> None:
    made = (await town.operator.access.CreateGrant(grant("OPERATE", organisation="", principal="keys/of-b"))).grant
    assert made.state == GrantState.GRANT_STATE_PENDING
    of_b = town.api(town.secrets["of-b"])
    assert await why(of_b.access.ListRefusals(access_pb2.ListRefusalsRequest())) == "NOT_GRANTED"


async def test_a_party_accepts_what_was_proposed_and_nothing_else(town: Guarded) -> None:
    """By a definition file it could write other terms and sign them in one."""
    api, of_b = town.operator, town.api(town.secrets["of-b"])
    proposal = {"offering": "offerings/permits", "party": "organisations/b", "valid_to": "2099-12-31"}
    request = onboarding_pb2.ProposeAgreementRequest(agreement_id="x", agreement=proposal)
    await api.onboarding.ProposeAgreement(request)
    written = {"name": "agreements/x", **proposal, "evidence": "case 1"}

    for changed in ({"valid_to": ""}, {"offering": "offerings/theirs"}, {"party": "organisations/d"}):
        assert await applied(of_b, {**written, **changed}) in {"NOT_GRANTED", "FIELD_IMMUTABLE"}
    assert await applied(of_b, {**written, "name": "agreements/own"}) == "NOT_GRANTED"
    of_a = town.api(town.secrets["of-a"])
    assert await applied(of_a, written) == "NOT_GRANTED"
    assert await applied(of_b, written) == ""


async def applied(api: Api, agreement: dict[str, Any]) -> str:
    """Why an agreement is refused; ''."""
    from registry.api.v1.definition_service_pb2 import ApplyRequest  # noqa: PLC0415
    from registry.api.v1.error_reason_pb2 import ErrorReason  # noqa: PLC0415

    result = (await api.definitions.Apply(ApplyRequest(resources=[{"agreement": agreement}]))).results[0]
    if not result.HasField("error"):
        return ""
    return ErrorReason.Name(result.error.reason).removeprefix("ERROR_REASON_")


async def test_nobody_makes_the_operators_own_key(town: Guarded) -> None:
    """Its name is that of the operator."""
    api = await giver(town)
    request = key("READ")
    request.key_id = "operator"
    for by in (api, town.operator):
        error = await refused(by.access.CreateKey(request))
        assert reason(error)[1] == "FIELD_INVALID"
        assert violations(error) == ["key_id"]


async def test_a_key_counts_as_the_person_who_made_it(town: Guarded) -> None:
    own = await town.key("mine", "", "OPERATE")
    further = await town.key("further", "", "OPERATE", by=own)
    made = (await town.operator.access.CreateGrant(grant("DECLARE", principal="keys/claims"))).grant
    approve = access_pb2.ApproveGrantRequest(name=made.name)
    for each in (own, further):
        assert await why(each.access.ApproveGrant(approve)) == "SECOND_PERSON_NEEDED"
    approved = (await (await town.second()).access.ApproveGrant(approve)).grant
    assert approved.state == GrantState.GRANT_STATE_ACTIVE


async def test_a_merger_hands_over_what_was_the_predecessors(town: Guarded) -> None:
    heir = await town.key("heir", "d", *HOSTED)
    assert await why(heir.offerings.UpdateOffering(update())) == "NOT_GRANTED"
    merger = organisation_pb2.MergeOrganisationsRequest(
        name="organisations/d", sources=["organisations/a"], valid_to="2999-12-31"
    )
    await town.operator.organisations.MergeOrganisations(merger)
    await heir.offerings.UpdateOffering(update())
    before = town.api(town.secrets["of-a"])
    await before.offerings.UpdateOffering(update())  # until its last day both may
    third = await town.key("third", "b", *HOSTED)
    assert await why(third.offerings.UpdateOffering(update())) == "NOT_GRANTED"
