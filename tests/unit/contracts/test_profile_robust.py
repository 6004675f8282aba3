"""The profile reads documents of any shape: nothing is raised, nothing is endless, and what it tells is bounded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.v1.verdict_pb2 import LintFinding, LintSeverity
from registry.contracts.profile import profile
from registry.contracts.rule import MOST
from tests.unit.contracts.openapi import changed, good

KEYS = st.sampled_from(
    [
        "info",
        "paths",
        "get",
        "post",
        "parameters",
        "requestBody",
        "responses",
        "content",
        "schema",
        "properties",
        "allOf",
        "items",
        "$ref",
        "name",
        "in",
        "required",
        "default",
        "components",
        "schemas",
        "securitySchemes",
        "servers",
        "url",
        "variables",
        "example",
        "examples",
        "description",
        "type",
        "format",
        "flows",
        "/api-info",
        "200",
        "default",
        "application/json",
        "application/problem+json",
    ]
)
TEXTS = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(
    [
        "#/components/schemas/a",
        "#",
        "#/",
        "#/paths",
        "#/info/~2",
        "https://[",
        "query",
        "apiKey",
        "oauth2",
        "date-time",
        "object",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | TEXTS, inner, max_size=4)
        | st.dictionaries(st.integers(), inner, max_size=2)
    ),
    max_leaves=30,
)


def pointers(value: Any, at: str = "") -> list[str]:
    """Of everything in the document."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [pointers(each, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}") for key, each in members]
    return [at] * bool(at) + [each for some in inner for each in some]


@given(VALUES)
def test_any_value_is_read(value: Any) -> None:
    profile(value)


@given(st.sampled_from(pointers(good())), VALUES)
def test_any_value_in_any_place_is_read(pointer: str, value: Any) -> None:
    for each in profile(changed({pointer: value})):
        assert each.rule
        assert each.severity
        assert each.text


@pytest.mark.parametrize(
    "edits",
    [
        {"/components/schemas/Case": {"$ref": "#/components/schemas/Case"}},
        {"/components/schemas/Case": {"$ref": "#/components/schemas/Part"}},
        {
            "/components/schemas/Case": {
                "allOf": [{"$ref": "#/components/schemas/Case"}],
                "items": {"$ref": "#/components/schemas/Case"},
            }
        },
        {"/components/responses/Problem": {"$ref": "#/components/responses/Problem"}},
        {
            "/paths/~1building-cases": {"$ref": "#/paths/~1other"},
            "/paths/~1other": {"$ref": "#/paths/~1building-cases"},
        },
        {"/components/parameters/limit": {"$ref": "#/paths/~1building-cases/get/parameters/1"}},
        {"/components/securitySchemes/key": {"$ref": "#/components/securitySchemes/key"}},
    ],
)
def test_circles_end(edits: dict[str, Any]) -> None:
    profile(changed(edits))


def chain(length: int) -> dict[str, Any]:
    """A parameter with a bad name behind so many references."""
    links = {str(number): {"$ref": f"#/components/parameters/{number + 1}"} for number in range(1, length)}
    bad = {str(length): {"name": "1st", "in": "query"}}
    return changed(
        {
            "/components/parameters": links | bad,
            "/paths/~1building-cases/get/parameters": [{"$ref": "#/components/parameters/1"}],
        }
    )


@pytest.mark.parametrize(("length", "found"), [(1, True), (8, True), (9, False)])
def test_references_are_followed_8_times(length: int, found: bool) -> None:
    assert any(each.path == f"/components/parameters/{length}/name" for each in profile(chain(length))) is found


@pytest.mark.parametrize("reference", ["#/paths/~1building-cases/get", "#/paths/~1building%2Dcases/get", "#/x~01/0"])
def test_references_are_decoded(reference: str) -> None:
    operation = {"requestBody": {}, "description": "x", "responses": {}}
    document = changed(
        {
            "/x~01": [{"get": operation}],
            "/paths/~1building-cases/get": {"get": operation},
            "/paths/~1c": {"$ref": reference},
        }
    )
    assert sum(each.rule == "FOR.02" for each in profile(document)) == 1


def operations(number: int) -> dict[str, Any]:
    return changed(
        {
            f"/paths/~1x{each}": {"get": {"responses": {"200": {"description": "x"}}, "requestBody": {}}}
            for each in range(number)
        }
    )


def test_at_most_200_are_told_and_none_is_hidden() -> None:
    document = operations(MOST)
    document["info"]["contact"] = {}
    document["externalDocs"] = {}
    found = profile(document)
    assert len(found) == MOST
    assert {each.severity for each in found} == {LintSeverity.LINT_SEVERITY_SKALL}
    assert {each.rule for each in found} == {"DOK.03", "DOK.19", "FOR.02"}
    assert found[0].path == "/info/contact/name"


@pytest.mark.parametrize(("number", "told"), [(99, 199), (100, 200), (101, 200)])
def test_what_should_be_comes_after_what_must_be(number: int, told: int) -> None:
    document = operations(number)
    document["externalDocs"] = {}
    found = profile(document)
    assert len(found) == told
    assert [each.rule for each in found if each.severity == LintSeverity.LINT_SEVERITY_BOR] == ["DOK.01"] * (
        number < 100
    )


def test_the_order_is_that_of_the_rules_and_of_the_document() -> None:
    document = operations(3)
    found = [(each.rule, each.path) for each in profile(document)]
    assert found == [
        (rule, f"/paths/~1x{each}/get/{end}")
        for rule, end in (("DOK.19", "description"), ("FOR.02", "requestBody"))
        for each in range(3)
    ]
    assert profile(document) == profile(document)


def test_what_several_refer_to_is_told_once() -> None:
    document = good()
    document["components"]["responses"]["Problem"]["description"] = ""
    assert [each.path for each in profile(document)] == ["/components/responses/Problem/description"]


def test_a_finding_is_whole() -> None:
    document = good()
    del document["info"]["contact"]["email"]
    assert profile(document) == [
        LintFinding(
            rule="DOK.03",
            severity=LintSeverity.LINT_SEVERITY_SKALL,
            path="/info/contact/email",
            text="'info.contact' has no 'email'. Give in `info` the version, title, description, contact (name, url, email)"
            " and licence (name, url).",
        )
    ]


@pytest.mark.parametrize(("length", "path"), [(991, "/paths/~1" + "X" * 991), (992, "/paths")])
def test_a_long_pointer_ends_at_the_place_above(length: int, path: str) -> None:
    found = profile(changed({"/paths/~1" + "X" * length: {}}))
    assert path in {each.path for each in found}
    assert max(len(each.text) for each in found) < 300


def test_what_is_not_unicode_is_told_all_the_same() -> None:
    found = profile(changed({"/paths/~1x\ud800": {}}))
    assert {each.path for each in found if each.rule == "UFN.07"} == {"/paths"}


def test_personal_numbers_are_not_repeated() -> None:
    number = "19121212-1212"
    document = changed({f"/paths/~1Cases_{number}": {"get": {}}, f"/components/schemas/Case/properties/x {number}": {}})
    document["servers"][0]["url"] = f"http://api.example/{number}"
    found = profile(document)
    assert {"/paths", "/components/schemas/Case/properties", "/servers/0/url"} <= {each.path for each in found}
    assert not any(number in each.path + each.text for each in found)


def test_a_deep_document_is_read() -> None:
    document = good()
    schema = document["components"]["schemas"]["Deep"] = {}
    for _ in range(5_000):
        schema["properties"] = {"land_owner": {}}
        schema = schema["properties"]["land_owner"]
    assert any(each.rule == "AME.05" for each in profile(document))
