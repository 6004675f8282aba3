"""Every refusal carries its reason; limits hold at n and n+1; what is not served says so."""

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import feed_service_pb2 as w
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.app import Running, running
from registry.errors import Precondition
from registry.rpc import edge
from registry.rpc.binder import SERVICES, unserved
from registry.rpc.buckets import Rates
from registry.rpc.doorkeeper import Door, Doorkeeper
from registry.rpc.tail import Tail
from registry.services import build
from registry.services.refusals import Refusals
from registry.settings import Settings
from registry.store import utc_now
from tests.integration.api import INTERFACE, Api, reason, violations

BODY = {"kind": 1, "title": {"sv": "B"}}
REFUSED: list[tuple[str, str, Any, str, str]] = [
    ("organisations", "GetOrganisation", o.GetOrganisationRequest(name="organisations/none"), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
    ("organisations", "GetOrganisation", o.GetOrganisationRequest(name="Organisations/A"), "INVALID_ARGUMENT", "NAME_INVALID"),
    ("organisations", "GetOrganisation", o.GetOrganisationRequest(name="organisations/a/b"), "INVALID_ARGUMENT", "NAME_INVALID"),
    ("organisations", "GetOrganisation", o.GetOrganisationRequest(name="organisations/a", min_revision=99), "FAILED_PRECONDITION", "REVISION_IN_FUTURE"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="b"), "INVALID_ARGUMENT", "FIELD_INVALID"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="B_", organisation=BODY), "INVALID_ARGUMENT", "NAME_INVALID"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="a", organisation=BODY), "ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="b", organisation={**BODY, "organisation_number": "212000-0143"}), "INVALID_ARGUMENT", "ORGANISATION_NUMBER_INVALID"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="b", organisation={**BODY, "organisation_number": "121212-1212"}), "INVALID_ARGUMENT", "PERSONAL_DATA_REFUSED"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="b", organisation={**BODY, "host": "organisations/none"}), "INVALID_ARGUMENT", "REFERENCE_NOT_FOUND"),
    ("organisations", "CreateOrganisation", o.CreateOrganisationRequest(organisation_id="b", organisation=BODY, request_id="x" * 65), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    ("organisations", "UpdateOrganisation", o.UpdateOrganisationRequest(organisation={"name": "organisations/a", "etag": "old", **BODY}), "ABORTED", "ETAG_MISMATCH"),
    ("organisations", "UpdateOrganisation", o.UpdateOrganisationRequest(organisation={"name": "organisations/a"}, update_mask={"paths": ["revision"]}), "INVALID_ARGUMENT", "FIELD_MASK_INVALID"),
    ("organisations", "UpdateOrganisation", o.UpdateOrganisationRequest(organisation={"name": "organisations/a"}, update_mask={"paths": ["planet"]}), "INVALID_ARGUMENT", "FIELD_MASK_INVALID"),
    ("organisations", "UpdateOrganisation", o.UpdateOrganisationRequest(organisation={"name": "organisations/none", **BODY}), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
    ("organisations", "ListOrganisations", o.ListOrganisationsRequest(page_size=1001), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    ("organisations", "ListOrganisations", o.ListOrganisationsRequest(page_size=-1), "INVALID_ARGUMENT", "FIELD_INVALID"),
    ("organisations", "ListOrganisations", o.ListOrganisationsRequest(page_token="x"), "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ("organisations", "ListOrganisations", o.ListOrganisationsRequest(filter="kind ="), "INVALID_ARGUMENT", "FILTER_INVALID"),
    ("organisations", "ListOrganisations", o.ListOrganisationsRequest(order_by="planet"), "INVALID_ARGUMENT", "ORDER_INVALID"),
    ("organisations", "ListSystems", o.ListSystemsRequest(parent="offerings/a"), "INVALID_ARGUMENT", "NAME_INVALID"),
    ("organisations", "UpdateSystem", o.UpdateSystemRequest(system={"name": "organisations/a/systems/gw", "title": {"sv": "G"}, "environment": 2}), "INVALID_ARGUMENT", "FIELD_IMMUTABLE"),
    ("capabilities", "RetireCapability", c.RetireCapabilityRequest(name="capabilities/none"), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
    ("offerings", "PublishRelease", f.PublishReleaseRequest(parent="offerings/none", release={"version": "1.0.0", "interfaces": [INTERFACE]}), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
    ("offerings", "PublishRelease", f.PublishReleaseRequest(parent="offerings/permits", release={"version": "1", "interfaces": [INTERFACE]}), "INVALID_ARGUMENT", "FIELD_INVALID"),
    ("offerings", "PublishRelease", f.PublishReleaseRequest(parent="offerings/permits", release={"version": "1.0.0", "interfaces": [{**INTERFACE, "kind": 3}]}), "FAILED_PRECONDITION", "RELEASE_IMMUTABLE"),
    ("offerings", "PublishRelease", f.PublishReleaseRequest(parent="offerings/permits", release={"version": "1.0.0", "state": 1, "interfaces": [INTERFACE]}), "FAILED_PRECONDITION", "STATE_TRANSITION_ILLEGAL"),
    ("offerings", "RetireRelease", f.RetireReleaseRequest(name="offerings/permits/releases/1.0.0"), "FAILED_PRECONDITION", "STATE_TRANSITION_ILLEGAL"),
    ("offerings", "DeprecateRelease", f.DeprecateReleaseRequest(name="offerings/permits/releases/1.0.0", sunset_time={"seconds": 1_700_000_000}), "FAILED_PRECONDITION", "NOTICE_TOO_SHORT"),
    ("offerings", "SearchOfferings", f.SearchOfferingsRequest(query=" "), "INVALID_ARGUMENT", "FIELD_INVALID"),
    ("offerings", "GetSpec", f.GetSpecRequest(sha256="00"), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
    ("onboarding", "CreateInterest", n.CreateInterestRequest(parent="organisations/a", interest={"mode": 3, "filter": "planet = 1"}), "INVALID_ARGUMENT", "FILTER_INVALID"),
    ("onboarding", "CreateSubscription", n.CreateSubscriptionRequest(parent="organisations/a", subscription={"offering": "offerings/closed", "system": "organisations/a/systems/gw"}), "FAILED_PRECONDITION", "NOT_ELIGIBLE"),
    ("onboarding", "ApproveSubscription", n.ApproveSubscriptionRequest(name="organisations/a/subscriptions/use-permits"), "FAILED_PRECONDITION", "STATE_TRANSITION_ILLEGAL"),
    ("onboarding", "RejectSubscription", n.RejectSubscriptionRequest(name="organisations/a/subscriptions/use-permits"), "INVALID_ARGUMENT", "FIELD_INVALID"),
    ("onboarding", "ReportConvergence", n.ReportConvergenceRequest(name="organisations/a/subscriptions/use-permits", generation="x", convergence={"phase": 1}), "FAILED_PRECONDITION", "GENERATION_MISMATCH"),
    ("feed", "ListChanges", w.ListChangesRequest(start_revision=999), "FAILED_PRECONDITION", "REVISION_IN_FUTURE"),
    ("feed", "ListChanges", w.ListChangesRequest(page_token="?"), "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ("definitions", "Export", d.ExportRequest(kinds=["planet"]), "INVALID_ARGUMENT", "FIELD_INVALID"),
]  # fmt: skip


@pytest.fixture
async def filled(api: Api) -> Api:
    await api.body("a")
    await api.offer("permits", notice_days=30)
    await api.offer("closed", eligibility="kind = REGION")
    await api.publish("permits")
    await api.subscribe("a", "permits")
    return api


@pytest.mark.parametrize(("service", "method", "request_", "code", "why"), REFUSED)
async def test_refusals_say_why(filled: Api, service: str, method: str, request_: Any, code: str, why: str) -> None:
    before = await filled.feed.GetHead(w.GetHeadRequest())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(getattr(filled, service), method)(request_)
    assert reason(refused.value)[:2] == (code, why)
    assert "121212" not in str(refused.value)
    assert (await filled.feed.GetHead(w.GetHeadRequest())).revision == before.revision


async def test_all_violations_are_named_at_once(api: Api) -> None:
    wrong = {"title": {}, "county_code": "1", "size": {"inhabitants": -1}, "valid_from": "2026-02-30"}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.organisations.CreateOrganisation(o.CreateOrganisationRequest(organisation_id="b", organisation=wrong))
    expected = {"kind", "title.sv", "county_code", "size.inhabitants", "valid_from"}
    assert expected <= set(violations(refused.value))


async def test_an_etag_conflict_shows_both_etags(filled: Api) -> None:
    request = f.WithdrawOfferingRequest(name="offerings/permits", etag="mine")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await filled.offerings.WithdrawOffering(request)
    current = (await filled.offerings.GetOffering(f.GetOfferingRequest(name="offerings/permits"))).offering.etag
    assert reason(refused.value)[2] | {"name": ""} == {"name": "", "sent_etag": "mine", "current_etag": current}


def body_of(**fields: Any) -> o.CreateOrganisationRequest:
    return o.CreateOrganisationRequest(organisation_id="big", organisation={**BODY, **fields})


LIMITS: list[tuple[str, Any, Any]] = [
    ("labels", body_of(labels={f"k{i}": "v" for i in range(64)}), body_of(labels={f"k{i}": "v" for i in range(65)})),
    ("label characters", body_of(labels={"k": "v" * 63}), body_of(labels={"k": "v" * 64})),
    ("annotations", body_of(annotations={f"k{i}": "v" for i in range(64)}), body_of(annotations={f"k{i}": "v" for i in range(65)})),
    ("annotation bytes", body_of(annotations={"k": "v" * 4096}), body_of(annotations={"k": "v" * 4097})),
    ("text bytes", body_of(title={"sv": "x" * 262144}), body_of(title={"sv": "x" * 262145})),
    ("text bytes, not characters", body_of(title={"sv": "å" * 131072}), body_of(title={"sv": "å" * 131073})),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "fits", "too_much"), LIMITS)
async def test_limits_hold_at_n_and_n_plus_one(api: Api, limit: str, fits: Any, too_much: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.organisations.CreateOrganisation(too_much)
    assert reason(refused.value)[1] == "LIMIT_EXCEEDED", limit
    made = await api.organisations.CreateOrganisation(fits)
    assert made.organisation.name == "organisations/big"


async def test_contracts_hold_four_mebibytes_and_no_more(filled: Api) -> None:
    def request(size: int) -> f.PublishReleaseRequest:
        spec = {"media_type": "application/octet-stream", "content": b"x" * size}
        return f.PublishReleaseRequest(parent="offerings/permits", release={"version": "9.0.0", "interfaces": [INTERFACE]}, specs=[spec])  # fmt: skip

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await filled.offerings.PublishRelease(request(4 * 1024 * 1024 + 1))
    assert reason(refused.value)[2]["maximum"] == str(4 * 1024 * 1024)
    await filled.offerings.PublishRelease(request(4 * 1024 * 1024))


async def test_messages_hold_four_mebibytes_and_no_more(api: Api) -> None:
    def request(size: int) -> o.CreateOrganisationRequest:
        made = body_of(annotations={f"k{i}": "v" * 200_000 for i in range(20)})
        made.organisation.annotations["pad"] = ""
        made.organisation.annotations["pad"] = "v" * (size - made.ByteSize() - 6)
        while made.ByteSize() < size:
            made.organisation.annotations["pad"] += "v"
        assert made.ByteSize() == size
        return made

    for size, limit in ((4 * 1024 * 1024, "annotation"), (4 * 1024 * 1024 + 1, "message bytes")):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await api.organisations.CreateOrganisation(request(size))
        assert reason(refused.value)[2].get("limit", "annotation").startswith(limit)


@pytest.mark.parametrize(("size", "ok"), [(1000, True), (1001, False)])
async def test_batches_hold_a_thousand_and_no_more(api: Api, size: int, ok: bool) -> None:
    resources = [{"organisation": {"name": f"organisations/b{i}", **BODY}} for i in range(size)]
    request = d.ApplyRequest(resources=resources, atomic=True)
    if ok:
        done = await api.definitions.Apply(request)
        assert (len(done.results), done.revision) == (1000, 1000)
        return
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.definitions.Apply(request)
    assert reason(refused.value)[2] == {"limit": "resources", "maximum": "1000", "actual": "1001"}


async def test_the_same_request_id_with_another_body_is_refused(api: Api) -> None:
    request = o.CreateOrganisationRequest(organisation_id="b", organisation=BODY, request_id="once")
    first = await api.organisations.CreateOrganisation(request)
    assert await api.organisations.CreateOrganisation(request) == first
    request.organisation.title.sv = "Another"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.organisations.CreateOrganisation(request)
    assert reason(refused.value)[:2] == ("ABORTED", "REQUEST_ID_REUSED")


async def test_a_hot_read_is_never_older_than_the_last_write(api: Api) -> None:
    await api.body("a")
    get = o.GetOrganisationRequest(name="organisations/a")
    for number in range(20):
        assert (await api.organisations.GetOrganisation(get)).organisation.title.sv != f"T{number}"
        change = {"name": "organisations/a", "title": {"sv": f"T{number}"}}
        request = o.UpdateOrganisationRequest(organisation=change, update_mask={"paths": ["title"]})
        done = await api.organisations.UpdateOrganisation(request)
        read = await api.organisations.GetOrganisation(get)
        assert (read.organisation.title.sv, read.revision) == (f"T{number}", done.revision)


async def test_every_method_is_served_and_one_without_a_use_case_would_say_so(registry_server: Running) -> None:
    assert unserved(build(registry_server.store)) == []
    store = registry_server.store
    door = Doorkeeper(Door(), store, Tail(store), Refusals(store, utc_now), utc_now)
    bare = grpc.aio.server()
    bare.add_generic_rpc_handlers((edge.Router(edge.Edge(registry_server.store, door, Rates()).handlers({}), {}),))
    port = bare.add_insecure_port("127.0.0.1:0")
    await bare.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await Api(channel).onboarding.ProposeAgreement(n.ProposeAgreementRequest())
        assert reason(refused.value)[:2] == ("UNIMPLEMENTED", "NOT_IMPLEMENTED")
    finally:
        await bare.stop(0)


async def test_rubbish_is_refused_as_such(channel: grpc.aio.Channel) -> None:
    call = channel.unary_unary("/gemensam.registry.v1.OfferingService/GetOffering")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(b"\xff\xff\xff")
    assert reason(refused.value)[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")


@pytest.mark.parametrize("actor", ["x" * 201, "a b", "organisations/121212-1212"])
async def test_a_malformed_caller_is_refused(api: Api, actor: str) -> None:
    request = o.CreateOrganisationRequest(organisation_id="b", organisation=BODY)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.organisations.CreateOrganisation(request, metadata=(("gemensam-actor", actor),))
    assert reason(refused.value)[:2] == ("INVALID_ARGUMENT", "CALLER_INVALID")


async def test_health_and_reflection_answer(channel: grpc.aio.Channel, registry_server: Running) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    for service in (*SERVICES, None):
        asked = health_pb2.HealthCheckRequest(service=service.full_name if service else "")
        assert (await health.Check(asked)).status == health_pb2.HealthCheckResponse.SERVING
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    stream = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    listed = {service.name for service in (await stream.read()).list_services_response.service}
    assert {service.full_name for service in SERVICES} <= listed
    assert registry_server.grpc_address.startswith("127.0.0.1:")


@pytest.mark.parametrize("address", ["0.0.0.0:7400", "[::]:7400", "192.0.2.1:7400", "registry.example:7400"])
async def test_addresses_that_others_can_reach_are_refused(settings: Settings, address: str) -> None:
    settings.grpc_address = address
    with pytest.raises(Precondition, match="GEMENSAM_GRPC_ADDRESS"):
        async with running(settings):
            pass
