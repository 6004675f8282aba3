"""A webhook beyond the suite: away and back, refusing one of many, told again, and what its journal is good for."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import AdapterError, Upstream
from subscribers.adapters.webhook import AT_ONCE, UNCONFIRMED
from subscribers.conformance import bring, holds, service
from subscribers.settings import make_adapter
from tests.components.receiver import SECRET, Receiver, receiver
from tests.contract.adapters.channels import webhook_options

PROGRAM = Path(sys.executable).with_name("gemensam-subscriber")
HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    """A body's endpoint."""
    with receiver() as running:
        yield running


@pytest.fixture
def adapter(tmp_path: Path, endpoint: Receiver) -> Iterator[Any]:
    """An adapter for it."""
    with closing(make_adapter(webhook_options(tmp_path, endpoint.url, endpoint.port))) as made:
        yield made


def test_events_are_cloudevents_that_tell_the_whole_state(adapter: Any, endpoint: Receiver) -> None:
    bring(adapter, [service(0, HERE)])
    bring(adapter, [])
    headers, body = endpoint.calls[1]
    there, gone = endpoint.events()
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert json.loads(body)["id"] == headers["webhook-id"]
    assert {"specversion", "id", "source", "type", "subject", "time", "sequence"} <= there.keys()
    assert there["type"] == "se.gemensam.subscriber.service.changed.v1"
    assert json.loads(adapter.render(service(0, HERE))) == there["data"]
    assert (gone["type"], gone["data"]) == (
        "se.gemensam.subscriber.service.removed.v1",
        {"subscription": service(0, HERE).key},
    )
    assert there["sequence"] < gone["sequence"]


def test_a_refused_message_is_that_subscriptions_fault_and_no_others(adapter: Any, endpoint: Receiver) -> None:
    services = [service(n, HERE) for n in range(5)]
    endpoint.refuses = {services[2].key}
    with pytest.raises(AdapterError) as caught:
        bring(adapter, services)
    assert (caught.value.reason, set(caught.value.keys)) == ("ENDPOINT_REFUSED", {services[2].key})
    assert set(endpoint.held) == {each.key for each in services} - {services[2].key}
    assert adapter.observe()[services[2].key].startswith(UNCONFIRMED)
    assert [adapter.probe(each).reason for each in services] == ["", "", "NOT_ACKNOWLEDGED", "", ""]
    endpoint.refuses = set()
    assert len(bring(adapter, services).steps) == 1
    holds(adapter, services)


def test_an_endpoint_that_is_away_gets_few_calls_and_the_last_state_when_it_is_back(
    adapter: Any, endpoint: Receiver
) -> None:
    adapter.check()
    endpoint.status = 500
    services = [service(n, HERE) for n in range(500)]
    with pytest.raises(AdapterError, match="500") as caught:
        bring(adapter, services)
    assert (caught.value.reason, caught.value.keys) == ("TARGET_UNAVAILABLE", frozenset())
    assert len(endpoint.events()) <= 2 * AT_ONCE, "the rest is not tried while it is away"
    endpoint.status = 204
    newer = [service(n, HERE, "2.0.0") for n in range(1, 501)]
    bring(adapter, newer)
    holds(adapter, newer)
    assert {key: each["release"] for key, each in endpoint.held.items()} == {each.key: each.release for each in newer}


def test_what_was_sent_and_not_acknowledged_is_taken_back_with_a_message_of_its_own(
    adapter: Any, endpoint: Receiver
) -> None:
    first, second = service(0, HERE), service(0, HERE, "2.0.0")
    bring(adapter, [first])
    endpoint.status = 503
    with pytest.raises(AdapterError):
        bring(adapter, [second])
    endpoint.status = 204
    assert len(bring(adapter, [first]).steps) == 1, "the endpoint may have taken the second all the same"
    sequences = [each["sequence"] for each in endpoint.events()]
    assert sequences == sorted(set(sequences))
    assert endpoint.held[first.key]["release"] == first.release


def test_a_replay_tells_an_endpoint_that_lost_everything_what_it_had(
    tmp_path: Path, adapter: Any, endpoint: Receiver
) -> None:
    bring(adapter, [service(n, HERE) for n in range(4)])
    bring(adapter, [service(n, HERE, "2.0.0") for n in range(3)])
    before, sent = dict(endpoint.held), [each["id"] for each in endpoint.events()]
    with receiver(port=0) as fresh:
        endpoint.take, count = fresh.take, len(sent)  # type: ignore[method-assign]
        assert adapter.replay(0) == 4
        assert fresh.held == before
        assert {each["id"] for each in fresh.events()} <= set(sent)
        assert [each["sequence"] for each in fresh.events()] == sorted(each["sequence"] for each in fresh.events())
        assert adapter.replay(count) == 1
    options = webhook_options(tmp_path, endpoint.url, endpoint.port)
    config = tmp_path / "subscriber.yaml"
    config.write_text(json.dumps({"systems": ["organisations/b/systems/gw"], "adapters": [options]}))
    command = [str(PROGRAM), "replay", "--config", str(config), "--since", "1"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, "4 messages sent again" in told.stdout) == (0, True), told.stderr


def test_of_those_that_left_a_bounded_number_is_remembered(
    adapter: Any, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.adapters.webhook_journal.REMEMBERED", 5)
    bring(adapter, [service(n, HERE) for n in range(20)])
    bring(adapter, [service(0, HERE)])
    bring(adapter, [service(0, HERE), service(99, HERE)])
    assert adapter.replay(0) <= 2 + 5
    assert adapter.probe_gone(service(3, HERE)).reason == ""
    assert set(endpoint.held) == {service(0, HERE).key, service(99, HERE).key}


def test_the_secret_is_in_no_message_no_error_and_no_journal(tmp_path: Path, adapter: Any, endpoint: Receiver) -> None:
    secret = SECRET.removeprefix("whsec_")
    endpoint.status = 422
    with pytest.raises(AdapterError) as caught:
        bring(adapter, [service(0, HERE)])
    held = b"".join(path.read_bytes() for path in tmp_path.glob("webhook.db*"))
    sent = "".join(f"{headers}{body!r}" for headers, body in endpoint.calls)
    assert held
    assert not any(secret in text for text in (str(caught.value), repr(vars(adapter)), sent, held.decode("latin-1")))
