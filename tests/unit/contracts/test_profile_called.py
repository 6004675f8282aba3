"""Where a service calls its subscribers, by webhooks and callbacks: what is sent and answered there is linted too."""

from typing import Any

import pytest

from registry.contracts.profile import profile
from tests.unit.contracts.openapi import changed, good

POST = "/paths/~1building-cases/post"
HOOK, ITEMS = "/webhooks/caseDecided", "/components/pathItems/decided"
BACK = f"{POST}/callbacks/onDecision/{{$request.body#~1url}}"
KEPT = "/components/callbacks/decision/{$request.body#~1url}"
JSON = "content/application~1json"
SCHEMA = {"properties": {"decided": {"type": "string", "example": "x"}}}
GOOD = {
    "description": "A case was decided",
    "requestBody": {"content": {"application/json": {"schema": SCHEMA}}},
    "responses": {"204": {"description": "Taken"}},
}
# Where the service calls, and what leads there.
CALLED: list[tuple[str, dict[str, Any]]] = [
    (HOOK, {}),
    (ITEMS, {HOOK: {"$ref": f"#{ITEMS}"}}),
    (BACK, {}),
    (KEPT, {f"{POST}/callbacks/onDecision": {"$ref": "#/components/callbacks/decision"}}),
    (f"{HOOK}/post/callbacks/again/{{$url}}", {f"{HOOK}/post": GOOD}),
]
# The rule, what is there instead of the good operation, and where below it the rule is no longer kept.
BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("DOK.19", {"description": ""}, "description"),
    ("DOK.20", {"responses": {}}, "responses"),
    ("DOK.20", {"responses": {"204": {}}}, "responses/204/description"),
    ("DOK.15", {"requestBody": {"content": {"application/json": {}}}}, f"requestBody/{JSON}"),
    (
        "DOK.15",
        {"responses": {"200": {"description": "x", "content": {"application/json": {}}}}},
        f"responses/200/{JSON}",
    ),
    ("AME.01", {"requestBody": {"content": {"text/csv": {}}}}, "requestBody/content"),
    ("FEL.02", {"responses": {"400": {"description": "x", "content": {"text/html": {}}}}}, "responses/400/content"),
    (
        "ARQ.01",
        {"requestBody": {"content": {"application/json;charset=latin1": {"example": 1}}}},
        "requestBody/content/application~1json;charset=latin1",
    ),
    ("ARQ.05", {"parameters": [{"name": "X", "in": "header", "schema": {"type": "object"}}]}, "parameters/0"),
]
FIELDS: list[tuple[str, str, dict[str, Any], str]] = [
    ("AME.04", "Decided", {}, ""),
    ("AME.05", "when_decided", {}, ""),
    ("AME.07", "when-decided", {}, ""),
    ("DOT.01", "at", {"format": "date-time", "example": "2026-03-02T08:15:00+01:00"}, "/example"),
    ("DOT.04", "day", {"format": "date", "example": "2 mars"}, "/example"),
]


def found(document: dict[str, Any], rule: str) -> list[str]:
    return [each.path for each in profile(document) if each.rule == rule]


@pytest.mark.parametrize(("place", "leading"), CALLED)
def test_a_good_call_keeps_every_rule(place: str, leading: dict[str, Any]) -> None:
    assert profile(changed({**leading, f"{place}/post": GOOD})) == []


@pytest.mark.parametrize(("place", "leading"), CALLED)
@pytest.mark.parametrize(("rule", "instead", "below"), BROKEN)
def test_a_broken_rule_is_told_where_the_service_calls(
    place: str, leading: dict[str, Any], rule: str, instead: dict[str, Any], below: str
) -> None:
    assert found(changed({**leading, f"{place}/post": GOOD | instead}), rule) == [f"{place}/post/{below}"]


@pytest.mark.parametrize(("place", "leading"), CALLED)
@pytest.mark.parametrize(("rule", "name", "field", "below"), FIELDS)
def test_fields_of_bodies_that_the_service_sends_are_told(
    place: str, leading: dict[str, Any], rule: str, name: str, field: dict[str, Any], below: str
) -> None:
    properties = f"{place}/post/requestBody/{JSON}/schema/properties"
    document = changed({**leading, f"{place}/post": GOOD, f"{properties}/{name}": {"example": 1} | field})
    assert found(document, rule) == [f"{properties}/{name}{below}"]


def test_times_that_a_subscriber_answers_may_be_in_any_zone() -> None:
    """DOT.01 binds who writes: the service answers its callers, and sends to its subscribers."""
    moment = {"format": "date-time", "example": "2026-03-02T08:15:00+01:00"}
    answer = {"200": {"description": "x", "content": {"application/json": {"schema": moment}}}}
    assert found(changed({f"{HOOK}/post": GOOD | {"responses": answer}}), "DOT.01") == []


def test_addresses_and_queries_of_subscribers_are_their_own() -> None:
    parameters = [{"name": "1st id", "in": "query", "required": True}, {"name": "page", "in": "query"}]
    called = {f"{each}/post": GOOD | {"parameters": parameters} for each in (HOOK, BACK)}
    assert profile(changed(called)) == []


@pytest.mark.parametrize(
    "edits",
    [
        {HOOK: {"$ref": f"#{HOOK}"}},
        {f"{HOOK}/post": GOOD | {"callbacks": {"again": {"$ref": "#/webhooks"}}}},
        {f"{POST}/callbacks": {"again": {"{$url}": {"$ref": "#/paths/~1building-cases"}}}},
        {f"{POST}/callbacks": {"$ref": f"#{POST}"}},
        {f"{POST}/callbacks": ["x"]},
        {"/webhooks": [{"post": {}}]},
    ],
)
def test_calls_that_lead_round_or_nowhere_add_nothing(edits: dict[str, Any]) -> None:
    assert profile(changed(edits)) == profile(good())


def test_many_operations_that_share_one_callback_are_told_once() -> None:
    paths = {
        f"/paths/~1x{number}": {
            "post": GOOD | {"callbacks": {f"c{number}": {"$ref": "#/components/callbacks/decision"}}}
        }
        for number in range(50)
    }
    document = changed({**paths, f"{KEPT}/post": GOOD | {"description": ""}})
    assert found(document, "DOK.19") == [f"{KEPT}/post/description"]
