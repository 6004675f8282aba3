"""What became of calls to targets: as a span with its reason, and as a count on the page."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from registry import telemetry
from registry.telemetry import spans
from subscribers import measures
from subscribers.adapters.files import FilesAdapter
from subscribers.targets import Targets
from tests.unit.subscribers.test_targets import service


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    """Every span of this process."""
    before = spans._tracer, spans._listening
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.use(provider)
    yield exporter
    spans._tracer, spans._listening = before


def counted(operation: str, outcome: str) -> float:
    """How many calls of the folder ended so."""
    labels = {"adapter": "files", "operation": operation, "outcome": outcome}
    return measures.FAMILIES.get_sample_value("gemensam_adapter_outcomes_total", labels) or 0.0


def test_a_call_that_fails_is_an_error_with_its_reason_and_is_counted_by_it(
    tmp_path: Path, recorded: InMemorySpanExporter
) -> None:
    (tmp_path / "file").write_text("no folder")
    targets, before = Targets([FilesAdapter(directory=str(tmp_path / "file"))]), counted("apply", "TARGET_UNAVAILABLE")
    work = targets.plan([service("s1")], [], set())
    targets.apply(work)
    targets.close()
    (apply,) = [each for each in recorded.get_finished_spans() if each.name == "apply"]
    assert apply.status.status_code is StatusCode.ERROR
    assert apply.attributes
    assert apply.attributes["gemensam.error.reason"] == "TARGET_UNAVAILABLE"
    assert counted("apply", "TARGET_UNAVAILABLE") == before + 1


def test_a_probe_that_proves_nothing_is_one_too_below_the_work_that_it_is_part_of(
    tmp_path: Path, recorded: InMemorySpanExporter
) -> None:
    targets, before = Targets([FilesAdapter(directory=str(tmp_path))]), counted("probe", "FILE_DIFFERS")
    with telemetry.work_span("process"):
        assert [proof.reason for _, proof in targets.prove([service("s1")], [])] == ["FILE_DIFFERS"]
    targets.close()
    found = {each.name: each for each in recorded.get_finished_spans()}
    probe, work = found["probe"], found["process"]
    assert probe.status.status_code is StatusCode.ERROR
    assert probe.parent
    assert probe.parent.span_id == work.context.span_id
    assert counted("probe", "FILE_DIFFERS") == before + 1


def test_the_page_is_on_loopback_and_ends_with_its_block() -> None:
    with measures.served("0") as address:
        assert address.startswith("127.0.0.1:")
        page = httpx.get(f"http://{address}/metrics", trust_env=False)
        assert "gemensam_adapter_outcomes_total" in page.text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}/metrics", trust_env=False)


def test_an_address_that_is_taken_is_told_by_its_setting() -> None:
    with (
        measures.served("0") as address,
        pytest.raises(ValueError, match="metrics_address"),
        measures.served(address),
    ):
        pass


def test_without_an_address_there_is_no_page() -> None:
    with measures.served("") as address:
        assert address == ""
