"""What a stream promises beyond files: an Envoy that refuses, goes, comes back, and a subscriber that does the same."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from subscribers.adapter import AdapterError, Upstream, plan
from subscribers.adapters import xds_plane
from subscribers.adapters.envoy_xds import EnvoyXdsAdapter
from subscribers.conformance import bring, holds, service
from subscribers.settings import make_adapter
from subscribers.targets import Targets
from tests.components import envoy
from tests.components.certificates import Authority
from tests.components.ports import free_port

NOT_TO_ENVOY = "fe80::1%nowhere"  # an address with a zone
KEYS = [f"organisations/b/subscriptions/s{number}" for number in range(3)]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[envoy.XdsGateway]:
    running = envoy.XdsGateway(tmp_path)
    yield running
    running.stop()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


def proven(adapter: EnvoyXdsAdapter, *wanted: Any) -> bool:
    return all(adapter.probe(each).reason == "" for each in wanted)


def refused(number: int) -> Any:
    """A service that Envoy takes no cluster of: STATIC clusters have addresses."""
    return service(number, Upstream("http", "127.0.0.1", 80, "", (NOT_TO_ENVOY,)))


def test_what_envoy_refuses_is_told_with_its_reason_and_its_keys_and_what_ran_before_runs_again(
    gateway: envoy.XdsGateway, adapter: EnvoyXdsAdapter, upstream: Upstream
) -> None:
    good = service(0, upstream)
    bring(adapter, [good])
    before = adapter.observe()
    with pytest.raises(AdapterError, match=f"malformed IP address: {NOT_TO_ENVOY}") as caught:
        bring(adapter, [service(0, upstream, "2.0.0"), refused(1), service(2, upstream)])
    assert (caught.value.reason, caught.value.keys) == ("GATEWAY_REJECTED", {KEYS[1]})
    until(lambda: adapter.observe() == before)  # also what is noted of a gateway that runs on something else
    assert proven(adapter, good)
    assert "/s1/" not in json.dumps(gateway.dump()["configs"][1].get("dynamic_active_clusters"))
    bring(adapter, [good, service(2, upstream)])
    assert proven(adapter, good, service(2, upstream))
    assert gateway.stat("cluster_manager.cds.update_rejected") == 1


def test_one_that_is_refused_costs_the_others_nothing(gateway: envoy.XdsGateway, upstream: Upstream) -> None:
    wanted = [service(0, upstream), refused(1), service(2, upstream)]
    with closing(Targets([gateway.adapter()])) as targets:
        work = targets.plan(wanted, (), ())
        targets.apply(work)
        until(lambda: not targets.at_work)
        targets.plan(wanted, (), ())  # tells what took longer than a pass
        assert set(work.failed) == {KEYS[1]}
        assert gateway.stat("cluster_manager.cds.update_rejected") == 1, "its name was told: nothing is halved"


def test_what_is_refused_after_it_came_while_envoy_was_away_is_at_fault_alone(
    gateway: envoy.XdsGateway, adapter: EnvoyXdsAdapter, upstream: Upstream
) -> None:
    good, bad = service(0, upstream), refused(1)
    gateway.stop()
    with pytest.raises(AdapterError, match="No Envoy is connected"):
        bring(adapter, [good, bad])
    gateway.start()
    steps = plan(adapter, [good, bad], adapter.observe()).steps
    with pytest.raises(AdapterError, match=NOT_TO_ENVOY) as caught:
        bring(adapter, [good, bad])
    assert (len(steps), caught.value.keys) == (2, {KEYS[1]})
    adapter.apply(type(plan(adapter, [], {}))(steps[:1]))
    holds(adapter, [good])
    assert proven(adapter, good)


def test_without_an_envoy_nothing_is_proven_and_one_that_comes_gets_everything_at_once(
    gateway: envoy.XdsGateway, adapter: EnvoyXdsAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream), service(1, upstream)])
    gateway.stop()
    until(lambda: adapter._follower._board.answers().connected == 0)  # type: ignore[attr-defined]
    wanted = [service(0, upstream, "2.0.0"), service(2, upstream)]
    with pytest.raises(AdapterError, match="No Envoy is connected") as caught:
        bring(adapter, wanted)
    assert caught.value.reason == "TARGET_UNAVAILABLE"
    with pytest.raises(AdapterError, match="No Envoy is connected"):
        adapter.check()
    gateway.start()
    until(lambda: proven(adapter, *wanted))
    assert adapter.probe_gone(service(1, upstream)).reason == ""
    bring(adapter, wanted)  # clusters without a route go
    holds(adapter, wanted)
    adapter.check()


def test_a_restart_of_the_subscriber_withdraws_nothing(gateway: envoy.XdsGateway, upstream: Upstream) -> None:
    here, next_ = service(0, upstream), service(1, upstream)
    with closing(gateway.adapter()) as adapter:
        bring(adapter, [here])
    assert httpx.get(f"{gateway.url}/b/s0/api", trust_env=False).status_code == 200, "Envoy keeps what it has"
    before = gateway.stat("cluster_manager.cluster_removed")
    with closing(gateway.adapter()) as adapter:
        adapter.check()
        assert bring(adapter, [here]).steps == ()
        assert proven(adapter, here)
        bring(adapter, [here, next_])
        assert proven(adapter, here, next_)
        assert gateway.stat("cluster_manager.cluster_removed") == before
        gateway.stop()
        gateway.start()
        until(lambda: proven(adapter, here, next_))


def begun(options: dict[str, Any], wanted: Sequence[Any]) -> subprocess.Popen[str]:
    """A program that is about to apply, and serves by itself: no fork, which a gRPC server does not outlive."""
    words = [sys.executable, "-c", "import sys; from subscribers import crash; crash._apply(sys.stdin.readline())"]
    program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps([options, [asdict(each) for each in wanted]]) + "\n")
    program.stdin.flush()
    assert int(program.stdout.readline())
    return program


def test_killed_while_it_serves_and_started_again_gives_the_same(gateway: envoy.XdsGateway, upstream: Upstream) -> None:
    options = {"kind": "envoy-xds", **gateway.options()}
    old = [service(number, upstream) for number in range(20)]
    new = [service(number, upstream, "2.0.0") for number in range(10, 30)]
    for delay in (0.02, 0.1):
        with closing(make_adapter(options)) as adapter:
            bring(adapter, old)
        with begun(options, new) as program:
            time.sleep(delay)
            program.kill()
        with closing(make_adapter(options)) as adapter:
            bring(adapter, new)
            holds(adapter, new)
            assert [adapter.probe(each).reason for each in new] == [""] * len(new)
            assert adapter.probe_gone(old[0]).reason == ""


def test_a_second_program_looks_through_the_first_and_takes_over_when_it_ends(
    gateway: envoy.XdsGateway, upstream: Upstream
) -> None:
    first, second = gateway.adapter(), gateway.adapter()
    with closing(second):
        with closing(first):
            bring(first, [service(0, upstream)])
            until(lambda: second.observe() == first.observe())
            second.check()
            bring(second, [service(0, upstream), service(1, upstream)])
            assert proven(second, service(1, upstream))
            holds(first, [service(0, upstream), service(1, upstream)])
            gateway.stop()
            until(lambda: first._follower._board.answers().connected == 0)  # type: ignore[attr-defined]
            gateway.start()
        bring(second, [service(0, upstream)])
        assert second.probe_gone(service(1, upstream)).reason == ""


def test_what_an_operator_writes_into_the_files_is_published_or_named(
    gateway: envoy.XdsGateway, adapter: EnvoyXdsAdapter, upstream: Upstream
) -> None:
    bring(adapter, [service(0, upstream)])
    routes = gateway.directory / "routes.json"
    before = routes.read_text()
    routes.write_text("{")
    with pytest.raises(AdapterError, match=r"routes\.json"):
        adapter.observe()
    assert proven(adapter, service(0, upstream)), "what is damaged is not published"
    content = json.loads(before)
    content["resources"][0]["virtual_hosts"][0]["retry_shiny"] = {}
    routes.write_text(json.dumps(content))
    with pytest.raises(AdapterError, match="retry_shiny") as caught:
        bring(adapter, [service(0, upstream), service(1, upstream)])
    assert caught.value.reason == "GATEWAY_REJECTED"
    routes.write_text(before)
    bring(adapter, [service(0, upstream), service(1, upstream)])
    assert proven(adapter, service(1, upstream))


def test_an_address_that_another_program_has_is_named(tmp_path: Path, gateway: envoy.XdsGateway) -> None:
    options = {**gateway.options(), "listen": gateway.admin}
    with closing(EnvoyXdsAdapter(**options)) as lost, pytest.raises(AdapterError, match=gateway.admin):
        lost.check()
    options = {**gateway.options(), "directory": str(tmp_path / "missing")}
    with closing(EnvoyXdsAdapter(**options)) as lost, pytest.raises(AdapterError, match="missing: No such file"):
        lost.check()


def test_an_envoy_without_our_route_table_is_told_apart(
    gateway: envoy.XdsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xds_plane, "CONNECT_SECONDS", 1.0)
    bootstrap = json.loads(gateway.config.read_text())
    bootstrap["static_resources"]["listeners"] = []
    gateway.config.write_text(json.dumps(bootstrap))
    gateway.stop()
    gateway.start()
    with closing(gateway.adapter()) as adapter, pytest.raises(AdapterError, match=r"no routes\.json") as caught:
        adapter.check()
    assert caught.value.reason == "TARGET_NOT_FOLLOWING"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"listen": "0.0.0.0:18000"}, "only loopback"),
        ({"listen": "192.0.2.1:18000"}, "only loopback"),
        ({"listen": "[::]:18000"}, "only loopback"),
        ({"listen": "subscriber.example.se:18000"}, "does not appear to be an IPv4 or IPv6 address"),
        ({"listen": "127.0.0.1"}, "does not appear to be"),
        ({"listen": "127.0.0.1:x"}, "not an IP address and port"),
        ({"listen": "127.0.0.1:1", "certificate": "a", "key": "b"}, "belong together"),
        ({"listen": "0.0.0.0:1", "certificate": "/a", "key": "/b", "clients": "/c"}, "No such file"),
    ],
)
def test_an_address_that_may_not_be_served_is_refused(tmp_path: Path, more: dict[str, str], words: str) -> None:
    options = {"kind": "envoy-xds", "directory": str(tmp_path), "gateway": "http://127.0.0.1:1", **more}
    with pytest.raises(ValueError, match=words):
        make_adapter(options)


class FarGateway(envoy.XdsGateway):
    """One that the subscriber is not on loopback for."""

    subscriber = "0.0.0.0"


@pytest.mark.parametrize("known", [True, False])
def test_from_elsewhere_both_sides_prove_who_they_are(tmp_path: Path, upstream: Upstream, known: bool) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    own = ours.certificate("IP:0.0.0.0")
    gateways_ = (ours if known else theirs).certificate("DNS:gateway")
    (folder := tmp_path / "envoy").mkdir()
    for name, source in (("ca.pem", ours.trust_store), ("gateway.pem", gateways_), ("gateway.key", gateways_)):
        (folder / name).write_bytes(source.read_bytes())
    gateway = FarGateway(tmp_path)
    secured = {"certificate": str(own.with_suffix(".crt")), "key": str(own.with_suffix(".key"))}
    try:
        with closing(gateway.adapter(**secured, clients=str(ours.trust_store))) as adapter:
            if known:
                bring(adapter, [service(0, upstream)])
                assert proven(adapter, service(0, upstream))
            else:
                with pytest.raises(AdapterError, match="No Envoy is connected"):
                    bring(adapter, [service(0, upstream)])
    finally:
        gateway.stop()


def test_another_service_at_that_address_is_no_subscriber(gateway: envoy.XdsGateway, upstream: Upstream) -> None:
    options = {**gateway.options(), "listen": f"127.0.0.1:{free_port()}"}
    with closing(EnvoyXdsAdapter(**options)) as lost, pytest.raises(AdapterError, match=options["listen"]):
        bring(lost, [service(0, upstream)])
