"""Each guideline of our own: what keeps it, what does not, and which field the finding names; and the page about them."""

import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.contracts import guidelines, profile
from registry.contracts.rule import BOR, SKALL, Rule

BOTH = {"sv": "Bygglov", "en": "Building permits"}
OFFERING: dict[str, Any] = {
    "title": BOTH,
    "description": BOTH,
    "capabilities": ["capabilities/building-permits"],
    "information_class": "INFORMATION_CLASS_OPEN",
    "legal_basis": "Plan- och bygglagen (2010:900)",
    "contact": "bygglov@sundsvall.example",
    "service_level": {"sv": "Svar inom en sekund"},
    "terms": {"notice_days": 30, "cost_model": "Gratis"},
}
TRY = {"environment": "ENVIRONMENT_SANDBOX", "url": "http://try.example/v1"}
REAL = {"environment": "ENVIRONMENT_PRODUCTION", "url": "https://api.example/v1"}
SPEC = {"media_type": "application/vnd.oai.openapi+json", "sha256": "0" * 64}
API: dict[str, Any] = {"id": "api", "kind": "INTERFACE_KIND_REST", "endpoints": [TRY, REAL], "spec": SPEC}
RELEASE: dict[str, Any] = {
    "version": "1.0.0",
    "state": "RELEASE_STATE_PUBLISHED",
    "interfaces": [API],
    "notes": {"sv": "Första"},
}


def api(**changes: Any) -> dict[str, Any]:
    """A second interface, made like the first but for these fields."""
    return {"interfaces": [API, {**API, **changes}]}


def without(key: str) -> dict[str, Any]:
    return {"interfaces": [{name: value for name, value in API.items() if name != key}]}


BAD_OFFERINGS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("GEM.01", {"title": {"en": "x"}, "description": {"en": "x"}}, ["title.sv", "description.sv"]),
    ("GEM.01", {"description": {"sv": " ", "en": "x"}}, ["description.sv"]),
    ("GEM.02", {"title": {"sv": "x"}, "description": {"sv": "x"}}, ["title.en", "description.en"]),
    ("GEM.03", {"contact": ""}, ["contact"]),
    ("GEM.04", {"legal_basis": " "}, ["legal_basis"]),
    ("GEM.05", {"information_class": 0}, ["information_class"]),
    ("GEM.06", {"capabilities": []}, ["capabilities"]),
    ("GEM.07", {"terms": {"notice_days": 29}}, ["terms.notice_days"]),
    ("GEM.07", {"terms": {}}, ["terms.notice_days"]),
    ("GEM.08", {"service_level": {"en": "x"}}, ["service_level.sv"]),
    ("GEM.09", {"terms": {"notice_days": 30}}, ["terms.cost_model"]),
]
GOOD_OFFERINGS: list[tuple[str, dict[str, Any]]] = [
    ("GEM.01", {"title": {"sv": "x"}, "description": {"sv": "x"}}),
    ("GEM.02", {"title": {"en": "x"}, "description": {"en": "x"}}),
    ("GEM.03", {"contact": "https://bygglov.example"}),
    ("GEM.04", {"information_class": 0, "legal_basis": ""}),
    ("GEM.05", {"information_class": 4}),
    ("GEM.06", {"capabilities": ["capabilities/a", "capabilities/b"]}),
    ("GEM.07", {"terms": {"notice_days": 30}}),
    ("GEM.08", {"service_level": {"sv": "x"}}),
    ("GEM.09", {"terms": {"cost_model": "x"}}),
]
BAD_RELEASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("GEM.10", api(endpoints=[TRY, {**REAL, "url": "http://api.example"}]), ["interfaces[1].endpoints[1].url"]),
    ("GEM.10", api(endpoints=[{**REAL, "url": "grpc://api.example:443"}]), ["interfaces[1].endpoints[0].url"]),
    *[("GEM.11", {"interfaces": [API, {"id": "b", "kind": kind}]}, ["interfaces[1].spec"]) for kind in (1, 2, 3)],
    ("GEM.11", {"interfaces": [{**API, "spec": {}}]}, ["interfaces[0].spec"]),
    ("GEM.12", api(endpoints=[REAL]), ["interfaces[1].endpoints"]),
    ("GEM.13", api(endpoints=[{**TRY, "url": REAL["url"] + "/"}]), ["interfaces[1].endpoints[0].url"]),
    ("GEM.14", {"notes": {"en": "First"}}, ["notes.sv"]),
    *[("GEM.15", {"version": version}, ["version"]) for version in ("0.9.0", "1.0.0-beta", "1.0.0-0+x")],
    ("GEM.15", {"version": "0.9.0", "state": "RELEASE_STATE_DEPRECATED"}, ["version"]),
]
GOOD_RELEASES: list[tuple[str, dict[str, Any]]] = [
    ("GEM.10", api(endpoints=[{**REAL, "url": "grpcs://api.example"}])),
    ("GEM.11", {"interfaces": [{"id": "a", "kind": "INTERFACE_KIND_FILE"}, {"id": "b", "kind": "INTERFACE_KIND_WEB"}]}),
    ("GEM.12", api(endpoints=[TRY])),
    ("GEM.12", api(endpoints=[{**TRY, "environment": "ENVIRONMENT_TEST"}, REAL])),
    ("GEM.12", without("endpoints")),
    ("GEM.13", api(endpoints=[TRY, {**TRY, "environment": "ENVIRONMENT_TEST"}])),
    ("GEM.14", {"notes": {"sv": "x"}}),
    ("GEM.15", {"version": "1.0.0+build-7"}),
    ("GEM.15", {"version": "0.9.0-beta", "state": "RELEASE_STATE_TEST"}),
]


