"""Definition files: what is wrong is said with file, line, column and what was meant, all of it at once."""

from pathlib import Path

import pytest

from registry import definitions
from registry.domain.problem import Problem

TOP = "apiVersion: gemensam/v1\nkind: Organisation\nmetadata: {name: organisations/a}\n"
GOOD = "  kind: municipality\n  title: {sv: A}\n"
PERSON = "121212-1212"


def read(folder: Path, text: str, name: str = "a.yaml") -> definitions.Definitions:
    """What a file with this text holds."""
    (folder / name).write_text(text, encoding="utf-8")
    return definitions.read([str(folder / name)])


def shown(problem: Problem) -> tuple[int, int, str, str]:
    """A problem for comparison."""
    return problem.place.line, problem.place.column, problem.message, problem.suggestion


@pytest.mark.parametrize(
    ("spec", "line", "column", "words", "suggestion"),
    [
        ("  tilte: {sv: A}\n", 7, 3, "There is no field 'tilte' in Organisation; it has kind, title,", "title"),
        ("  size: {inhabitant: 5}\n", 7, 10, "There is no field 'inhabitant' in size", "inhabitants"),
        ("  uid: x\n", 7, 3, "uid is set by the registry", ""),
        ("  labels: {a: b}\n", 7, 3, "labels belongs in metadata", ""),
        ("  county_code: [1]\n", 7, 16, "county_code must be a single value, not a list", ""),
        ("  county_code: 1\n", 7, 16, "county_code: must have two digits", ""),
        ("  predecessors: organisations/b\n", 7, 17, "predecessors must be a list", ""),
        ("  predecessors: [organisations/b, X]\n", 7, 17, "predecessors: must have the pattern", ""),
        ("  size: 5\n", 7, 9, "size must be a mapping", ""),
        ("  size: {inhabitants: 5.5, source: x}\n", 7, 23, "size.inhabitants must be a whole number", ""),
        (
            "  size: {inhabitants: 9223372036854775808, source: x}\n",
            7,
            23,
            "size.inhabitants must be a whole number",
            "",
        ),
        ("  size: {employees: .inf, source: x}\n", 7, 21, "size.employees must be a number", ""),
        ("  size: {employees: 5}\n", 7, 9, "size.source: is required beside a figure", ""),
        ("  valid_to: 2026-02-30\n", 7, 13, "valid_to: must be a day that exists", ""),
        ("  title: {sv: B}\n", 7, 3, "The key 'title' stands twice; the first is on line 6.", ""),
        ("  ? [a]\n  : b\n", 7, 5, "A key in spec must be a text", ""),
        ("  host: &x organisations/b\n", 7, 9, "Anchors (&) are not read", ""),
        ("  host: !!python/name:os.system organisations/b\n", 7, 9, "Tags (!) are not read", ""),
        (f"  organisation_number: {PERSON}\n", 7, 24, "belongs to a natural person", ""),
        (f"  county_code: '{PERSON}'\n", 7, 16, "county_code: has what looks like a personal", ""),
        (f"  size: {{inhabitants: {PERSON}}}\n", 7, 23, "and not a text that is not repeated here", ""),
        (f"  {PERSON}: x\n", 7, 3, "There is no field a text that is not repeated here", ""),
    ],
)
def test_a_problem_has_its_place(
    tmp_path: Path, spec: str, line: int, column: int, words: str, suggestion: str
) -> None:
    found = read(tmp_path, f"{TOP}spec:\n{GOOD}{spec}")
    problem = found.problems[0]
    assert problem.place.file == str(tmp_path / "a.yaml")
    assert (problem.place.line, problem.place.column, problem.suggestion) == (line, column, suggestion)
    assert words in problem.message
    assert PERSON not in str(found.problems)
    assert {each.place.line for each in found.problems} == {line}


@pytest.mark.parametrize(
    ("text", "line", "column", "words", "suggestion"),
    [
        ("kind: System\nmetadata: {name: organisations/a/systems/s}\n", 1, 1, "needs apiVersion: gemensam/v1", ""),
        (TOP.replace("v1", "v2"), 1, 13, "apiVersion must be gemensam/v1", ""),
        (TOP.replace("Organisation", "organisation"), 2, 7, "kind must be one of Capability,", "Organisation"),
        (TOP.replace("Organisation", "Ofering"), 2, 7, "kind must be one of Capability,", "Offering"),
        (TOP.replace("Organisation", "Subscription"), 2, 7, "is not applied: it is made by a command", ""),
        (TOP.replace("Organisation", "[x]"), 2, 7, "kind of document must be a text", ""),
        (TOP.replace("name:", "nmae:"), 3, 12, "There is no field 'nmae' in metadata", "name"),
        (TOP.replace("name: organisations/a", ""), 3, 11, "metadata needs the resource's full name", ""),
        (TOP.replace("organisations/a", "offerings/a"), 3, 18, "does not have the pattern organisations/", ""),
        (TOP.replace("organisations/a", "organisations/Å"), 3, 18, "does not have the pattern organisations/", ""),
        (TOP.replace("}", ", etag: x}"), 3, 35, "etag is set by the registry", ""),
        (TOP.replace("}", ", labels: {A b: c}}"), 3, 43, "labels: must have keys of lower-case letters", ""),
        (TOP.replace("}", ", labels: {a: }}"), 3, 47, "has no value", ""),
        (TOP.replace("kind: O", "knid: O"), 2, 1, "There is no field 'knid' in a document", "kind"),
        ("- a\n", 1, 1, "a document must be a mapping", ""),
        ("a text\n", 1, 1, "a document must be a mapping", ""),
        ("a: [1, 2\n", 2, 1, "This is not YAML", ""),
        ("a: b: c\n", 1, 5, "This is not YAML", ""),
        ("a: \x07\n", 1, 4, "The character U+0007", ""),
        (f"{'[' * 65}{']' * 65}\n", 1, 65, "nested more than 64 levels deep", ""),
    ],
)
def test_a_document_that_is_none(
    tmp_path: Path, text: str, line: int, column: int, words: str, suggestion: str
) -> None:
    found = read(tmp_path, text)
    matching = [each for each in found.problems if words in each.message]
    assert [(each.place.line, each.place.column, each.suggestion) for each in matching] == [(line, column, suggestion)]


