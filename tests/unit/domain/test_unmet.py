"""Why somebody is not let in is told in full: each condition that fails, with the value that it has."""

import pytest

from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain.unmet import sentences, unmet

BODY = Organisation(kind="ORGANISATION_KIND_MUNICIPALITY", county_code="14", memberships=["organisations/skr"])
BODY.size.inhabitants, BODY.size.employees = 12000, 812.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("kind = MUNICIPALITY AND county_code = 14", ""),
        ("county_code = 01", "county_code is 14, must be 01"),
        ("kind = REGION county_code = 01", "kind is MUNICIPALITY, must be REGION; county_code is 14, must be 01"),
        ("kind = MUNICIPALITY AND county_code = 01", "county_code is 14, must be 01"),
        ("county_code = 01 OR county_code = 03", "county_code is 14, must be 01 or be 03"),
        ("county_code != 14", "county_code is 14, must not be 14"),
        ("NOT county_code = 14", "county_code is 14, must not be 14"),
        ("size.inhabitants >= 12001", "size.inhabitants is 12000, must be at least 12001"),
        ("size.inhabitants >= 12000", ""),
        ("size.inhabitants < 12000", "size.inhabitants is 12000, must be below 12000"),
        ("size.employees > 812.5", "size.employees is 812.5, must be above 812.5"),
        ("size.employees <= 800", "size.employees is 812.5, must be at most 800"),
        ('municipality_code = "1480"', "municipality_code is not set, must be 1480"),
        ('valid_to = "2026-01-01"', "valid_to is not set, must be 2026-01-01"),
        ("title.sv : stad", "title.sv is not set, must contain stad"),
        ('memberships : "organisations/skr"', ""),
        ("memberships : organisations/sks", "memberships names organisations/skr, must name organisations/sks"),
        ("capabilities : capabilities/permits", "capabilities names none, must name capabilities/permits"),
        ("NOT memberships : organisations/skr", "memberships names organisations/skr, must not name organisations/skr"),
    ],
)
def test_every_condition_that_fails_is_told_with_the_value(text: str, told: str) -> None:
    assert sentences(unmet(filters.parse(text), BODY)) == told


def test_alternatives_of_several_fields_are_told_together() -> None:
    (found,) = unmet(filters.parse('kind = REGION OR (county_code = 01 name = "x")'), BODY)
    assert found.field == "kind"
    assert "kind is MUNICIPALITY, must be REGION" not in found.what
    assert found.what == "is MUNICIPALITY, must be REGION; or county_code is 14, must be 01; name is not set, must be x"
    (opposite,) = unmet(filters.parse("NOT (kind = MUNICIPALITY county_code = 14)"), BODY)
    assert opposite.what == "is MUNICIPALITY, must be other than in kind = MUNICIPALITY AND county_code = 14"


def test_whoever_satisfies_it_hears_nothing_and_whoever_does_not_hears_something() -> None:
    for text in ("kind = REGION", "-kind = REGION", "county_code = 14 OR kind = COURT", "size.inhabitants > 1"):
        node = filters.parse(text)
        assert bool(unmet(node, BODY)) is not filters.matches(node, BODY)
