"""What must hold for any two schemas: nothing is called compatible that refuses what was taken before."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep
from registry.contracts.documents.nodes import Document
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.families import compare
from tests.unit.contracts import schemas

COMPATIBLE, PATCH = VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, VersionStep.VERSION_STEP_PATCH
FLAT, LISTS = schemas.objects(schemas.leaves()), schemas.lists(schemas.leaves())
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(before: Any, after: Any, flow: Flow) -> int:
    report = Report()
    report.schemas(flow, (Document(before).node(),), (Document(after).node(),), "")
    return report.verdict().outcome


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and a change of it, or two simple ones of one kind; in either order."""
    kind = draw(st.sampled_from((schemas.schemas(), schemas.numbers(), schemas.texts(), FLAT, LISTS)))
    before = draw(kind)
    after = draw(st.one_of(schemas.changed(before), kind))
    return (before, after) if draw(st.booleans()) else (after, before)


@MANY
@given(pairs(), st.data())
def test_what_was_taken_before_is_taken_after_a_compatible_change(pair: tuple[Any, Any], some: st.DataObject) -> None:
    before, after = pair
    if outcome(before, after, Flow.REQUEST) == COMPATIBLE:
        all_in(before, after, some)


@MANY
@given(pairs(), st.data())
def test_what_comes_after_a_compatible_change_could_have_come_before(
    pair: tuple[Any, Any], some: st.DataObject
) -> None:
    before, after = pair
    if outcome(before, after, Flow.RESPONSE) == COMPATIBLE:
        all_in(after, before, some)


def all_in(sub: Any, sup: Any, some: st.DataObject) -> None:
    """Values of the one are values of the other."""
    for value in some.draw(st.lists(schemas.instances(sub), min_size=5, max_size=12)):
        if schemas.valid(sub, value) and schemas.keeps_to_names(sub, value):
            assert schemas.valid(sup, value), (sub, sup, value)


def shuffled(value: Any, order: st.DataObject) -> Any:
    """The same value with the members of its objects in another order."""
    if isinstance(value, list):
        return [shuffled(each, order) for each in value]
    if isinstance(value, dict):
        names = order.draw(st.permutations(sorted(value)))
        return {name: shuffled(value[name], order) for name in names}
    return value


@MANY
@given(schemas.schemas(), st.data())
def test_the_same_schema_in_another_order_is_compatible_and_a_patch(schema: Any, order: st.DataObject) -> None:
    other = json.dumps(shuffled(schema, order)).encode() + b" "
    verdict = compare("application/schema+json", json.dumps(schema).encode(), "application/schema+json", other)
    assert (verdict.outcome, verdict.demands) == (COMPATIBLE, PATCH)
    assert not verdict.findings


@MANY
@given(pairs(), st.data())
def test_the_order_of_keys_changes_no_verdict(pair: tuple[Any, Any], order: st.DataObject) -> None:
    before, after = (json.dumps(each).encode() for each in pair)
    others = [json.dumps(shuffled(each, order)).encode() for each in pair]
    kind = "application/schema+json"
    if before == after or others[0] == others[1]:
        return
    assert compare(kind, before, kind, after) == compare(kind, others[0], kind, others[1])


@MANY
@given(pairs())
def test_what_one_direction_widens_the_other_one_narrows(pair: tuple[Any, Any]) -> None:
    """A change is compatible in requests exactly when its reverse is compatible in responses, names aside."""
    before, after = pair
    if schemas.named(before) == schemas.named(after):
        assert outcome(before, after, Flow.REQUEST) == outcome(after, before, Flow.RESPONSE)