def test_64_levels_are_read(tmp_path: Path) -> None:
    assert "nested" not in str(read(tmp_path, f"{'[' * 64}{']' * 64}\n").problems)


@pytest.mark.parametrize(
    "written", ["automatic", "AUTOMATIC", "Automatic", "APPROVAL_MODE_AUTOMATIC", "approval_mode_automatic"]
)
def test_enum_values_are_read_in_any_form(tmp_path: Path, written: str) -> None:
    found = read(tmp_path, _offering(f"terms: {{approval: {written}}}"))
    assert found.problems == []
    assert found.items[0].resource.offering.terms.approval == 1


@pytest.mark.parametrize(
    ("written", "suggestion"), [("automatc", "automatic"), ("auto", "automatic"), ("unspecified", ""), ("1", "")]
)
def test_other_enum_values_are_refused(tmp_path: Path, written: str, suggestion: str) -> None:
    found = read(tmp_path, _offering(f"terms: {{approval: {written}}}"))
    message = f"terms.approval must be one of automatic, manual, and not '{written}'."
    assert [shown(each) for each in found.problems] == [(7, 21, message, suggestion)]


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-31",
        "soon",
        "''",
        "2026-13-01T00:00:00Z",
        "2026-12-31T23:59:59",
        "2026-1-1T1:2:3Z",
        "2026-12-31T23:59:59.1234567890Z",
    ],
)
def test_a_time_that_is_none_is_refused(tmp_path: Path, written: str) -> None:
    found = read(tmp_path, _campaign(written))
    message = "must be a time with its zone, for example 2026-12-31T23:59:59+01:00, and not "
    assert [(each.place.line, each.place.column) for each in found.problems] == [(8, 81)]
    assert message in found.problems[0].message


def test_a_time_in_parts_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, _campaign("{seconds: 1}"))
    told = "campaigns[0].deadline must be a text, not a mapping."
    assert [shown(each) for each in found.problems] == [(8, 81, told, "")]


def test_texts_are_taken_as_they_are_written(tmp_path: Path) -> None:
    text = TOP.replace("}", ", labels: {a: no, b: 01, c: 1.10, d: '', e: 2026-01-01}}")
    found = read(
        tmp_path, f"{text}spec:\n  kind: municipality\n  title: {{sv: no}}\n  county_code: 01\n  host: ~\n  size:\n"
    )
    body = found.items[0].resource.organisation
    assert found.problems == []
    assert dict(body.labels) == {"a": "no", "b": "01", "c": "1.10", "d": "", "e": "2026-01-01"}
    assert (body.title.sv, body.county_code, body.host, body.HasField("size")) == ("no", "01", "", False)


def test_all_problems_of_all_documents_and_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    bad = f"{TOP}spec:\n  kind: x\n  tilte: y\n---\n{TOP.replace('kind', 'knid')}---\n{TOP}spec: [\n"
    for name in ("z.yaml", "b/a.yml", ".git/no.yaml", "no.txt"):
        (tmp_path / name).write_text(bad, encoding="utf-8")
    (tmp_path / "good.yaml").write_text(f"\ufeff---\n---\n{TOP}spec:\n{GOOD}", encoding="utf-8")
    found = definitions.read([str(tmp_path)])
    places = [(Path(each.place.file).name, each.place.line) for each in found.problems]
    lines = [5, 6, 8, 9, 16]
    assert [line for name, line in places if name == "a.yml"] == lines
    assert [line for name, line in places if name == "z.yaml" and line > 3] == lines
    assert {name for name, _ in places} == {"a.yml", "z.yaml", "good.yaml"}


def test_a_resource_defined_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    found = read(tmp_path, f"{TOP}spec:\n{GOOD}---\n{TOP}spec:\n{GOOD}")
    assert [shown(each) for each in found.problems] == [
        (10, 18, f"organisations/a is defined twice; first at {tmp_path}/a.yaml:1:1.", "")
    ]


def _campaign(deadline: str) -> str:
    fields = "id: safe, title: {sv: S}, release: offerings/a/releases/1.0.0"
    return _offering(f"campaigns:\n    - {{{fields}, deadline: {deadline}}}")


def _offering(spec: str) -> str:
    top = TOP.replace("Organisation", "Offering").replace("organisations/", "offerings/")
    return f"{top}spec:\n  provider: organisations/a\n  title: {{sv: A}}\n  {spec}\n"
