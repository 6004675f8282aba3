"""Threat 22: contracts whose references lead to files, to other hosts, in circles or very deep, or that are huge."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from registry.api.v1.verdict_pb2 import InterfaceVerdict, VerdictOutcome
from registry.contracts.compare import compare, read
from registry.contracts.jail import Jail
from tests.components.receiver import Receiver

SCHEMA = "application/schema+json"
UNKNOWN = VerdictOutcome.VERDICT_OUTCOME_UNKNOWN


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    found = Jail()
    yield found
    found.close()


def verdict(jail: Jail, before: Any, after: Any) -> InterfaceVerdict:
    return compare(SCHEMA, json.dumps(before).encode(), SCHEMA, json.dumps(after).encode(), jail)


@pytest.mark.parametrize(
    "path", ["file:///etc/passwd", "/etc/passwd", "../../etc/passwd#/x", "http://{here}/x", "//{here}/x"]
)
def test_threat_22_a_reference_is_followed_nowhere_but_inside(jail: Jail, endpoint: Receiver, path: str) -> None:
    reference = path.format(here=f"127.0.0.1:{endpoint.port}")
    found = verdict(
        jail, {"properties": {"a": {"$ref": reference}}}, {"properties": {"a": {"$ref": reference}}, "title": "b"}
    )
    assert found.outcome == UNKNOWN
    assert "nothing is fetched" in found.reason
    assert "root:" not in str(found)
    assert endpoint.calls == []


def test_threat_22_a_chain_of_10_000_references_is_refused(jail: Jail) -> None:
    chain = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(10_000)} | {"10000": {"type": "string"}}
    content = json.dumps({"$ref": "#/$defs/0", "$defs": chain}).encode()
    assert "more than 64 steps" in read(SCHEMA, content, jail)
    assert compare(SCHEMA, content, SCHEMA, b"true", jail).outcome == UNKNOWN


@pytest.mark.parametrize(("steps", "refused"), [(64, False), (65, True)])
def test_threat_22_how_far_references_may_lead(jail: Jail, steps: int, refused: bool) -> None:
    chain = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(1, steps)} | {
        str(steps): {"type": "string"}
    }
    assert bool(read(SCHEMA, json.dumps({"$ref": "#/$defs/1", "$defs": chain}).encode(), jail)) == refused


def test_threat_22_schemas_one_below_the_other_through_references_end(jail: Jail) -> None:
    """10,000 levels, each in a definition of its own: deeper than any stack."""
    below = {str(n): {"properties": {"next": {"$ref": f"#/$defs/{n + 1}"}}} for n in range(10_000)} | {
        "10000": {"type": "string"}
    }
    before = {"$ref": "#/$defs/0", "$defs": below}
    after = {"$ref": "#/$defs/0", "$defs": below | {"10000": {"type": "integer"}}}
    found = verdict(jail, before, after)
    assert found.outcome == VerdictOutcome.VERDICT_OUTCOME_BREAKING
    assert {each.path for each in found.findings} == {"/$defs/10000/type"}


def test_threat_22_alternatives_of_alternatives_end(jail: Jail) -> None:
    """Each level doubles what would have to be compared."""
    levels = {
        str(n): {"anyOf": [{"$ref": f"#/$defs/{n + 1}"}, {"items": {"$ref": f"#/$defs/{n + 1}"}}]} for n in range(200)
    }
    before = {"$ref": "#/$defs/0", "$defs": levels | {"200": {"type": "string", "maxLength": 5}}}
    after = {"$ref": "#/$defs/0", "$defs": levels | {"200": {"type": "string", "maxLength": 4}}}
    assert verdict(jail, before, after).outcome != VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
    assert read(SCHEMA, b"{}", jail) == ""


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_threat_22_a_schema_that_is_a_part_of_itself_ends(jail: Jail, word: str) -> None:
    before, after = ({word: [{"$ref": "#"}, {"type": name}]} for name in ("string", "integer"))
    assert verdict(jail, before, after).outcome != VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE


def test_threat_22_a_regular_expression_is_not_run(jail: Jail) -> None:
    """It would take longer than the age of the universe."""
    before, after = {"enum": ["a" * 100 + "!"]}, {"type": "string", "pattern": "^(a+)+$"}
    found = verdict(jail, before, after)
    assert "enum-undecided" in {each.rule for each in found.findings}


def test_threat_22_a_huge_document_has_at_most_200_findings(jail: Jail) -> None:
    before, after = (
        {"properties": {f"p{number}": {"type": name} for number in range(5_000)}} for name in ("string", "integer")
    )
    found = verdict(jail, before, after)
    assert found.outcome == VerdictOutcome.VERDICT_OUTCOME_BREAKING
    assert len(found.findings) == 200
    assert found.omitted == 2 * 5_000 - 200
