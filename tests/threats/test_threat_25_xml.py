"""Threats 24 and 25: XML and JSON-LD are never parsed, so neither entities nor contexts can do anything."""

import pytest

from registry.api.v1.verdict_pb2 import VerdictOutcome
from registry.contracts.compare import compare, read
from registry.contracts.jail import Jail
from tests.components.receiver import Receiver

LAUGHS = b'<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "http://127.0.0.1:{port}/">]><a>&a;</a>'
CONTEXT = '{{"@context": "http://127.0.0.1:{port}/"}}'


@pytest.mark.parametrize("media_type", ["application/wsdl+xml", "text/xml", "application/ld+json", "application/json"])
def test_threat_25_nobody_says_what_such_a_contract_means(media_type: str, endpoint: Receiver) -> None:
    jail = Jail()
    for content in (LAUGHS, OUTSIDE.format(port=endpoint.port).encode(), CONTEXT.format(port=endpoint.port).encode()):
        verdict = compare(media_type, content, media_type, content + b" ", jail)
        assert verdict.outcome == VerdictOutcome.VERDICT_OUTCOME_UNKNOWN
        assert verdict.reason
        assert "lol" not in read(media_type, content, jail)
    assert endpoint.calls == []
    jail.close()
