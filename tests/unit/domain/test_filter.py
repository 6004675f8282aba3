"""Filters: what is understood, what is refused and where, and that matching says what the text says."""

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain.filter import And, Comparison, Not, Or
from registry.errors import Invalid, TooLarge

BODY = Organisation(kind="ORGANISATION_KIND_MUNICIPALITY", county_code="01", organisation_number="2120000142")
BODY.title.sv = "Stockholms kommun"
BODY.size.inhabitants = 998782


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("kind = MUNICIPALITY", True),
        ("kind = organisation_kind_municipality", True),
        ("kind != MUNICIPALITY", False),
        ('county_code = "01"', True),
        ("county_code=03", False),
        ("size.inhabitants >= 998782", True),
        ("size.inhabitants > 998782", False),
        ("size.inhabitants <= 998782 AND size.inhabitants < 998783", True),
        ('title.sv : "STOCKHOLM"', True),
        ("title.sv:order", False),
        ("NOT kind = REGION", True),
        ("-kind = REGION", True),
        ("kind = REGION OR kind = MUNICIPALITY county_code = 03", False),
        ("kind = REGION OR (kind = MUNICIPALITY county_code = 01)", True),
        ("create_time > 2026-01-01T00:00:00Z", False),
        ("create_time <= 2026-01-01T00:00:00Z", True),
        (r'title.sv = "Stockholms \"kommun\""', False),
    ],
)
def test_matching_says_what_the_text_says(text: str, expected: bool) -> None:
    assert filters.matches(filters.parse(text), BODY) is expected


def test_or_binds_tighter_than_and() -> None:
    a, b, c = (Comparison(name, "=", "1", position) for name, position in (("a", 0), ("b", 9), ("c", 15)))
    assert filters.parse("a = 1 OR b = 1 c = 1") == And((Or((a, b)), c))
    assert filters.parse("NOT a = 1") == Not(Comparison("a", "=", "1", 4))


def test_a_list_is_asked_for_membership() -> None:
    offering = Offering(capabilities=["capabilities/permits"])
    assert filters.matches(filters.parse('capabilities:"capabilities/permits"'), offering)
    assert not filters.matches(filters.parse("capabilities:capabilities/perm"), offering)
    with pytest.raises(Invalid, match="is a list"):
        filters.matches(filters.parse("capabilities = x"), offering)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a =", 3),
        ("= b", 0),
        ("a = 1 AND", 9),
        ("(a=1", 4),
        ("a=1)", 3),
        ("AND", 0),
        ("a b", 2),
        ('a = "x', 4),
        ("a == 1", 3),
    ],
)
def test_unreadable_text_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(Invalid) as refused:
        filters.parse(text)
    assert refused.value.reason == "FILTER_INVALID"
    assert refused.value.metadata["position"] == str(position)


@pytest.mark.parametrize(
    "text", ["nothing = 1", "size = 1", "kind = PLANET", "size.inhabitants = many", "create_time > yesterday"]
)
def test_fields_and_values_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        filters.matches(filters.parse(text), BODY)
    assert refused.value.reason == "FILTER_INVALID"


def test_limits_hold_at_n_and_n_plus_one() -> None:
    assert filters.parse('a = "' + "x" * 4090 + '"') is not None
    with pytest.raises(TooLarge):
        filters.parse('a = "' + "x" * 4091 + '"')
    assert filters.parse("(" * 32 + "a = 1" + ")" * 32) is not None
    with pytest.raises(Invalid, match="more than 32"):
        filters.parse("(" * 33 + "a = 1" + ")" * 33)
