"""What must hold for any two schemas: nothing is called compatible that refuses what was taken before."""

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep
from registry.contracts.families import compare
from registry.contracts.nodes import Document
from registry.contracts.report import Report
from registry.contracts.rules import Flow
from tests.unit.contracts import schemas

COMPATIBLE, PATCH = VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, VersionStep.VERSION_STEP_PATCH
MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(before: Any, after: Any, flow: Flow) -> int:
    report = Report()
    report.schemas(flow, (Document(before).node(),), (Document(after).node(),), "")
    return report.verdict().outcome


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    before = draw(schemas.schemas())
    after = draw(
        st.one_of(schemas.changed(before), schemas.changed(before).flatmap(schemas.changed), schemas.schemas())
    )
    return before, after


@MANY
@given(pairs(), st.lists(schemas.values(), min_size=20, max_size=60))
def test_what_was_taken_before_is_taken_after_a_compatible_change(pair: tuple[Any, Any], values: list[Any]) -> None:
    before, after = pair
    if outcome(before, after, Flow.REQUEST) != COMPATIBLE:
        return
    for value in values:
        if schemas.valid(before, value) and schemas.keeps_to_names(before, value):
            assert schemas.valid(after, value), (before, after, value)


@MANY
@given(pairs(), st.lists(schemas.values(), min_size=20, max_size=60))
def test_what_comes_after_a_compatible_change_could_have_come_before(pair: tuple[Any, Any], values: list[Any]) -> None:
    before, after = pair
    if outcome(before, after, Flow.RESPONSE) != COMPATIBLE:
        return
    for value in values:
        if schemas.valid(after, value) and schemas.keeps_to_names(after, value):
            assert schemas.valid(before, value), (before, after, value)
