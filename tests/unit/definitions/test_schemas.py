"""Schemas for editors: they take what the reader takes, and refuse what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from registry import definitions
from registry.definitions.document import KINDS
from tests.checks.problem import ROOT
from tests.unit.definitions import schemas

HEAD = "apiVersion: gemensam/v1\nkind: {0}\nmetadata: {{name: {1}}}\nspec: {2}\n"
NAMES = {
    "Organisation": "organisations/a",
    "System": "organisations/a/systems/s",
    "Capability": "capabilities/c",
    "Offering": "offerings/o",
    "Release": "offerings/o/releases/1.0.0",
    "Agreement": "agreements/x",
    "Interest": "organisations/a/interests/i",
}
# The least that the rules take of each kind, field by field.
LEAST = {
    "Organisation": {"kind": "region", "title": "{sv: A}"},
    "System": {"title": "{sv: A}", "environment": "test"},
    "Capability": {"title": "{sv: A}"},
    "Offering": {"provider": "organisations/a", "title": "{sv: A}"},
    "Release": {"version": "1.0.0", "interfaces": "[{id: api, kind: rest}]"},
    "Agreement": {"offering": "offerings/o", "party": "organisations/a"},
    "Interest": {"filter": "provider = organisations/a", "mode": "notify"},
}
NOT_BY_SCHEMA = {("Release", "interfaces"), ("Agreement", "party")}  # it depends on other fields


def text(kind: str, /, **spec: str) -> str:
    """A document; the fields are YAML."""
    fields = {**LEAST[kind], **spec}
    inside = ", ".join(f"{name}: {value}" for name, value in fields.items() if value != "-")
    return HEAD.format(kind, NAMES[kind], f"{{{inside}}}")


def read(folder: Path, document: str) -> list[str]:
    """What the reader says."""
    (folder / "a.yaml").write_text(document, encoding="utf-8")
    return [str(each) for each in definitions.read([str(folder / "a.yaml")]).problems]


def test_there_is_one_for_every_kind_and_each_is_one() -> None:
    assert set(schemas.SCHEMAS) == {*KINDS.values(), "definition"}
    for each in schemas.SCHEMAS.values():
        Draft202012Validator.check_schema(each)


@pytest.mark.parametrize("form", [schemas.written, schemas.edited])
def test_the_examples_are_right(form: Any) -> None:
    found = [each for file in schemas.of_files(ROOT / "examples") for each in form(file) if "apiVersion" in each]
    assert len(found) > 20
    assert [(each["metadata"]["name"], schemas.wrong(each)) for each in found if schemas.wrong(each)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_be_there(tmp_path: Path, kind: str) -> None:
    for form in (schemas.written, schemas.edited):
        assert schemas.wrong(next(iter(form(text(kind))))) == []
    assert read(tmp_path, text(kind)) == []
    for field in LEAST[kind]:
        for value in ("-", "~"):
            document = text(kind, **{field: value})
            assert read(tmp_path, document) != [], field
            refused = schemas.wrong(next(iter(schemas.written(document)))) != []
            assert refused == ((kind, field) not in NOT_BY_SCHEMA), (field, value)


RIGHT = [
    ("Organisation", {"kind": "REGION"}),
    ("Organisation", {"kind": "Organisation_Kind_State-agency"}),
    ("Organisation", {"kind": "' county board '"}),
    ("Organisation", {"county_code": "01", "municipality_code": "0180"}),
    ("Organisation", {"county_code": "~", "predecessors": "~", "size": "~", "host": ""}),
    ("Organisation", {"size": "{inhabitants: '+5', employees: .5e1, source: x, as_of: 2025}"}),
    ("Organisation", {"valid_from": "2025-01-31", "title": "{sv: no, en: 1.10}"}),
    ("Offering", {"terms": "{notice_days: 0}"}),
    ("Offering", {"terms": "{notice_days: '3650', approval: approval mode automatic}"}),
    ("Offering", {"information_class": "OPEN", "capabilities": "[capabilities/a]"}),
    ("Offering", {"campaigns": "[{id: s, title: {sv: S}, release: offerings/o/releases/1.0.0, deadline: 2026-12-31T23:59:59.123456789+01:00}]"}),
    ("Release", {"interfaces": "[{id: api, kind: REST, endpoints: [{environment: ENVIRONMENT_TEST, url: 'https://a.example'}]}]"}),
    ("Release", {"interfaces": f"[{{id: api, kind: rest, spec: {{sha256: {'a' * 64}, media_type: a/b, size: 5}}}}]"}),
    ("Release", {"version": "1.0.0-rc.1+build", "state": "draft", "interfaces": "[]", "notes": "{sv: N}"}),
    ("Agreement", {"party": "-", "party_class": "kind = REGION", "valid_to": "2099-12-31"}),
    ("Agreement", {"party": "~", "party_class": "kind = REGION"}),
    ("Interest", {"mode": "JOIN", "system": "organisations/a/systems/s"}),
]  # fmt: skip
WRONG = [
    ("Organisation", {"kind": "unspecified"}),
    ("Organisation", {"kind": "1"}),
    ("Organisation", {"kind": "kommun"}),
    ("Organisation", {"tilte": "{sv: A}"}),
    ("Organisation", {"title": "{}"}),
    ("Organisation", {"title": "{sv: ' '}"}),
    ("Organisation", {"title": "A"}),
    ("Organisation", {"uid": "x"}),
    ("Organisation", {"labels": "{a: b}"}),
    ("Organisation", {"county_code": "'1'"}),
    ("Organisation", {"county_code": "[1]"}),
    ("Organisation", {"municipality_code": "'018'"}),
    ("Organisation", {"predecessors": "organisations/b"}),
    ("Organisation", {"predecessors": "[X]"}),
    ("Organisation", {"host": "offerings/b"}),
    ("Organisation", {"size": "{inhabitants: 5.5, source: x}"}),
    ("Organisation", {"size": "{inhabitants: 9223372036854775808, source: x}"}),
    ("Organisation", {"size": "{employees: .inf, source: x}"}),
    ("Organisation", {"size": "{employees: many, source: x}"}),
    ("Organisation", {"valid_to": "2026-1-1"}),
    ("Organisation", {"memberships": f"[{', '.join(f'organisations/m{number}' for number in range(65))}]"}),
    ("System", {"environment": "staging"}),
    ("Capability", {"parent": "building"}),
    ("Offering", {"terms": "{notice_days: -1}"}),
    ("Offering", {"terms": "{notice_days: 3651}"}),
    ("Offering", {"terms": "{approval: auto}"}),
    ("Offering", {"state": "active"}),
    ("Offering", {"campaigns": "[{id: S, title: {sv: S}, release: offerings/o/releases/1.0.0, deadline: 2026-12-31T00:00:00Z}]"}),
    ("Offering", {"campaigns": "[{id: s, title: {sv: S}, release: offerings/o/releases/1.0.0, deadline: 2026-12-31}]"}),
    ("Offering", {"campaigns": "[{id: s, title: {sv: S}, release: offerings/o/releases/1.0.0, deadline: 2026-12-31T23:59:59}]"}),
    ("Offering", {"campaigns": "[{id: s, title: {sv: S}, deadline: 2026-12-31T00:00:00Z}]"}),
    ("Offering", {"campaigns": "[{id: s, title: {sv: S}, release: offerings/o/releases/1.0.0, deadline: 2026-1-1T1:2:3Z}]"}),
    ("Release", {"version": "1.0"}),
    ("Release", {"version": "v1.0.0"}),
    ("Release", {"interfaces": "[{id: Api, kind: rest}]"}),
    ("Release", {"interfaces": "[{id: api}]"}),
    ("Release", {"interfaces": "[{id: api, kind: soap}]"}),
    ("Release", {"interfaces": "[{id: api, kind: rest, endpoints: [{url: 'https://a.example'}]}]"}),
    ("Release", {"interfaces": "[{id: api, kind: rest, spec: {sha256: abc}}]"}),
    ("Release", {"interfaces": "[{id: api, kind: rest, spec: {file: a.json}}]"}),
    ("Release", {"interfaces": f"[{{id: api, kind: rest, spec: {{file: a.json, media_type: a/b, sha256: {'a' * 64}}}}}]"}),
    ("Release", {"publish_time": "2026-12-31T00:00:00Z"}),
    ("Agreement", {"party_class": "kind = REGION"}),
    ("Agreement", {"offering": "permits"}),
    ("Interest", {"mode": "watch"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spec"), RIGHT)
def test_what_the_reader_takes_the_schema_takes(tmp_path: Path, kind: str, spec: dict[str, str]) -> None:
    document = text(kind, **spec)
    assert read(tmp_path, document) == []
    for form in (schemas.written, schemas.edited):
        assert schemas.wrong(next(iter(form(document)))) == []


@pytest.mark.parametrize(("kind", "spec"), WRONG)
def test_what_the_reader_refuses_the_schema_refuses(tmp_path: Path, kind: str, spec: dict[str, str]) -> None:
    document = text(kind, **spec)
    assert read(tmp_path, document) != []
    assert schemas.wrong(next(iter(schemas.edited(document)))) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("apiVersion: gemensam/v1\n", ""),
        ("gemensam/v1", "gemensam/v2"),
        ("kind: System", "kind: system"),
        ("kind: System", "kind: Subscription"),
        ("organisations/a/systems/s", "organisations/a"),
        ("name: organisations/a/systems/s", "labels: {}"),
        ("systems/s}", "systems/s, etag: x}"),
        ("systems/s}", "systems/s, labels: {A: b}}"),
        ("systems/s}", "systems/s, labels: {a: ~}}"),
        ("systems/s}", f"systems/s, labels: {{a: {'x' * 64}}}}}"),
        ("systems/s}", f"systems/s, annotations: {{{'k' * 256}: x}}}}"),
        ("systems/s}", f"systems/s, annotations: {{a: {'x' * 4097}}}}}"),
        ("systems/s}", f"systems/s, labels: {{{', '.join(f'k{number}: x' for number in range(65))}}}}}"),
        ("spec:", "specs:"),
    ],
)
def test_what_is_round_the_spec(tmp_path: Path, old: str, new: str) -> None:
    document = text("System")
    assert read(tmp_path, document) == []
    document = document.replace(old, new)
    assert read(tmp_path, document) != []
    assert schemas.wrong(next(iter(schemas.edited(document)))) != []


def test_labels_and_annotations_at_their_limits(tmp_path: Path) -> None:
    labels = ", ".join(f"k{number:062}: {'x' * 63}" for number in range(64))
    annotations = f"{'k' * 255}: {'x' * 4096}"
    document = text("System").replace(
        "systems/s}", f"systems/s, labels: {{{labels}}}, annotations: {{{annotations}}}}}"
    )
    assert read(tmp_path, document) == []
    assert schemas.wrong(next(iter(schemas.edited(document)))) == []
