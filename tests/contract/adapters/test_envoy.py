"""What an operator's Envoy does to the adapter: away, late, edited, damaged, and called in other ways."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from subscribers.adapter import AdapterError, Upstream, plan
from subscribers.adapters import envoy_gateway as module
from subscribers.adapters.envoy import EnvoyAdapter
from subscribers.conformance import bring, holds, service
from tests.components import envoy
from tests.components.ports import free_port


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[envoy.Gateway]:
    """An Envoy that runs."""
    with envoy.gateway(tmp_path / "gateway") as started:
        yield started


def edit(gateway: envoy.Gateway, name: str, change: Any) -> None:
    """Edit a file by hand, as an operator does: the change gets its resources."""
    path = gateway.directory / name
    content = json.loads(path.read_text())
    change(content["resources"])
    partial = path.with_suffix(".edited")
    partial.write_text(json.dumps(content))
    partial.replace(path)


def test_an_envoy_that_comes_late_starts_with_all_that_was_wanted(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    gateway.stop()
    here = service(0, upstream)
    with pytest.raises(AdapterError, match="does not answer at its admin address") as caught:
        bring(adapter, [here])
    assert caught.value.reason == "TARGET_UNAVAILABLE"
    assert adapter.probe(here).reason == "GATEWAY_UNREACHABLE"
    assert adapter.probe_gone(here).reason == "GATEWAY_UNREACHABLE", "a gateway that is away proves nothing"
    with pytest.raises(AdapterError, match="admin address"):
        adapter.check()
    gateway.start()
    assert adapter.probe(here).reason == ""
    assert bring(adapter, [here]).steps == ()
    adapter.check()


def test_an_envoy_that_is_away_while_a_service_moves_and_leaves_has_nothing_old_afterwards(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream), service(1, upstream)])
    gateway.stop()
    moved = service(0, Upstream("http", "127.0.0.1", upstream.port, "/v2", ("127.0.0.1", "127.0.0.2")), "2.0.0")
    with pytest.raises(AdapterError):
        bring(adapter, [moved])
    gateway.start()
    bring(adapter, [moved])
    holds(adapter, [moved])
    assert adapter.probe(moved).reason == ""
    assert adapter.probe_gone(service(1, upstream)).reason == ""


def test_removal_with_envoy_away_leaves_nothing_in_the_files_and_says_that_it_did_not_answer(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream)])
    gateway.stop()
    with pytest.raises(AdapterError, match="does not answer"):
        adapter.remove()
    holds(adapter, [])


def test_an_admin_address_that_is_wrong_is_named(gateway: envoy.Gateway, upstream: Upstream) -> None:
    options = {**gateway.options(), "admin": f"127.0.0.1:{free_port()}"}
    with closing(EnvoyAdapter(**options)) as lost, pytest.raises(AdapterError, match=options["admin"]):
        bring(lost, [service(0, upstream)])
    with closing(EnvoyAdapter(**{**options, "admin": gateway.url.removeprefix("http://")})) as wrong:
        with pytest.raises(AdapterError) as caught:
            wrong.check()
        assert caught.value.reason == "TARGET_UNAVAILABLE"


def test_a_gateway_address_that_is_wrong_is_named(gateway: envoy.Gateway, upstream: Upstream) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    with closing(EnvoyAdapter(**{**gateway.options(), "gateway": elsewhere})) as lost:
        bring(lost, [service(0, upstream)])
        proof = lost.probe(service(0, upstream))
        assert (proof.reason, elsewhere in proof.message) == ("GATEWAY_UNREACHABLE", True)
        with pytest.raises(AdapterError, match=elsewhere):
            lost.check()


def test_an_envoy_that_does_not_follow_the_files_is_told_apart(
    tmp_path: Path, gateway: envoy.Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOADED_SECONDS", 0.3)
    with closing(EnvoyAdapter(**{**gateway.options(), "directory": str(tmp_path / "elsewhere")})) as lost:
        lost.prepare()
        with pytest.raises(AdapterError, match=r"has not loaded clusters.json"):
            bring(lost, [service(0, upstream)])


def test_routes_edited_by_hand_are_repaired(gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream) -> None:
    services_ = [service(n, upstream) for n in range(2)]
    bring(adapter, services_)

    def steal(resources: Any) -> None:
        host = resources[0]["virtual_hosts"][0]
        host["routes"] = [{**host["routes"][0], "route": {"cluster": "nowhere"}}]

    edit(gateway, "routes.json", steal)
    assert [step.action for step in plan(adapter, services_, adapter.observe()).steps] == ["change", "change"]
    bring(adapter, services_)
    holds(adapter, services_)
    assert [adapter.probe(each).reason for each in services_] == ["", ""]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"resources": {}}', '{"resources": [1]}', '{"resources": [{"name": "gemensam", "virtual_hosts": [7]}]}', "\udcff"]
)  # fmt: skip
def test_a_damaged_file_is_left_alone_and_named(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream, text: str
) -> None:
    bring(adapter, [service(0, upstream)])
    path = gateway.directory / "routes.json"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(AdapterError, match=r"routes\.json"):
        bring(adapter, [service(0, upstream), service(1, upstream)])
    assert path.read_text(errors="surrogateescape") == text
    path.unlink()
    bring(adapter, [service(0, upstream)])
    holds(adapter, [service(0, upstream)])


def test_what_the_operator_adds_to_our_route_table_and_host_stays(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream)])

    def add(resources: Any) -> None:
        resources[0]["request_headers_to_remove"] = ["x-secret"]
        host = resources[0]["virtual_hosts"][0]
        host["include_request_attempt_count"] = True
        host["routes"].append({"match": {"path": "/health"}, "direct_response": {"status": 204}})

    edit(gateway, "routes.json", add)
    bring(adapter, [service(1, upstream)])
    table = json.loads((gateway.directory / "routes.json").read_text())["resources"][0]
    assert table["request_headers_to_remove"] == ["x-secret"]
    assert table["virtual_hosts"][0]["include_request_attempt_count"] is True
    assert httpx.get(f"{gateway.url}/health", trust_env=False).status_code == 204
    assert adapter.probe(service(1, upstream)).reason == ""


def test_a_configuration_that_envoy_refuses_is_put_back(
    tmp_path: Path, gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream)])
    (tmp_path / "broken.pem").write_text("no certificates")
    secure = service(1, Upstream("https", "service.example.se", 443, "", ("192.0.2.1",)))
    with closing(gateway.adapter(trust_store=str(tmp_path / "broken.pem"))) as broken:
        with pytest.raises(AdapterError) as caught:
            bring(broken, [service(0, upstream), secure])
        assert caught.value.reason == "GATEWAY_REJECTED"
    assert adapter.probe(service(0, upstream)).reason == ""
    bring(adapter, [service(0, upstream), service(2, upstream)])
    holds(adapter, [service(0, upstream), service(2, upstream)])


def test_of_several_addresses_one_that_is_dead_costs_nobody_a_request(
    gateway: envoy.Gateway, adapter: EnvoyAdapter, upstream: Upstream
) -> None:
    here = service(0, Upstream("http", "service.example.se", upstream.port, "", ("127.0.0.1", "127.9.9.9")))
    bring(adapter, [here])
    with httpx.Client(trust_env=False) as client:
        assert {client.get(f"{gateway.url}/b/s0/api").status_code for _ in range(20)} == {200}


def test_a_service_that_never_answers_is_told_from_a_gateway_that_does_not(
    adapter: EnvoyAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here = service(0, Upstream("http", "127.0.0.1", silent.getsockname()[1], "", ("127.0.0.1",)))
        bring(adapter, [here])
        monkeypatch.setattr(adapter._calls._client, "timeout", httpx.Timeout(0.3))
        proof = adapter.probe(here)
        assert proof.reason == "UPSTREAM_UNAVAILABLE"
        assert "gave no answer" in proof.message
