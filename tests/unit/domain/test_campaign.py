"""Campaigns: what each must say, how many an offering has, and what they may name."""

from typing import Any

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.domain import document, limits
from registry.domain.offering import RULES
from registry.errors import RegistryError
from tests.unit.domain.shelf import Shelf, body

RELEASE = "offerings/x/releases/2.0.0"
WHOLE: dict[str, Any] = {
    "id": "safe",
    "title": {"sv": "Säkrare inloggning"},
    "release": RELEASE,
    "deadline": {"seconds": 1_800_000_000},
}
EXCUSE = {"organisation": "organisations/b", "reason": "Byter system"}
SHELF = Shelf([body(), Release(name=RELEASE)])


def offering(*campaigns: dict[str, Any]) -> Offering:
    return Offering(
        name="offerings/x",
        provider="organisations/b",
        title={"sv": "X"},  # type: ignore[arg-type]
        campaigns=campaigns,  # type: ignore[arg-type]
    )


def refused(message: Offering, promised: frozenset[str] = frozenset(), shelf: Shelf = SHELF) -> list[tuple[str, str]]:
    """Fields with the reason; the limit where one is exceeded."""
    try:
        document.check(RULES, message)
        document.fits(RULES, message, None, shelf, promised)
    except RegistryError as error:
        return [(field, error.reason) for field, _ in error.violations] or [("", error.reason)]
    return []


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({}, "", ""),
        ({"id": "2026-04"}, "", ""),
        ({"id": ""}, "id", "FIELD_INVALID"),
        ({"id": "A"}, "id", "FIELD_INVALID"),
        ({"id": "a" * 63}, "", ""),
        ({"id": "a" * 64}, "id", "FIELD_INVALID"),
        ({"title": {"en": "Safer"}}, "title.sv", "FIELD_INVALID"),
        ({"release": ""}, "release", "FIELD_INVALID"),
        ({"release": "offerings/x"}, "release", "NAME_INVALID"),
        ({"release": "offerings/y/releases/2.0.0"}, "release", "FIELD_INVALID"),
        ({"release": "offerings/x/releases/9.0.0"}, "release", "REFERENCE_NOT_FOUND"),
        ({"deadline": None}, "deadline", "FIELD_INVALID"),
        ({"deadline": {"seconds": 1 << 50}}, "deadline", "FIELD_INVALID"),
        ({"party_class": 'kind = MUNICIPALITY AND county_code = "22"'}, "", ""),
        ({"party_class": "kind = CASTLE"}, "party_class", "FILTER_INVALID"),
        ({"party_class": "digital_lead = x"}, "party_class", "FILTER_INVALID"),
        ({"party_class": "size.inhabitants > 1e30"}, "party_class", "FILTER_INVALID"),
        ({"party_class": "size.inhabitants > nan"}, "party_class", "FILTER_INVALID"),
        ({"party_class": "kind ="}, "party_class", "FILTER_INVALID"),
        ({"excuses": [EXCUSE]}, "", ""),
        ({"excuses": [EXCUSE, EXCUSE]}, "excuses", "FIELD_INVALID"),
        ({"excuses": [{**EXCUSE, "organisation": ""}]}, "excuses[0].organisation", "FIELD_INVALID"),
        ({"excuses": [{**EXCUSE, "organisation": "b"}]}, "excuses[0].organisation", "NAME_INVALID"),
        (
            {"excuses": [{**EXCUSE, "organisation": "organisations/c"}]},
            "excuses[0].organisation",
            "REFERENCE_NOT_FOUND",
        ),
        ({"excuses": [{**EXCUSE, "reason": " "}]}, "excuses[0].reason", "FIELD_INVALID"),
    ],
)
def test_a_campaign_says_all_that_is_needed(change: dict[str, Any], field: str, reason: str) -> None:
    fields = {key: value for key, value in {**WHOLE, **change}.items() if value is not None}
    assert refused(offering(fields)) == ([(f"campaigns[0].{field}", reason)] if reason else [])


def test_a_campaign_holds_nothing_about_a_person() -> None:
    told = offering({**WHOLE, "excuses": [{**EXCUSE, "reason": "19121212-1212 är sjuk"}]})
    assert refused(told) == [("campaigns.excuses.reason", "PERSONAL_DATA_REFUSED")]


def test_ids_are_told_apart() -> None:
    assert refused(offering(WHOLE, {**WHOLE, "id": "other"})) == []
    assert refused(offering(WHOLE, WHOLE)) == [("campaigns", "FIELD_INVALID")]


def test_a_release_that_the_same_request_brings_may_be_named() -> None:
    coming = "offerings/x/releases/3.0.0"
    assert refused(offering({**WHOLE, "release": coming}), frozenset([coming])) == []
    other = "offerings/y/releases/3.0.0"
    assert refused(offering({**WHOLE, "release": other}), frozenset([other])) != []


@pytest.mark.parametrize(("more", "reason"), [(0, []), (1, [("", "LIMIT_EXCEEDED")])])
def test_limits_hold_at_n_and_not_at_n_and_one(more: int, reason: list[tuple[str, str]]) -> None:
    many = [{**WHOLE, "id": f"c{number}"} for number in range(limits.CAMPAIGNS + more)]
    assert refused(offering(*many)) == reason
    long = {**EXCUSE, "reason": "x" * (limits.EXCUSE_CHARACTERS + more)}
    assert refused(offering({**WHOLE, "excuses": [long]})) == reason


@pytest.mark.parametrize(("more", "reason"), [(0, []), (1, [("", "LIMIT_EXCEEDED")])])
def test_excuses_are_counted_over_all_campaigns(more: int, reason: list[tuple[str, str]]) -> None:
    half = limits.EXCUSES // 2
    excuses = [{**EXCUSE, "organisation": f"organisations/m{number}"} for number in range(half + more)]
    message = offering({**WHOLE, "excuses": excuses[:half]}, {**WHOLE, "id": "b", "excuses": excuses})
    shelf = Shelf([body(), Release(name=RELEASE), *(body(f"m{number}") for number in range(half + more))])
    assert refused(message, shelf=shelf) == reason
