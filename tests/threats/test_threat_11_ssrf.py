"""Threat 11: an endpoint's address leads to something inside. It is refused before anything is connected to."""

from pathlib import Path

import pytest

from subscribers.adapter import AdapterError, Upstream
from subscribers.conformance import bring, service
from tests.components.receiver import Receiver, receiver
from tests.threats.hooks import hook

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
INSIDE = (
    "http://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://10.0.0.1/",
    "http://0.0.0.0:{port}/",
    "http://2130706433:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.1:{port}/",
    "http://[::]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://224.0.0.1/",
    "http://localhost:{port}/",
    "http://a@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/?x=service.example.se",
    "http://127.0.0.1\uff0e:{port}/",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("url", INSIDE)
def test_threat_11_an_address_inside_is_refused_in_every_form(tmp_path: Path, endpoint: Receiver, url: str) -> None:
    with hook(tmp_path, url.format(port=endpoint.port), endpoint.port) as adapter:
        for act in (adapter.check, lambda: bring(adapter, [service(0, HERE)])):
            with pytest.raises(AdapterError) as caught:
                act()
            assert caught.value.reason == "ADDRESS_REFUSED"
    assert endpoint.calls == []


def test_threat_11_a_name_with_one_answer_inside_is_refused_whole(tmp_path: Path, endpoint: Receiver) -> None:
    url = f"http://hook.example.se:{endpoint.port}/"
    answers = ["93.184.216.34", "127.0.0.1"]
    with hook(tmp_path, url, endpoint.port, lambda _host: answers) as adapter:
        with pytest.raises(AdapterError, match=r"leads to 127\.0\.0\.1") as caught:
            adapter.check()
        assert caught.value.reason == "ADDRESS_REFUSED"
    assert endpoint.calls == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_threat_11_an_endpoint_that_points_inside_is_not_followed(
    tmp_path: Path, endpoint: Receiver, status: int
) -> None:
    with (
        receiver("127.0.0.2") as inside,
        hook(tmp_path, endpoint.url, endpoint.port, private_ranges=["127.0.0.1/32"]) as adapter,
    ):
        adapter.check()
        endpoint.status, endpoint.location = status, inside.url
        with pytest.raises(AdapterError, match="not followed"):
            bring(adapter, [service(0, HERE)])
        assert len(endpoint.events()) == 1
        assert inside.calls == []


def test_threat_11_proxies_of_the_environment_are_not_used(
    tmp_path: Path, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver("127.0.0.2") as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}:{proxy.port}")
        with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=["127.0.0.1/32"]) as adapter:
            bring(adapter, [service(0, HERE)])
        assert len(endpoint.events()) == 1
        assert proxy.calls == []
