"""`/metrics`: what it shows, to whom with exemplars, how few labels, and what it asks of the store."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, event

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.offering_service_pb2 import GetOfferingRequest
from registry.app import Running
from registry.errors import Unavailable
from registry.settings import Settings
from tests.components.otlp import Sink
from tests.integration.api import Api
from tests.integration.telemetry import exporting

OPEN = "application/openmetrics-text; version=1.0.0"
METHOD = "gemensam.registry.v1.OfferingService/GetOffering"


@pytest.fixture
def settings(data: Path) -> Settings:
    """With a web face."""
    return Settings(data=data, grpc_address="127.0.0.1:0", web_address="127.0.0.1:0")


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with exporting(monkeypatch) as made:
        yield made


async def scrape(registry: Running, accept: str = "") -> dict[str, Metric]:
    """The families by name."""
    async with httpx.AsyncClient(trust_env=False) as client:
        found = await client.get(f"http://{registry.web_address}/metrics", headers={"Accept": accept})
    assert found.status_code == 200
    read = openmetrics if accept else text_string_to_metric_families
    return {each.name: each for each in read(found.text)}


def value(family: Metric, name: str = "", **labels: str) -> float:
    """The value of one series; 0 when there is none."""
    wanted = name or family.name
    return next((each.value for each in family.samples if each.name == wanted and each.labels == labels), 0.0)


async def test_calls_are_counted_by_method_and_code_kept_replies_too(registry_server: Running, api: Api) -> None:
    await api.body()
    await api.offer()
    name = "rpc_server_call_duration_seconds"
    labels = {"rpc_method": METHOD, "rpc_response_status_code": "OK"}
    refused = {**labels, "rpc_response_status_code": "NOT_FOUND"}
    before = (await scrape(registry_server))[name]
    for _ in range(3):
        await api.offerings.GetOffering(GetOfferingRequest(name="offerings/permits"))
    with pytest.raises(grpc.aio.AioRpcError):
        await api.offerings.GetOffering(GetOfferingRequest(name="offerings/none"))
    after = (await scrape(registry_server))[name]
    for each, count in ((labels, 3), (refused, 1)):
        assert value(after, f"{name}_count", **each) - value(before, f"{name}_count", **each) == count


async def test_durations_lead_to_their_traces_for_whoever_asks_for_openmetrics(
    registry_server: Running, api: Api, sink: Sink
) -> None:
    await api.body()
    await sink.until(lambda: sink.named("/CreateSystem"))
    family = (await scrape(registry_server, OPEN))["rpc_server_call_duration_seconds"]
    found = [
        each.exemplar.labels["trace_id"]
        for each in family.samples
        if each.exemplar and each.labels["rpc_method"].endswith("/CreateSystem")
    ]
    assert sink.named("/CreateSystem")[0].trace_id in found
    assert not [each for each in (await scrape(registry_server))[family.name].samples if each.exemplar]


async def test_it_shows_how_the_ledger_and_its_readers_stand(registry_server: Running, api: Api) -> None:
    await api.body()
    await api.offer()
    await api.publish()
    await api.subscribe()
    stream = api.feed.Watch(WatchRequest(start_revision=1))
    await stream.read()
    found = await scrape(registry_server)
    assert value(found["gemensam_store_up"]) == 1
    assert value(found["gemensam_ledger_head_revision"]) == registry_server.store.head_revision
    assert value(found["gemensam_watchers"]) >= 1
    assert value(found["gemensam_subscriptions"], state="APPROVED", phase="UNSPECIFIED") == 1
    assert {each.labels["reader"] for each in found["gemensam_reader_lag_seconds"].samples} == {"feed", "matcher"}
    assert value(found["gemensam_reader_lag_changes"], reader="feed") == 0
    assert "gemensam_relay_oldest_unsent_timestamp_seconds" not in found  # nothing is announced here
    assert value(found["gemensam_commit_duration_seconds"], "gemensam_commit_duration_seconds_count") > 0
    assert value(found["gemensam_commit_group_commands"], "gemensam_commit_group_commands_count") > 0
    stream.cancel()


async def test_the_oldest_change_that_is_not_announced_is_told_with_its_time(
    registry_server: Running, api: Api
) -> None:
    await api.body()
    await registry_server.store.reposition("relay", registry_server.store.head_revision - 1)
    found = await scrape(registry_server)
    oldest = value(found["gemensam_relay_oldest_unsent_timestamp_seconds"])
    assert 0 <= value(found["gemensam_reader_lag_seconds"], reader="relay") < 60
    assert value(found["gemensam_reader_lag_changes"], reader="relay") == 1
    assert oldest > 1_700_000_000
    await registry_server.store.reposition("relay", registry_server.store.head_revision)
    assert value((await scrape(registry_server))["gemensam_relay_oldest_unsent_timestamp_seconds"]) == 0


async def test_subscriptions_are_read_once_and_then_followed(registry_server: Running, api: Api) -> None:
    asked: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM subscriptions" in statement and "NOT IN" in statement:
            asked.append(statement)

    for key in ("a", "b"):
        await api.body(key)
    await api.offer()
    try:
        for subscribed, requested in ((False, 0), (False, 0), (True, 1)):
            if subscribed:
                await api.subscribe("b")
            family = (await scrape(registry_server))["gemensam_subscriptions"]
            assert sum(each.value for each in family.samples) == requested
        assert len(asked) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", _note)


async def test_a_store_that_is_silent_leaves_the_process_its_own_numbers(
    registry_server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        raise Unavailable("STORE_UNAVAILABLE", "no")

    monkeypatch.setattr(registry_server.store, "read", silent)
    found = await scrape(registry_server)
    assert value(found["gemensam_store_up"]) == 0
    assert "gemensam_ledger_head_revision" not in found
    assert "rpc_server_call_duration_seconds" in found


async def test_labels_have_few_values(registry_server: Running, api: Api) -> None:
    """Names of resources, callers and texts of errors are never labels: each would be a series more."""
    await api.body()
    found = await scrape(registry_server)
    labels = {name for each in found.values() for sample in each.samples for name in sample.labels}
    assert labels <= {"rpc_method", "rpc_response_status_code", "le", "reader", "state", "phase"}
