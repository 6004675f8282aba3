"""Spans of calls: which are recorded, what they say, and that a reply that is kept has one as well."""

import asyncio
from collections.abc import Iterator

import grpc
import pytest

from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.api.v1.offering_service_pb2 import GetOfferingRequest
from registry.api.v1.organisation_service_pb2 import CreateOrganisationRequest
from registry.app import Running
from tests.components.otlp import ERROR, Sink
from tests.integration.api import Api
from tests.integration.telemetry import exporting

TRACE = "1" * 32
UNSET = 0


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """Everything is recorded."""
    with exporting(monkeypatch) as made:
        yield made


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """Nothing is recorded that no caller records."""
    with exporting(monkeypatch, OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0") as made:
        yield made


async def create(api: Api, key: str, flags: str = "") -> str:
    """An organisation; returns the traceparent that its change carries."""
    request = CreateOrganisationRequest(organisation_id=key, organisation={"kind": 1, "title": {"sv": key}})
    metadata = (("traceparent", f"00-{TRACE}-{'2' * 16}-{flags}"),) if flags else ()
    await api.organisations.CreateOrganisation(request, metadata=metadata)
    changes = (await api.feed.ListChanges(ListChangesRequest(page_size=1000))).changes
    return str(changes[-1].traceparent)


async def test_a_refusal_is_told_with_its_reason_and_is_no_error_of_the_server(sink: Sink, api: Api) -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await api.offerings.GetOffering(GetOfferingRequest(name="offerings/none"))
    (span,) = await sink.until(lambda: sink.named("/GetOffering"))
    assert span.attributes["rpc.response.status_code"] == span.attributes["error.type"] == "NOT_FOUND"
    assert span.attributes["gemensam.error.reason"] == "RESOURCE_NOT_FOUND"
    assert span.status == UNSET


async def test_a_fault_of_ours_is_an_error(
    sink: Sink, api: Api, registry_server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(registry_server.store, "read", broken)
    with pytest.raises(grpc.aio.AioRpcError):
        await api.offerings.GetOffering(GetOfferingRequest(name="offerings/none"))
    (span,) = await sink.until(lambda: sink.named("/GetOffering"))
    assert (span.attributes["rpc.response.status_code"], span.status) == ("INTERNAL", ERROR)


async def test_a_reply_that_is_kept_has_a_span_too(sink: Sink, api: Api) -> None:
    await api.body()
    await api.offer()
    for _ in range(3):
        await api.offerings.GetOffering(GetOfferingRequest(name="offerings/permits"))
    found = await sink.until(lambda: len(each) == 3 and each if (each := sink.named("/GetOffering")) else None)
    assert {each.attributes["rpc.response.status_code"] for each in found} == {"OK"}


async def test_who_is_not_recorded_leaves_no_span_and_keeps_its_trace(sampled: Sink, api: Api) -> None:
    stored = [await create(api, "one"), await create(api, "two", "00")]
    recorded = await create(api, "three", "01")
    await sampled.until(lambda: sampled.named("commit") and sampled.named("Organisation"))
    assert {each.attributes["rpc.method"].rpartition("/")[2] for each in sampled.named("Organisation")} == {
        "CreateOrganisation"
    }
    assert [each.trace_id for each in sampled.named("Organisation")] == [TRACE]
    assert [each[-2:] in {"00", "02"} for each in stored] == [True, True]
    assert stored[1][3:35] == recorded[3:35] == TRACE


async def test_work_for_commands_is_recorded_as_they_were(sampled: Sink, api: Api) -> None:
    """By chance it would be none here: nothing is recorded that no caller records."""
    await asyncio.gather(*(create(api, f"o{number}", f"{number % 2:02}") for number in range(8)))
    await sampled.until(lambda: sum(len(each.links) for each in sampled.named("commit")) == 4)
    links = [link for each in sampled.named("commit") for link, _ in each.links]
    assert links == [TRACE] * 4
