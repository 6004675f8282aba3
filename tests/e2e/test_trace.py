"""One trace: from an architect's apply over the ledger and Kafka into another body's target, and back as a report."""

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.components.kafka import Kafka
from tests.components.otlp import Span, sink
from tests.e2e.tracing import OFFERING, PROVEN, RELEASE, World, world

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@pytest.fixture(scope="module")
def published(broker: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One publication that has been proven."""
    with sink() as spans, world(tmp_path_factory.mktemp("traced"), broker, spans) as made:
        yield made


def applied(world: World) -> Span:
    (command,) = world.sink.named("gemensam apply")
    return command


def processed(world: World) -> Span:
    """The subscriber's work that proved it."""
    (report, *_) = world.sink.named("ReportConvergence", **PROVEN)
    (work,) = [each for each in world.sink.named("process") if each.span_id == report.parent]
    return work


def test_the_call_is_below_the_command_that_made_it(published: World) -> None:
    command = applied(published)
    (call,) = [each for each in published.sink.named("/Apply") if each.parent == command.span_id]
    assert (command.service, call.service, call.kind) == ("gemensam-cli", "gemensam", SERVER)
    assert call.trace_id == command.trace_id
    assert call.attributes == {
        "rpc.system.name": "grpc",
        "rpc.method": "gemensam.registry.v1.DefinitionService/Apply",
        "rpc.response.status_code": "OK",
    }


def test_the_group_commit_is_linked_to_its_commands(published: World) -> None:
    trace = applied(published).trace_id
    commits = [each for each in published.sink.named("commit") if trace in dict(each.links)]
    assert commits
    assert {each.attributes["db.system.name"] for each in commits} == {"sqlite"}
    assert min(each.attributes["db.operation.batch.size"] for each in commits) >= 1
    assert {each.trace_id for each in commits}.isdisjoint({trace})


def test_the_relay_is_linked_to_the_commands_of_what_it_sends(published: World) -> None:
    trace = applied(published).trace_id
    sent = published.sink.named("send", messaging_system="kafka", messaging_operation_type="send")
    links = [said for each in sent for linked, said in each.links if linked == trace]
    subjects = {said["cloudevents.event_subject"]: said["messaging.destination.name"] for said in links}
    assert {OFFERING, RELEASE} <= subjects.keys()
    assert subjects[RELEASE] == "gemensam.catalogue.v1"
    assert {each.kind for each in sent} == {PRODUCER}
    assert min(each.attributes["messaging.batch.message_count"] for each in sent) >= 1


def test_what_goes_out_on_kafka_carries_the_commands_own_traceparent(published: World) -> None:
    stored = published.release.traceparent
    (event,) = [each for each in published.events if each.key == RELEASE]
    assert event.header("ce_traceparent") == stored
    (call,) = [each for each in published.sink.named("/Apply") if each.trace_id == applied(published).trace_id]
    assert stored.rpartition("-")[0] == f"00-{call.trace_id}-{call.span_id}"


def test_the_subscriber_is_linked_to_the_command_and_its_steps_are_below_its_work(published: World) -> None:
    work = processed(published)
    assert (work.service, work.kind) == ("gemensam-subscriber", CONSUMER)
    assert work.attributes["messaging.operation.type"] == "process"
    assert applied(published).trace_id in dict(work.links)
    steps = {each.name: each for each in published.sink.spans if each.parent == work.span_id and each.kind == 1}
    assert {"plan", "apply", "probe"} <= steps.keys()
    assert {each.trace_id for each in steps.values()} == {work.trace_id}
    assert {each.attributes["gemensam.adapter.name"] for each in steps.values()} == {"files"}
    assert steps["probe"].attributes["gemensam.resource.name"].startswith("organisations/b/subscriptions/")


def test_the_report_is_below_the_work_on_both_sides(published: World) -> None:
    work = processed(published)
    (report, *_) = published.sink.named("ReportConvergence", **PROVEN)
    (call,) = [each for each in published.sink.named("ReportConvergence") if each.parent == report.span_id]
    assert (report.kind, call.kind, call.service) == (CLIENT, SERVER, "gemensam")
    assert report.trace_id == call.trace_id == work.trace_id
    assert call.attributes["rpc.response.status_code"] == "OK"


def test_the_ledger_tells_the_same_steps_without_anything_that_collects_traces(published: World) -> None:
    *steps, summary = published.trace()
    first, created, *reports = steps
    assert (first["revision"], first["name"], first["result"]) == (published.release.revision, RELEASE, "published")
    assert first["trace_id"] == created["trace_id"] == applied(published).trace_id
    assert (first["actor"], created["actor"]) == ("anonymous@loopback", "matcher")
    assert created["step"] == "subscription created"
    proven = [each for each in reports if "onboard_ms" in each]
    assert [each["trace_id"] for each in proven] == [processed(published).trace_id]
    assert proven[0]["result"] == "active, proven"
    assert [each["revision"] for each in steps] == sorted(each["revision"] for each in steps)
    assert (summary["subscriptions"], summary["proven"]) == (1, 1)
    assert summary["relay"]["passed"] is True
    assert 0 < summary["slowest_onboard_ms"] <= proven[0]["after_ms"] + 1


def test_times_to_onboard_lead_to_their_traces(published: World) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    page = httpx.get(f"http://{published.server.web}/metrics", headers=accept, trust_env=False)
    assert page.headers["Content-Type"].startswith("application/openmetrics-text")
    families = {each.name: each for each in text_string_to_metric_families(page.text)}
    samples = families["gemensam_time_to_onboard_seconds"].samples
    assert [each.value for each in samples if each.name.endswith("_count")] == [1]
    (found,) = [each.exemplar.labels for each in samples if each.exemplar]
    assert found == {"trace_id": processed(published).trace_id}


def test_the_subscribers_own_page_counts_what_became_of_each_call(published: World) -> None:
    text = httpx.get(f"http://{published.subscriber.metrics}/metrics", trust_env=False).text
    for operation in ("plan", "apply", "probe"):
        assert f'gemensam_adapter_outcomes_total{{adapter="files",operation="{operation}",outcome="ok"}}' in text
    assert 'gemensam_subscriber_reports_total{outcome="ok"}' in text
