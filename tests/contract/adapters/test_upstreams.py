"""Providers' services as they are: https with a certificate to prove, gRPC by authority, endless answers, paths."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from subscribers.adapter import Adapter, AdapterError, Service, Upstream
from subscribers.conformance import bring, holds, service
from tests.components import envoy
from tests.components import upstream as services
from tests.components.certificates import Authority
from tests.components.grpc_upstream import METHOD, grpc_upstream

HOST = "service.example.se"
PROVE_NO_ADDRESS = {"nginx", "haproxy"}


@contextmanager
def adapting(gateway: Any, **options: str) -> Iterator[Adapter]:
    with closing(gateway.adapter(**options)) as made:
        yield made
        made.remove()


@pytest.mark.parametrize(
    ("host", "names", "reason"),
    [
        (HOST, [f"DNS:{HOST}"], ""),
        (HOST, ["DNS:*.example.se"], ""),
        ("127.0.0.1", ["IP:127.0.0.1"], ""),
        (HOST, ["DNS:other.example.se"], "UPSTREAM_UNAVAILABLE"),
        (HOST, ["DNS:*.se"], "UPSTREAM_UNAVAILABLE"),
        (HOST, ["IP:127.0.0.1"], "UPSTREAM_UNAVAILABLE"),
        ("127.0.0.1", [f"DNS:{HOST}"], "UPSTREAM_UNAVAILABLE"),
    ],
)
def test_an_https_service_must_prove_its_name(
    tmp_path: Path, gateway: Any, host: str, names: list[str], reason: str
) -> None:
    authority = Authority(tmp_path / "ca")
    with services.upstream(authority.certificate(*names)) as running:
        here = service(0, Upstream("https", host, running.port, "/v1", ("127.0.0.1",)))
        with adapting(gateway, trust_store=str(authority.trust_store)) as adapter:
            if host != HOST and gateway.kind in PROVE_NO_ADDRESS:
                with pytest.raises(AdapterError, match="needs a name") as caught:
                    adapter.render(here)
                assert (caught.value.reason, caught.value.keys) == ("NOT_SERVED", {here.key})
                return
            bring(adapter, [here])
            assert adapter.probe(here).reason == reason
        asked = [(running.hosts[-1], running.paths[-1])] if running.hosts else []
        assert asked == ([] if reason else [(f"{host}:{running.port}", "/v1")])


def test_an_https_service_of_an_unknown_authority_gets_nothing(tmp_path: Path, gateway: Any) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    with services.upstream(theirs.certificate(f"DNS:{HOST}")) as running:
        here = service(0, Upstream("https", HOST, running.port, "", ("127.0.0.1",)))
        with adapting(gateway, trust_store=str(ours.trust_store)) as adapter:
            bring(adapter, [here])
            assert adapter.probe(here).reason == "UPSTREAM_UNAVAILABLE"
        assert running.paths == []


def test_every_kind_of_upstream_makes_a_configuration_that_the_gateway_takes(tmp_path: Path, gateway: Any) -> None:
    authority = Authority(tmp_path / "ca")
    names = ((HOST, ("192.0.2.1", "2001:db8::1")), ("2001:db8::1", ("2001:db8::1",)))
    odd = "/a/%C3%A4;x=(1)!&'*+,:@~_-"
    upstreams = [
        Upstream(scheme, host, 8443, path, addresses)
        for scheme in ("http", "https", "grpc", "grpcs")
        for host, addresses in names
        for path in ("", odd, *([] if gateway.kind == "nginx" else [f"{odd}$1"]))
        if not (gateway.kind in PROVE_NO_ADDRESS and scheme in {"https", "grpcs"} and host != HOST)
    ]
    wanted = [service(number, each) for number, each in enumerate(upstreams)]
    with adapting(gateway, trust_store=str(authority.trust_store)) as adapter:
        bring(adapter, wanted)
        holds(adapter, wanted)


def test_an_odd_path_arrives_as_it_was_declared(gateway: Any) -> None:
    odd = "/a/%C3%A4;x=(1)!&'*+,:@~_-" + ("" if gateway.kind == "nginx" else "$1$")
    with services.upstream() as running, adapting(gateway) as adapter:
        bring(adapter, [service(0, Upstream("http", "127.0.0.1", running.port, odd, ("127.0.0.1",)))])
        assert httpx.get(f"{gateway.url}/b/s0/api/x%20y?q=%2f", trust_env=False).text == f"{odd}/x%20y?q=%2f"


def by_grpc(port: int) -> Service:
    return service(0, Upstream("grpc", "127.0.0.1", port, "", ("127.0.0.1",)))


def test_a_grpc_interface_is_found_by_its_authority_and_proven(gateway: Any) -> None:
    with grpc_upstream() as port, adapting(gateway) as adapter:
        here = by_grpc(port)
        bring(adapter, [here])
        assert adapter.probe(here).reason == ""
        address = gateway.grpc
        authority = here.routes[0].authority
        with grpc.insecure_channel(address, [("grpc.default_authority", authority)]) as channel:
            assert channel.unary_unary(METHOD)(b"you", timeout=10) == b"heard you"
        with grpc.insecure_channel(address, [("grpc.default_authority", "other.internal")]) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(METHOD)(b"you", timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        bring(adapter, [])
        assert adapter.probe_gone(here).reason == ""


def test_a_grpc_service_that_is_down_is_not_proven(gateway: Any) -> None:
    with grpc_upstream() as port:
        pass
    with adapting(gateway) as adapter:
        bring(adapter, [by_grpc(port)])
        assert adapter.probe(by_grpc(port)).reason == "UPSTREAM_UNAVAILABLE"
        assert adapter.probe_gone(by_grpc(port)).reason == "STILL_ROUTED"


@pytest.mark.parametrize(
    ("path", "asked", "seen"),
    [
        ("", "", "/"),
        ("", "/", "/"),
        ("", "/cases?x=1", "/cases?x=1"),
        ("/v1", "", "/v1"),
        ("/v1", "/cases", "/v1/cases"),
        ("/v1", "/a%20b", "/v1/a%20b"),
    ],
)
def test_paths_go_on_below_the_service_s_own(gateway: Any, path: str, asked: str, seen: str) -> None:
    with services.upstream() as running, adapting(gateway) as adapter:
        bring(adapter, [service(0, Upstream("http", "127.0.0.1", running.port, path, ("127.0.0.1",)))])
        assert httpx.get(f"{gateway.url}/b/s0/api{asked}", trust_env=False).text == seen


@pytest.mark.parametrize(
    "way_out",
    ["/../s1/api", "/..%2fs1", "/%2e%2e/x", "/..", "/a/../../../admin", "/..%5cx", "/..;/x", "/.%2E;a/x", "/%2e"],
)
def test_no_path_leads_out_of_the_service_s_own(gateway: Any, way_out: str) -> None:
    with services.upstream() as running, adapting(gateway) as adapter:
        bring(adapter, [service(0, Upstream("http", "127.0.0.1", running.port, "/v1", ("127.0.0.1",)))])
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as raw:
            raw.sendall(f"GET /b/s0/api{way_out} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            answer = raw.makefile("rb").read()
        assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.1 200"))
        assert [each for each in running.paths if not _is_inside(each, gateway.kind)] == []


def _is_inside(path: str, kind: str) -> bool:
    """Below the service's own. Envoy knows no parameters in paths, and hands `..;` on: that is a name there."""
    return path.startswith("/v1") and (".." not in path or (kind.startswith("envoy") and ";" in path))


