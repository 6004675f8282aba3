"""A Prometheus beyond the suite: asked by HTTP, not following, away, and with targets of others in the same file."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from subscribers.adapter import AdapterError, Upstream
from subscribers.adapters import prometheus as module
from subscribers.adapters.prometheus import PrometheusAdapter
from subscribers.conformance import bring, holds, service
from tests.components.prometheus import Prometheus

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
GATEWAY = "http://gateway.example.se:8080"


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """One that asks for its targets by HTTP."""
    running = Prometheus(tmp_path / "prometheus", GATEWAY, served=True)
    yield running
    running.stop()


def test_a_prometheus_that_asks_by_http_has_what_is_subscribed_to_and_watches_it_through_the_gateway(
    prometheus: Prometheus,
) -> None:
    with closing(PrometheusAdapter(**prometheus.options())) as adapter:
        adapter.check()
        here, grpc = service(0, HERE), service(1, Upstream("grpcs", HERE.host, 443, "", HERE.addresses))
        bring(adapter, [here, grpc])
        assert [adapter.probe(each).reason for each in (here, grpc)] == ["", ""]
        found = {
            each["gemensam_subscription"]: each for each in prometheus.targets() if "gemensam_subscription" in each
        }
        assert found[here.key]["__address__"] == "gateway.example.se:8080"
        assert (found[here.key]["__metrics_path__"], found[here.key]["gemensam_release"]) == (
            "/b/s0/api",
            "offerings/s0/releases/1.0.0",
        )
        assert found[grpc.key]["__param_hostname"] == grpc.routes[0].authority
        bring(adapter, [])
        assert adapter.probe_gone(here).reason == ""


def test_a_prometheus_that_does_not_follow_is_told_what_to_add(prometheus: Prometheus, tmp_path: Path) -> None:
    options = {**prometheus.options(), "directory": str(tmp_path / "elsewhere"), "listen": ""}
    with closing(PrometheusAdapter(**options)) as lost, pytest.raises(AdapterError, match="file_sd_configs") as caught:
        lost.check()
    assert caught.value.reason == "TARGET_NOT_FOLLOWING"


def test_a_prometheus_that_is_away_proves_nothing_and_has_all_when_it_is_back(prometheus: Prometheus) -> None:
    with closing(PrometheusAdapter(**prometheus.options())) as adapter:
        prometheus.stop()
        bring(adapter, [service(0, HERE)])
        for ask in (adapter.probe, adapter.check):
            with pytest.raises(AdapterError, match="does not answer"):
                ask(*([service(0, HERE)] if ask == adapter.probe else []))
        with pytest.raises(AdapterError):
            adapter.probe_gone(service(1, HERE))
        prometheus.start()
        assert adapter.probe(service(0, HERE)).reason == ""


def test_what_is_in_the_file_is_no_proof_that_prometheus_has_it_or_has_it_no_more(
    prometheus: Prometheus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {**prometheus.options(), "directory": str(tmp_path / "elsewhere"), "listen": ""}
    with closing(PrometheusAdapter(**prometheus.options())) as adapter, closing(PrometheusAdapter(**elsewhere)) as lost:
        bring(adapter, [service(0, HERE)])
        assert adapter.probe(service(0, HERE)).reason == ""
        monkeypatch.setattr(module, "SETTLE_SECONDS", 0.5)
        assert lost.probe_gone(service(0, HERE)).reason == "STILL_WATCHED"
        bring(lost, [service(0, HERE, "2.0.0")])
        assert lost.probe(service(0, HERE, "2.0.0")).reason == "TARGET_NOT_TAKEN"


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '"x"', "null"])
def test_a_damaged_file_is_left_alone_and_named(tmp_path: Path, text: str) -> None:
    adapter = PrometheusAdapter(directory=str(tmp_path), url="http://127.0.0.1:1", gateway=GATEWAY)
    (tmp_path / "gemensam.json").write_text(text)
    with closing(adapter), pytest.raises(AdapterError, match=r"gemensam\.json") as caught:
        bring(adapter, [service(0, HERE)])
    assert caught.value.reason == "TARGET_DAMAGED"
    assert (tmp_path / "gemensam.json").read_text() == text


def test_groups_of_others_in_the_file_stay_where_they_are(tmp_path: Path) -> None:
    theirs = [{"targets": ["a:1"]}, {"targets": ["b:1"], "labels": {"x": "y"}}]
    (tmp_path / "gemensam.json").write_text(json.dumps(theirs))
    with closing(PrometheusAdapter(directory=str(tmp_path), url="http://127.0.0.1:1", gateway=GATEWAY)) as adapter:
        bring(adapter, [service(0, HERE)])
        holds(adapter, [service(0, HERE)])
        adapter.remove()
    assert json.loads((tmp_path / "gemensam.json").read_text()) == theirs


def test_two_processes_may_serve_the_same_file(prometheus: Prometheus) -> None:
    """`plan` and `check` beside a runner must not fail because the runner has the place."""
    options = prometheus.options()
    with closing(PrometheusAdapter(**options)) as first, closing(PrometheusAdapter(**options)):
        bring(first, [service(0, HERE)])
        for _ in range(10):
            answer = httpx.get(f"http://{prometheus.listen}/", trust_env=False)
            assert answer.json() == json.loads(prometheus.file.read_text())
            assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("gateway", ["gateway:80", "ftp://gateway", "http://", "http://gateway/path"])
def test_a_gateway_that_is_no_base_address_is_refused(tmp_path: Path, gateway: str) -> None:
    with pytest.raises(ValueError, match="gateway"):
        PrometheusAdapter(directory=str(tmp_path), url="http://127.0.0.1:1", gateway=gateway)