def offered(rule: str, changes: dict[str, Any]) -> list[str]:
    found = guidelines.offering(ParseDict(OFFERING | changes, Offering()))
    return [each.path for each in found if each.rule == rule]


def released(rule: str, changes: dict[str, Any]) -> list[str]:
    found = guidelines.release(ParseDict(RELEASE | changes, Release()))
    return [each.path for each in found if each.rule == rule]


@pytest.mark.parametrize(("rule", "changes", "paths"), BAD_OFFERINGS)
def test_what_an_offering_does_not_keep_is_told(rule: str, changes: dict[str, Any], paths: list[str]) -> None:
    assert offered(rule, changes) == paths


@pytest.mark.parametrize(("rule", "changes"), GOOD_OFFERINGS)
def test_what_an_offering_keeps_is_not_told(rule: str, changes: dict[str, Any]) -> None:
    assert offered(rule, changes) == []


@pytest.mark.parametrize(("rule", "changes", "paths"), BAD_RELEASES)
def test_what_a_release_does_not_keep_is_told(rule: str, changes: dict[str, Any], paths: list[str]) -> None:
    assert released(rule, changes) == paths


@pytest.mark.parametrize(("rule", "changes"), GOOD_RELEASES)
def test_what_a_release_keeps_is_not_told(rule: str, changes: dict[str, Any]) -> None:
    assert released(rule, changes) == []


def test_good_ones_keep_everything() -> None:
    assert guidelines.offering(ParseDict(OFFERING, Offering())) == []
    assert guidelines.release(ParseDict(RELEASE, Release())) == []


def test_empty_ones_break_what_can_be_seen() -> None:
    assert [each.severity for each in guidelines.offering(Offering())] == [SKALL] * 4 + [BOR] * 6
    assert [each.rule for each in guidelines.release(Release())] == ["GEM.14"]


def test_every_guideline_has_both_cases() -> None:
    offers = {rule.id for rule in guidelines.OFFERING}
    releases = {rule.id for rule in guidelines.RELEASE}
    assert {case[0] for case in BAD_OFFERINGS} == {case[0] for case in GOOD_OFFERINGS} == offers
    assert {case[0] for case in BAD_RELEASES} == {case[0] for case in GOOD_RELEASES} == releases
    assert not offers & releases


def test_the_page_tells_every_rule_as_it_is() -> None:
    page = Path("docs/guidelines.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]{3}\.\d\d) \| (SKALL|BÖR) \| ([^|]*) \|", page, re.MULTILINE)
    rules: list[Rule[Any]] = [*profile.RULES, *guidelines.OFFERING, *guidelines.RELEASE]
    assert rows == [(rule.id, "SKALL" if rule.severity == SKALL else "BÖR", rule.right) for rule in rules]
