"""Changes of one schema, each in requests, in responses and in both, beside the tables."""

import json

import pytest

from registry.contracts.documents.nodes import Document
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.families import compare
from tests.unit.contracts.cases import Case, cases, step, told

NAMES = ("numbers_and_texts", "objects_and_lists", "alternatives_and_references")
ROWS = [case for name in NAMES for case in cases(f"{name}.yaml", "request", "response")]
DEMANDS = {"BREAKING": {"MAJOR"}, "COMPATIBLE": {"MINOR", "PATCH"}, "UNKNOWN": {"MINOR", "PATCH"}}


@pytest.mark.parametrize("flow", Flow)
@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_a_change_of_a_schema(case: Case, flow: Flow) -> None:
    expected, wanted = case.expect[flow.value]
    documents = [Document(each, siblings="draft-0" not in str(each)) for each in (case.before, case.after)]
    report = Report()
    report.schemas(flow, (documents[0].node(),), (documents[1].node(),), "")
    outcome, rules = told(report.verdict())
    assert outcome == expected, report.verdict()
    assert rules >= wanted
    assert bool(rules) >= bool(wanted)
    assert step(report.verdict()) in DEMANDS[outcome]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_a_schema_alone_must_serve_who_writes_and_who_reads(case: Case) -> None:
    both = {case.expect[flow.value][0] for flow in Flow}
    expected = next(each for each in ("BREAKING", "UNKNOWN", "COMPATIBLE") if each in both)
    before, after = (json.dumps(each).encode() for each in (case.before, case.after))
    if before == after:
        after += b" "
    verdict = compare("application/schema+json", before, "application/schema+json", after)
    assert told(verdict)[0] == expected, verdict
