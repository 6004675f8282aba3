"""Threat 35: a published description that would steer the body's own systems to something inside."""

from typing import Any

import pytest

from subscribers.adapter import Upstream
from subscribers.conformance import service
from subscribers.rehearsal import published, rehearsal
from subscribers.settings import make_adapter

CONSUL = Upstream("http", "127.0.0.1", 8500)


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        (Upstream("https", "service.example.se", 443), "PLAIN_TEXT_NOT_ALLOWED"),
        (Upstream("http", "service.example.se", 8500), "HOST_NOT_ALLOWED"),
        (Upstream("http", "127.0.0.1", 80), "PORT_NOT_ALLOWED"),
        (CONSUL, "ADDRESS_NOT_ALLOWED"),
    ],
)
def test_threat_35_an_upstream_inside_never_reaches_a_target(
    options: dict[str, Any], allowed: Upstream, reason: str
) -> None:
    with rehearsal(options, allowed) as (state, reconciler, found):
        state.take(published(service(0, CONSUL)))
        reconciler.run()
    adapter = make_adapter(options)
    assert [each.problem.reason for each in found if each.problem] == [reason]
    assert dict(adapter.observe()) == {}
    adapter.close()
