"""Threat 13: messages that were changed, kept back, sent again or signed by somebody else, as a receiver sees them."""

import base64
import secrets
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from subscribers.adapter import AdapterError, Upstream
from subscribers.conformance import bring, service
from tests.components.receiver import SECRET, Receiver
from tests.threats.hooks import hook

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
LOOPBACK = ["127.0.0.1/32"]


@pytest.fixture
def message(tmp_path: Path, endpoint: Receiver) -> tuple[dict[str, str], bytes]:
    """One that was really sent: its headers and its body."""
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK) as adapter:
        bring(adapter, [service(0, HERE)])
    headers, body = endpoint.calls[-1]
    return {name: value for name, value in headers.items() if name.startswith("webhook-")}, body


def refused(headers: dict[str, str], body: bytes, secret: str = SECRET) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def test_threat_13_what_was_changed_is_refused_by_the_reference_library(message: tuple[dict[str, str], bytes]) -> None:
    headers, body = message
    name, when = headers["webhook-id"], int(headers["webhook-timestamp"])
    assert not refused(headers, body)
    assert "." not in name, "an id with a dot could be taken for another id and another time"
    for at in range(0, len(body), 7):
        assert refused(headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    for changed in (
        {"webhook-timestamp": str(when - 301)},
        {"webhook-timestamp": str(when + 1)},
        {"webhook-id": f"{name}.{when}"},
        {"webhook-id": f"{name}x"},
        {"webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,")},
    ):
        assert refused({**headers, **changed}, body), changed


def test_threat_13_a_secret_of_another_endpoint_signs_nothing_here(message: tuple[dict[str, str], bytes]) -> None:
    assert refused(*message, secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")


def test_threat_13_what_is_tried_again_has_the_same_id_and_body_and_a_time_of_its_own(
    tmp_path: Path, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK) as adapter:
        adapter.check()
        endpoint.status = 503
        for _ in range(2):
            with pytest.raises(AdapterError, match="503"):
                bring(adapter, [service(0, HERE)])
        endpoint.status = 204
        later = 4_000_000_000
        monkeypatch.setattr("subscribers.adapters.webhook_sender.time.time", lambda: later)
        with pytest.raises(AdapterError, match="401"):
            bring(adapter, [service(0, HERE)])
        monkeypatch.undo()
        bring(adapter, [service(0, HERE)])
        bring(adapter, [service(0, HERE, "2.0.0")])
    sent = endpoint.calls[1:]
    names = [headers["webhook-id"] for headers, _ in sent]
    assert len(set(names[:4])) == 1
    assert len({body for _, body in sent[:4]}) == 1
    assert [headers["webhook-timestamp"] for headers, _ in sent].count(str(later)) == 1
    assert names[4] != names[3], "what is new has an id of its own"
    assert len(endpoint.fresh) == 2


def test_threat_13_a_message_that_is_sent_again_by_somebody_has_no_effect_twice(
    message: tuple[dict[str, str], bytes], endpoint: Receiver
) -> None:
    before = dict(endpoint.held)
    endpoint.held.clear()
    assert endpoint.take(*message)[0] == 204
    assert endpoint.held == {}, "an id that was seen is taken no more"
    assert before


def test_threat_13_while_secrets_change_both_are_good(tmp_path: Path, endpoint: Receiver) -> None:
    new = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=LOOPBACK, secrets=f"{new}\n{SECRET}\n") as adapter:
        bring(adapter, [service(0, HERE)])
    headers, body = endpoint.calls[-1]
    assert not refused(dict(headers), body, new)
    assert not refused(dict(headers), body, SECRET)
