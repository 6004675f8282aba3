"""A version of terms has one text: what changes without a new version is counted on."""

from typing import Any

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.domain import document, limits, offering
from registry.errors import TooLarge
from tests.unit.domain.shelf import Shelf, body

SHELF = Shelf([body()])
OLD = {"version": "2026-01", "notice_days": 30}


def written(sent: dict[str, Any], before: dict[str, Any] | None) -> str:
    known = Offering(name="offerings/x", provider="organisations/b", terms=before) if before is not None else None  # type: ignore[arg-type]
    after = Offering(name="offerings/x", provider="organisations/b", terms=sent)  # type: ignore[arg-type]
    document.fits(offering.RULES, after, known, SHELF)
    return after.terms.version


@pytest.mark.parametrize(
    ("sent", "before", "version"),
    [
        ({}, None, "1"),
        ({"version": "2026-01"}, None, "2026-01"),
        (OLD, OLD, "2026-01"),
        ({**OLD, "version": ""}, OLD, "2026-01"),
        ({**OLD, "notice_days": 31}, OLD, "2026-01+2"),
        ({"notice_days": 31}, OLD, "2026-01+2"),
        ({**OLD, "eligibility": "kind = REGION"}, OLD, "2026-01+2"),
        ({**OLD, "approval": 1}, OLD, "2026-01+2"),
        ({**OLD, "cost_model": "free"}, OLD, "2026-01+2"),
        ({"version": "2026-02", "notice_days": 31}, OLD, "2026-02"),
        ({"version": "2026-02", "notice_days": 30}, OLD, "2026-02"),
        (OLD, {**OLD, "version": "2026-01+2"}, "2026-01+2"),
        ({**OLD, "notice_days": 5}, {**OLD, "version": "2026-01+2"}, "2026-01+3"),
        ({"version": "2026-01+2", "notice_days": 5}, {**OLD, "version": "2026-01+3"}, "2026-01+4"),
        ({"version": "2026-01+9", "notice_days": 5}, {**OLD, "version": "2026-01+3"}, "2026-01+9"),
        ({}, {"notice_days": 1}, "1+2"),
        ({"notice_days": 1}, {"notice_days": 1}, ""),
    ],
)
def test_the_version_follows_the_text(sent: dict[str, Any], before: dict[str, Any] | None, version: str) -> None:
    assert written(sent, before) == version


def test_the_version_has_a_limit() -> None:
    message = Offering(name="offerings/x", provider="organisations/b", title={"sv": "X"})  # type: ignore[arg-type]
    message.terms.version = "x" * limits.TERMS_VERSION_CHARACTERS
    document.check(offering.RULES, message)
    message.terms.version += "x"
    with pytest.raises(TooLarge):
        document.check(offering.RULES, message)
