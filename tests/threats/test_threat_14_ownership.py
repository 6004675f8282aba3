"""Threat 14: an endpoint that nobody meant to be one. Nothing is sent to it before it has answered the challenge."""

import base64
import json
import secrets
from pathlib import Path

import pytest

from subscribers.adapter import AdapterError, Upstream
from subscribers.conformance import bring, holds, service
from tests.components.receiver import SECRET, Receiver, receiver
from tests.threats.hooks import hook

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
LOOPBACK = ["127.0.0.1/32"]


def challenges(endpoint: Receiver) -> list[str]:
    """What it was asked to answer with."""
    events = [json.loads(body) for _, body in endpoint.calls]
    return [each["data"]["challenge"] for each in events if each["type"].endswith("challenge.v1")]


def test_threat_14_an_endpoint_that_does_not_answer_the_challenge_stays_inactive(
    tmp_path: Path, endpoint: Receiver
) -> None:
    endpoint.echo = False  # it mirrors the whole request, as an echo service does
    services = [service(n, HERE) for n in range(3)]
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK) as adapter:
        for act in (adapter.check, lambda: bring(adapter, services)):
            with pytest.raises(AdapterError) as caught:
                act()
            assert caught.value.reason == "ENDPOINT_NOT_CONFIRMED"
        assert caught.value.keys == {each.key for each in services}
        assert endpoint.events() == []
        assert all(adapter.probe(each).reason for each in services)
        endpoint.echo = True
        bring(adapter, services)
        holds(adapter, services)
        bring(adapter, [])
    assert len(set(challenges(endpoint))) == 3, (
        "asked once a try, each time with another word, and no more once it is known"
    )


def test_threat_14_another_endpoint_is_asked_anew_and_then_told_everything(tmp_path: Path, endpoint: Receiver) -> None:
    services = [service(n, HERE) for n in range(3)]
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK) as adapter:
        bring(adapter, services)
    with (
        receiver() as other,
        hook(tmp_path, other.url, other.port, private_ranges=LOOPBACK) as moved,
    ):
        other.echo = False
        with pytest.raises(AdapterError, match="did not answer the challenge"):
            bring(moved, services)
        assert other.events() == []
        other.echo = True
        bring(moved, services)
        assert set(other.held) == {each.key for each in services}
    assert len(endpoint.events()) == 3


def test_threat_14_other_secrets_are_proven_anew_and_nothing_is_told_twice(tmp_path: Path, endpoint: Receiver) -> None:
    new = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    for lines in (SECRET, f"{SECRET}\n{new}", f"{SECRET}\n{new}"):
        with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK, secrets=lines) as adapter:
            bring(adapter, [service(0, HERE)])
            adapter.check()
    assert len(challenges(endpoint)) == 2
    assert len(endpoint.events()) == 1


def test_threat_14_an_endpoint_that_is_gone_must_be_confirmed_before_it_hears_more(
    tmp_path: Path, endpoint: Receiver
) -> None:
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK) as adapter:
        bring(adapter, [service(0, HERE)])
        endpoint.status, endpoint.echo = 410, False
        with pytest.raises(AdapterError, match="410"):
            bring(adapter, [service(0, HERE, "2.0.0")])
        endpoint.status = 204
        with pytest.raises(AdapterError, match="did not answer the challenge"):
            bring(adapter, [service(0, HERE, "2.0.0")])
        endpoint.echo = True
        bring(adapter, [service(0, HERE, "2.0.0")])
    assert endpoint.held[service(0, HERE).key]["release"].endswith("2.0.0")
