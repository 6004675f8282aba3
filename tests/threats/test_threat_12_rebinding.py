"""Threat 12: a name that leads outside when it is judged, and inside when it is called."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from subscribers import resolver
from subscribers.adapter import AdapterError, Upstream
from subscribers.conformance import bring, service
from tests.components.certificates import Authority
from tests.components.receiver import receiver
from tests.threats.hooks import hook

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"


def test_threat_12_what_is_connected_to_is_the_address_that_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`OUTSIDE` stands for a global address: the policy names it, and the address inside it does not name."""
    monkeypatch.setattr(resolver, "FRESH_SECONDS", 0.0)
    asked: list[str] = []
    answers = [OUTSIDE]

    def look_up(host: str) -> Sequence[str]:
        asked.append(host)
        return [answers[0]]

    with receiver(OUTSIDE) as outside, receiver(INSIDE, outside.port) as inside:
        url = f"http://hook.example.se:{outside.port}/"
        with hook(tmp_path, url, outside.port, look_up, [f"{OUTSIDE}/32"]) as adapter:
            bring(adapter, [service(0, HERE)])
            names = {headers["host"] for headers, _ in outside.calls}
            answers[0] = INSIDE
            with pytest.raises(AdapterError) as caught:
                bring(adapter, [service(0, HERE), service(1, HERE)])
            assert caught.value.reason == "ADDRESS_REFUSED"
        assert names == {f"hook.example.se:{outside.port}"}
        assert len(outside.events()) == 1
        assert inside.calls == []
        assert set(asked) == {"hook.example.se"}


def test_threat_12_whoever_answers_at_the_address_must_prove_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    for name, proven in (("hook.example.se", True), ("other.example.se", False)):
        certificate = authority.certificate(f"DNS:{name}", "IP:127.0.0.1")
        with receiver(certificate=certificate) as endpoint:
            url = f"https://hook.example.se:{endpoint.port}/"
            with hook(
                tmp_path / name,
                url,
                endpoint.port,
                lambda _host: [INSIDE],
                [f"{INSIDE}/32"],
                trust_store=str(authority.trust_store),
            ) as adapter:
                if proven:
                    bring(adapter, [service(0, HERE)])
                else:
                    with pytest.raises(AdapterError, match="ConnectError"):
                        bring(adapter, [service(0, HERE)])
            assert bool(endpoint.calls) == proven