def test_a_service_like_another_s_name_is_not_the_other(gateway: Any) -> None:
    with services.upstream() as running, adapting(gateway) as adapter:
        here = service(1, Upstream("http", "127.0.0.1", running.port, "", ("127.0.0.1",)))
        bring(adapter, [here])
        assert httpx.get(f"{gateway.url}/b/s1/api2", trust_env=False).status_code == 404
        assert httpx.get(f"{gateway.url}/b/s1", trust_env=False).status_code == 404


def test_an_answer_without_end_does_not_hold_a_probe(gateway: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            with connection, suppress(OSError):
                connection.sendall(head)
                while not select.select([connection], [], [], 0.05)[0]:  # until it is closed
                    connection.sendall(b"5\r\nhello\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        here = service(0, Upstream("http", "127.0.0.1", server.getsockname()[1], "", ("127.0.0.1",)))
        with adapting(gateway) as adapter:
            bring(adapter, [here])
            assert adapter.probe(here).reason == ""
        thread.join(10)
        assert not thread.is_alive()


def test_a_release_that_the_service_claims_itself_proves_nothing(gateway: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\ngemensam-release: offerings/s0/releases/2.0.0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                with server.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(head)

        threading.Thread(target=answer, daemon=True).start()
        here = service(0, Upstream("http", "127.0.0.1", server.getsockname()[1], "", ("127.0.0.1",)))
        with adapting(gateway) as adapter:
            bring(adapter, [here])
            assert adapter.probe(here).reason == ""
            answered = httpx.get(f"{gateway.url}/b/s0/api", trust_env=False).headers["gemensam-release"]
            assert answered == "offerings/s0/releases/1.0.0"


def test_a_gateway_that_listens_elsewhere_and_by_https_is_called_there_and_must_prove_itself(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    certificate = authority.certificate("IP:127.0.0.2")
    with envoy.gateway(tmp_path / "gateway", "127.0.0.2", certificate) as gateway, services.upstream() as running:
        here = service(0, Upstream("http", "127.0.0.1", running.port, "", ("127.0.0.1",)))
        with adapting(gateway, trust_store=str(authority.trust_store)) as adapter:
            adapter.check()
            bring(adapter, [here])
            assert adapter.probe(here).reason == ""
        with adapting(gateway, trust_store=str(other.trust_store)) as adapter:
            assert adapter.probe(here).reason == "GATEWAY_UNREACHABLE"
