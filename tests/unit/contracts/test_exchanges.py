"""Changes of what surrounds schemas, beside the tables: OpenAPI 3.0 and 3.1, AsyncAPI 2 and 3."""

import json
from typing import Any

import pytest

from registry.contracts.families import compare
from tests.unit.contracts.cases import Case, cases, step, told

INFO = {"title": "a", "version": "1.0.0"}
DEMANDS = {"BREAKING": {"MAJOR"}, "COMPATIBLE": {"MINOR", "PATCH"}, "UNKNOWN": {"MINOR", "PATCH"}}


def check(case: Case, media_type: str, before: Any, after: Any) -> None:
    expected, rules = case.expect["expect"]
    contents = [json.dumps(each).encode() for each in (before, after)]
    verdict = compare(media_type, contents[0], media_type, contents[1])
    outcome, found = told(verdict)
    assert outcome == expected, verdict
    assert found >= rules, verdict
    assert (not found) == (not rules) or outcome == "BREAKING", verdict
    assert step(verdict) in DEMANDS[outcome]


@pytest.mark.parametrize("case", list(cases("openapi_*.yaml", "expect")), ids=lambda case: case.name)
def test_a_change_of_an_openapi_document(case: Case) -> None:
    before, after = ({"openapi": "3.1.0", "info": INFO, **each} for each in (case.before, case.after))
    check(case, "application/vnd.oai.openapi+json", before, after)


@pytest.mark.parametrize("case", list(cases("asyncapi.yaml", "expect")), ids=lambda case: case.name)
def test_a_change_of_an_asyncapi_document(case: Case) -> None:
    before, after = ({"info": INFO, **each} for each in (case.before, case.after))
    check(case, "application/vnd.aai.asyncapi+json", before, after)
