"""What lets callers repeat and read their own writes: request ids, revisions, generations."""

import asyncio
from pathlib import Path
from typing import Any

import grpc

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest, WatchRequest
from registry.app import Running, running
from registry.settings import Settings
from registry.store.backup import backup, restore
from tests.integration.api import Api
from tests.integration.services.street import APPLIED, offered, refusal, verdict

BODY: dict[str, Any] = {"kind": 1, "title": {"sv": "B"}}
NAME = "organisations/b/subscriptions/use-permits"


def create(key: str, request_id: str = "", **fields: Any) -> o.CreateOrganisationRequest:
    return o.CreateOrganisationRequest(organisation_id=key, organisation={**BODY, **fields}, request_id=request_id)


async def test_the_same_request_id_answers_the_same_for_every_command(api: Api) -> None:
    """One of each kind: create, update, a command of its own, delete."""
    await offered(api)
    await api.subscribe("b")
    commands: list[Any] = [
        (api.organisations.CreateOrganisation, create("x", "1")),
        (api.organisations.UpdateOrganisation, o.UpdateOrganisationRequest(organisation={"name": "organisations/x", **BODY, "title": {"sv": "Y"}}, request_id="2")),
        (api.offerings.PublishRelease, f.PublishReleaseRequest(parent="offerings/permits", release={"version": "9.0.0", "state": 1}, request_id="3")),
        (api.onboarding.ReportConvergence, n.ReportConvergenceRequest(name=NAME, convergence={"phase": APPLIED}, request_id="4")),
        (api.onboarding.EndSubscription, n.EndSubscriptionRequest(name=NAME, request_id="5")),
        (api.offerings.WithdrawOffering, f.WithdrawOfferingRequest(name="offerings/permits", request_id="6")),
    ]  # fmt: skip
    for call, request in commands:
        first = await call(request)
        head = await api.feed.GetHead(GetHeadRequest())
        assert await call(request) == first
        assert await api.feed.GetHead(GetHeadRequest()) == head


async def test_twenty_at_once_with_one_request_id_are_one(api: Api) -> None:
    answers = await asyncio.gather(*(api.organisations.CreateOrganisation(create("x", "once")) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert (await api.feed.GetHead(GetHeadRequest())).revision == 1


async def test_a_request_id_belongs_to_its_request_and_its_caller(api: Api) -> None:
    await api.organisations.CreateOrganisation(create("x", "once"))
    for other in (create("y", "once"), create("x", "once", county_code="22")):
        code, why, words = await refusal(api.organisations.CreateOrganisation(other))
        assert (code, why, words["request_id"]) == ("ABORTED", "REQUEST_ID_REUSED", "once")
    another_method = o.UpdateOrganisationRequest(organisation={"name": "organisations/x", **BODY}, request_id="once")
    assert (await refusal(api.organisations.UpdateOrganisation(another_method)))[1] == "REQUEST_ID_REUSED"
    metadata = (("gemensam-actor", "organisations/other/systems/gw"),)
    await api.organisations.CreateOrganisation(create("y", "once"), metadata=metadata)


async def test_a_refused_request_may_be_mended_under_its_id(api: Api) -> None:
    assert (await refusal(api.organisations.CreateOrganisation(create("x", "once", kind=0))))[1] == "FIELD_INVALID"
    assert (await api.organisations.CreateOrganisation(create("x", "once"))).revision == 1


async def test_a_request_id_is_short_and_printable(api: Api) -> None:
    keys = {"x" * 64: "", "x" * 65: "LIMIT_EXCEEDED", "a\0b": "FIELD_INVALID"}
    told = {key: await verdict(api.organisations.CreateOrganisation(create("x", key))) for key in keys}
    assert told == keys


async def test_reads_are_at_least_as_new_as_asked_for(api: Api) -> None:
    made = await api.organisations.CreateOrganisation(create("x"))
    for minimum in (0, made.revision):
        read = await api.organisations.GetOrganisation(
            o.GetOrganisationRequest(name="organisations/x", min_revision=minimum)
        )
        assert read.revision >= minimum
        assert read.generation == made.generation
    ahead = o.ListOrganisationsRequest(min_revision=made.revision + 1)
    code, why, words = await refusal(api.organisations.ListOrganisations(ahead))
    assert (code, why) == ("FAILED_PRECONDITION", "REVISION_IN_FUTURE")
    assert words == {"requested_revision": str(made.revision + 1), "head_revision": str(made.revision)}


async def test_tokens_of_before_a_restore_are_refused(settings: Settings, tmp_path: Path) -> None:
    """The restored registry goes on from an older revision: what is then written can be taken for nothing else."""
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await offered(api)
        await api.subscribe("b")
        before = await api.feed.GetHead(GetHeadRequest())
        await asyncio.to_thread(backup, settings.url(), tmp_path / "copy.db")
        lost = await api.organisations.CreateOrganisation(create("lost"))
    other = Settings(data=tmp_path / "restored", grpc_address="127.0.0.1:0", web_address="")
    await asyncio.to_thread(restore, tmp_path / "copy.db", other.url())
    async with running(other) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        head = await api.feed.GetHead(GetHeadRequest())
        assert (head.revision, head.hash) == (before.revision, before.hash)
        anew = await api.organisations.CreateOrganisation(create("anew"))
        assert (anew.revision, anew.organisation.etag != lost.organisation.etag) == (lost.revision, True)
        old = before.generation
        calls = [
            api.feed.ListChanges(ListChangesRequest(start_revision=1, generation=old)),
            api.feed.Watch(WatchRequest(start_revision=lost.revision, generation=old)).read(),
            api.onboarding.ReportConvergence(
                n.ReportConvergenceRequest(name=NAME, convergence={"phase": APPLIED}, generation=old)
            ),
        ]
        for call in calls:
            code, why, words = await refusal(call)
            assert (code, why) == ("FAILED_PRECONDITION", "GENERATION_MISMATCH")
            assert words == {"sent_generation": old, "current_generation": head.generation}
        following = await api.feed.ListChanges(
            ListChangesRequest(start_revision=anew.revision, generation=head.generation)
        )
        assert [each.name for each in following.changes] == ["organisations/anew"]


async def test_the_head_says_how_far_the_relay_has_come_although_the_ledger_stands_still(
    registry_server: Running, api: Api
) -> None:
    await api.body("a")
    before = await api.feed.GetHead(GetHeadRequest())
    assert not before.HasField("announced_revision")
    for position in (0, 1):
        await registry_server.store.reposition("relay", position)
        head = await api.feed.GetHead(GetHeadRequest())
        assert (head.HasField("announced_revision"), head.announced_revision) == (True, position)
        assert (head.revision, head.hash) == (before.revision, before.hash)
