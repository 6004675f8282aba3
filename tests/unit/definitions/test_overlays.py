"""Overlays: merged by field and by key, with every fault at the place of who wrote it."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from registry import definitions
from registry.definitions import Definitions

OFFERING = """apiVersion: gemensam/v1
kind: Offering
metadata: {name: offerings/a, labels: {area: building, tier: gold}}
spec:
  provider: organisations/a
  title: {sv: A, en: B}
  capabilities: [capabilities/x, capabilities/y]
  terms: {approval: automatic, notice_days: 90}
"""
RELEASE = """apiVersion: gemensam/v1
kind: Release
metadata: {name: offerings/a/releases/1.0.0}
spec:
  version: 1.0.0
  interfaces:
    - id: api
      kind: rest
      endpoints:
        - {environment: production, url: "https://a.example"}
        - {environment: TEST, url: "https://t.example"}
    - {id: web, kind: web}
"""
TOP = {"Offering": "offerings/a", "Release": "offerings/a/releases/1.0.0"}


def patch(kind: str, rest: str) -> str:
    """An overlay; `rest` is what follows the name."""
    return f"apiVersion: gemensam/v1\nkind: {kind}\nmetadata: {{name: {TOP[kind]}}}\n{rest}"


def read(folder: Path, *overlays: str) -> Definitions:
    """The base with overlays, each in a folder of its own."""
    (folder / "base").mkdir()
    (folder / "base" / "a.yaml").write_text(f"{OFFERING}---\n{RELEASE}")
    for number, text in enumerate(overlays):
        (folder / str(number)).mkdir()
        (folder / str(number) / "o.yaml").write_text(text)
    return definitions.read([str(folder / "base")], [str(folder / str(number)) for number in range(len(overlays))])


def fields(found: Definitions, noun: str) -> Any:
    """A resource as plain fields."""
    (one,) = (each.resource for each in found.items if each.noun == noun)
    return MessageToDict(getattr(one, noun), preserving_proto_field_name=True)


@pytest.mark.parametrize(
    ("rest", "path", "value"),
    [
        ("spec: {terms: {notice_days: 5}}", "terms", {"approval": "APPROVAL_MODE_AUTOMATIC", "notice_days": 5}),
        ("spec: {terms: {approval: null}}", "terms", {"notice_days": 90}),
        ("spec: {terms: null}", "terms", None),
        ("spec: {terms: ~, title: {en: C}}", "title", {"sv": "A", "en": "C"}),
        ("spec: {capabilities: [capabilities/z]}", "capabilities", ["capabilities/z"]),
        ("spec: {capabilities: []}", "capabilities", None),
        ("spec: {contact: a@b.example}", "contact", "a@b.example"),
        ("spec: {description: {sv: S, en: null}}", "description", {"sv": "S"}),
        ("", "title", {"sv": "A", "en": "B"}),
        ("spec:\n", "labels", {"area": "building", "tier": "gold"}),
    ],
)
def test_fields_are_laid_over(tmp_path: Path, rest: str, path: str, value: Any) -> None:
    overlay = "spec: {provider: organisations/a, title: {sv: A}}" if rest == "spec:\n" else rest
    found = read(tmp_path, patch("Offering", overlay))
    assert found.problems == []
    assert fields(found, "offering").get(path) == value


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("{area: water}", {"area": "water", "tier": "gold"}),
        ("{area: null}", {"tier": "gold"}),
        ("{area: ''}", {"area": "", "tier": "gold"}),
        ("{new: x, gone: null}", {"area": "building", "tier": "gold", "new": "x"}),
        ("{area: ~, tier: ~}", None),
        ("null", None),
    ],
)
def test_labels_are_laid_over(tmp_path: Path, written: str, labels: dict[str, str] | None) -> None:
    found = read(tmp_path, patch("Offering", "").replace("}", f", labels: {written}}}", 1))
    assert found.problems == []
    assert fields(found, "offering").get("labels") == labels


@pytest.mark.parametrize(
    ("interfaces", "ids", "urls"),
    [
        (
            "[{id: api, endpoints: [{environment: Test, url: 'https://n.example'}]}]",
            ["api", "web"],
            ["https://a.example", "https://n.example"],
        ),
        (
            "[{id: api, endpoints: [{environment: ENVIRONMENT_SANDBOX, url: 'https://s.example'}]}]",
            ["api", "web"],
            ["https://a.example", "https://t.example", "https://s.example"],
        ),
        (
            "[{id: web, kind: event}, {id: new, kind: file}]",
            ["api", "web", "new"],
            ["https://a.example", "https://t.example"],
        ),
        ("[{id: api, endpoints: []}]", ["api", "web"], []),
        ("[{id: api, endpoints: ~}]", ["api", "web"], []),
    ],
)
def test_items_are_told_apart_by_their_keys(tmp_path: Path, interfaces: str, ids: list[str], urls: list[str]) -> None:
    found = read(tmp_path, patch("Release", f"spec: {{interfaces: {interfaces}}}"))
    assert found.problems == []
    ways = fields(found, "release")["interfaces"]
    assert [each["id"] for each in ways] == ids
    assert [each["url"] for each in ways[0].get("endpoints", [])] == urls


def test_overlays_are_laid_one_after_the_other(tmp_path: Path) -> None:
    first, second = (
        patch("Offering", f"spec: {{terms: {{{each}}}}}") for each in ("notice_days: 5, version: v", "notice_days: 6")
    )
    assert fields(read(tmp_path, first, second), "offering")["terms"]["notice_days"] == 6


def test_a_contract_is_named_from_where_the_overlay_lies(tmp_path: Path) -> None:
    spec = "[{id: api, spec: {file: c.json, media_type: a/b}}]"
    (tmp_path / "c.json").write_text("outside")
    missing = read(tmp_path, patch("Release", f"spec: {{interfaces: {spec}}}"))
    assert "there is no such file" in str(missing.problems[0])
    (tmp_path / "0" / "c.json").write_text("of the overlay")
    found = definitions.read([str(tmp_path / "base")], [str(tmp_path / "0")])
    assert [each.content for each in found.contracts.values()] == [b"of the overlay"]


@pytest.mark.parametrize(
    ("overlay", "line", "column", "words"),
    [
        (patch("Offering", "spec:\n  tilte: {sv: B}"), 5, 3, "There is no field 'tilte'"),
        (patch("Offering", "spec:\n  terms: {notice_days: -1}"), 5, 24, "must be between 0 and 3650"),
        (patch("Offering", "spec:\n  terms: 5"), 5, 10, "terms must be a mapping"),
        (patch("Offering", "spec:\n  title: ~"), 5, 10, "title.sv: is required"),
        (patch("Offering", "spec:\n  title: {sv: ~}"), 5, 15, "title.sv: is required"),
        (patch("Offering", "spec:\n  contact: a@b.example\n  contact: b"), 6, 3, "The key 'contact' stands twice; the first is on line 5"),
        (patch("Offering", "spec:\n  contact: *x"), 5, 12, "Aliases (*)"),
        (patch("Offering", "spec: [\n"), 5, 1, "This is not YAML"),
        (patch("Offering", "spec:\n  ? [a]\n  : b"), 5, 5, "A key in spec must be a text"),
        (patch("Offering", "").replace("/v1", "/v2"), 1, 13, "apiVersion must be gemensam/v1"),
        (patch("Offering", "").replace("offerings/a", "offerings/b"), 1, 1, "No file has the Offering 'offerings/b' that this is laid over. Did you mean offerings/a?"),
        (patch("Offering", "").replace("Offering", "Capability"), 1, 1, "No file has the Capability 'offerings/a'"),
        (patch("Offering", "").replace("name", "nmae"), 1, 1, "An overlay needs the kind and the metadata.name"),
        ("- a\n", 1, 1, "An overlay needs the kind and the metadata.name"),
        (patch("Release", "spec:\n  interfaces: [{id: api, kind: soap}]"), 5, 32, "interfaces[0].kind must be one of"),
        (patch("Release", "spec:\n  interfaces:\n  - id: api\n    endpoints: [{environment: test, url: x}]"), 7, 42, "must be an absolute http"),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_the_overlay_has_it(
    tmp_path: Path, overlay: str, line: int, column: int, words: str
) -> None:
    problem = read(tmp_path, overlay).problems[0]
    assert problem.place.file == str(tmp_path / "0" / "o.yaml")
    assert (problem.place.line, problem.place.column) == (line, column)
    assert words in str(problem)


def test_two_overlays_of_one_resource_in_one_folder_are_refused(tmp_path: Path) -> None:
    twice = f"{patch('Offering', '')}---\n{patch('Offering', '')}"
    assert "'offerings/a' has two overlays here; the first is at" in str(read(tmp_path, twice).problems[0])


def test_a_fault_of_the_base_stays_with_the_base(tmp_path: Path) -> None:
    read(tmp_path, patch("Offering", "spec: {contact: a@b.example}"))
    base = tmp_path / "base" / "a.yaml"
    base.write_text(OFFERING.replace("notice_days: 90", "notice_days: -1"))
    (problem,) = definitions.read([str(base)], [str(tmp_path / "0")]).problems
    assert str(problem).startswith(f"{base}:8:45: terms.notice_days")
