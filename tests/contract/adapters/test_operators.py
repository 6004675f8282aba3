"""What operators do to their gateways: stop them, edit what is ours, set them up wrongly; and what a gateway refuses."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from subscribers.adapter import Adapter, AdapterError, Upstream, plan
from subscribers.conformance import bring, holds, service
from tests.components import gateways
from tests.components.ports import free_port

OTHERS = ["nginx", "haproxy", "caddy"]  # Envoy has its own tests


@pytest.fixture(params=OTHERS, scope="module")
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with gateways.gateway(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def adapter(gateway: Any) -> Iterator[Adapter]:
    with closing(gateway.adapter()) as made:
        yield made
        made.remove()


def edit(gateway: Any, name: str, before: str, after: str, count: int = -1) -> None:
    path = gateway.directory / "current" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, count))


def edit_nginx(gateway: Any, port: int) -> None:
    edit(gateway, "http.conf", f":{port};", ":9;")
    subprocess.run([*gateway.command, "-s", "reload"], check=True, capture_output=True)


def edit_haproxy(gateway: Any, _port: int) -> None:
    backend = next(line for line in gateway.runtime("show backend").splitlines() if line.startswith("gemensam."))
    assert not gateway.runtime(f"set server {backend}/a0 addr 127.0.0.1 port 9").startswith("No such")


def edit_caddy(gateway: Any, _port: int) -> None:
    url = f"http://{gateway.admin}/id/gemensam.b.s0.api/handle/0/response/set/gemensam-release"
    httpx.patch(url, json=["offerings/s0/releases/0.0.1"], trust_env=False).raise_for_status()


EDITS: Mapping[str, Callable[[Any, int], None]] = {"nginx": edit_nginx, "haproxy": edit_haproxy, "caddy": edit_caddy}


def test_a_gateway_that_comes_late_gets_all_that_was_wanted(gateway: Any, adapter: Adapter, upstream: Upstream) -> None:
    here, gone = service(0, upstream), service(1, upstream)
    bring(adapter, [gone])
    gateway.stop()
    try:
        with pytest.raises(AdapterError) as caught:
            bring(adapter, [here])
        assert caught.value.reason == "TARGET_UNAVAILABLE"
        assert adapter.probe(here).reason == "GATEWAY_UNREACHABLE"
        assert adapter.probe_gone(here).reason == "GATEWAY_UNREACHABLE", "a gateway that is away proves nothing"
    finally:
        gateway.start()
    steps = bring(adapter, [here])
    assert bool(steps.steps) == (gateway.kind == "caddy"), "files are there when it starts; Caddy has none"
    assert adapter.probe(here).reason == ""
    assert adapter.probe_gone(gone).reason == ""


def test_what_is_edited_by_hand_is_repaired(gateway: Any, adapter: Adapter, upstream: Upstream) -> None:
    here = service(0, upstream)
    bring(adapter, [here])
    EDITS[gateway.kind](gateway, upstream.port)
    assert [step.action for step in plan(adapter, [here], adapter.observe()).steps] == ["change"]
    bring(adapter, [here])
    holds(adapter, [here])
    assert adapter.probe(here).reason == ""


def test_what_the_gateway_refuses_is_put_back(
    tmp_path: Path, gateway: Any, adapter: Adapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream)])
    before = adapter.observe()
    with closing(gateway.adapter(trust_store=str(tmp_path / "missing.pem"))) as broken:
        secure = service(1, Upstream("https", "service.example.se", 443, "", ("192.0.2.1",)))
        with pytest.raises(AdapterError) as caught:
            bring(broken, [service(0, upstream), secure])
        assert caught.value.reason == "GATEWAY_REJECTED"
        assert "missing.pem" in caught.value.message
    assert adapter.observe() == before
    bring(adapter, [service(0, upstream), service(2, upstream)])
    holds(adapter, [service(0, upstream), service(2, upstream)])
    assert adapter.probe(service(2, upstream)).reason == ""


def test_of_several_addresses_one_that_is_dead_costs_nobody_a_request(
    gateway: Any, adapter: Adapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, Upstream("http", "s.example.se", upstream.port, "", ("127.0.0.1", "127.9.9.9")))])
    with httpx.Client(trust_env=False) as client:
        assert {client.get(f"{gateway.url}/b/s0/api").status_code for _ in range(20)} == {200}


def test_a_service_that_is_down_is_told_from_one_that_is_not_routed(adapter: Adapter) -> None:
    here = service(0, Upstream("http", "127.0.0.1", free_port(), "", ("127.0.0.1",)))
    bring(adapter, [here])
    assert adapter.probe(here).reason == "UPSTREAM_UNAVAILABLE"
    assert adapter.probe_gone(here).reason == "STILL_ROUTED"


def test_a_gateway_that_is_set_up_wrongly_is_told_so(tmp_path: Path, gateway: Any) -> None:
    wrong = {"caddy": {"server": "other"}}.get(gateway.kind, {"directory": str(tmp_path / "elsewhere")})
    with closing(gateway.adapter(**wrong)) as lost:
        with pytest.raises(AdapterError) as caught:
            lost.check()
        assert caught.value.reason == "TARGET_NOT_FOLLOWING"
    with closing(gateway.adapter(gateway=f"http://127.0.0.1:{free_port()}")) as lost:
        with pytest.raises(AdapterError) as caught:
            lost.check()
        assert caught.value.reason == "GATEWAY_UNREACHABLE"


@pytest.mark.parametrize("mark", ["begin", "end"])
def test_a_mark_that_was_taken_away_is_repaired(gateway: Any, adapter: Adapter, upstream: Upstream, mark: str) -> None:
    if gateway.kind == "caddy":
        outer = f"http://{gateway.admin}/id/gemensam"
        bring(adapter, [service(0, upstream)])
        httpx.patch(outer, json={"@id": "gemensam", "handle": []}, trust_env=False).raise_for_status()
    else:
        name = {"nginx": "http.conf", "haproxy": "paths.map"}[gateway.kind]
        bring(adapter, [service(0, upstream), service(1, upstream)])
        line = "# se.gemensam end\n" if mark == "end" else "# se.gemensam begin organisations/b/subscriptions/s1\n"
        edit(gateway, name, line, "")
    services_ = [service(0, upstream), service(1, upstream)]
    if mark == "begin":
        assert plan(adapter, services_, adapter.observe()).steps
    if mark == "end" or gateway.kind != "nginx":
        bring(adapter, services_)
        holds(adapter, services_)
        assert [adapter.probe(each).reason for each in services_] == ["", ""]
        if gateway.kind == "haproxy" and mark == "begin":
            edit(gateway, "paths.map", "/b/s1/api/", "#", 1)  # the operator takes the line away, which is theirs now
    else:  # the upstream is somebody else's now, and a second one of that name is refused
        with pytest.raises(AdapterError, match="duplicate upstream"):
            bring(adapter, services_)
        edit(gateway, "http.conf", "upstream gemensam.b.s1.api", "upstream theirs")


def test_a_new_release_at_the_same_place_needs_no_reload_of_haproxy(tmp_path: Path, upstream: Upstream) -> None:
    with gateways.gateway("haproxy", tmp_path) as running, closing(running.adapter()) as adapter:

        def worker() -> str:
            return next(line for line in running.runtime("show info").splitlines() if line.startswith("Pid:"))

        bring(adapter, [service(0, upstream), service(1, upstream)])
        before = worker()
        bring(adapter, [service(0, upstream, "2.0.0"), service(1, upstream)])
        assert adapter.probe(service(0, upstream, "2.0.0")).reason == ""
        assert worker() == before
        bring(adapter, [service(0, upstream, "2.0.0")])
        assert adapter.probe_gone(service(1, upstream)).reason == ""
        assert worker() != before


def test_caddy_keeps_what_others_change_at_the_same_time(tmp_path: Path, upstream: Upstream) -> None:
    with gateways.gateway("caddy", tmp_path) as running, closing(running.adapter()) as adapter:
        read = adapter._admin.routes
        theirs = {"match": [{"path": ["/theirs"]}], "handle": [{"handler": "static_response", "status_code": 204}]}
        url = f"http://{running.admin}/config/apps/http/servers/gateway/routes/0"
        begun: list[str] = []

        def meanwhile() -> Any:
            found = read()
            if not begun:
                begun.append(httpx.put(url, json=theirs, trust_env=False).text)
            return found

        bring(adapter, [service(0, upstream)])
        steps = plan(adapter, [service(0, upstream, "2.0.0")], adapter.observe())
        adapter._admin.routes = meanwhile
        adapter.apply(steps)
        assert httpx.get(f"{running.url}/theirs", trust_env=False).status_code == 204
        assert adapter.probe(service(0, upstream, "2.0.0")).reason == ""
        assert len(json.loads(httpx.get(url.removesuffix("/0"), trust_env=False).text)) == 3
