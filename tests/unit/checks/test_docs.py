"""Documents that are too long, point nowhere or forget the version are found."""

from pathlib import Path

import pytest

from tests.checks import changelog, links, sizes
from tests.unit.checks.conftest import Write


@pytest.mark.parametrize(("name", "most"), [("README.md", 150), ("registry/a.py", 300), ("docs/a.md", 300)])
def test_files_may_be_as_long_as_the_limit_and_no_longer(project: Path, write: Write, name: str, most: int) -> None:
    write(name, "x\n" * most)
    assert [problem for problem in sizes.problems(project) if problem.path == name] == []
    write(name, "x\n" * (most + 1))
    (problem,) = (problem for problem in sizes.problems(project) if problem.path == name)
    assert problem.line == most + 1


def test_generated_files_may_be_longer(project: Path, write: Write) -> None:
    write("registry/api/v1/a_pb2.py", "x\n" * 301)
    assert list(sizes.problems(project)) == []


def test_an_exception_that_is_not_needed_is_found(project: Path, write: Write) -> None:
    name = next(iter(sizes.LONGER))
    write(name, "x\n")
    (problem,) = sizes.problems(project)
    assert (problem.path, "LONGER" in problem.what) == (name, True)


DOCUMENT = """# Title

See [the other](other.md), [its part](other.md#a-part), [the web](https://registry.example/x) and `docs/other.md`.
Also `docs/`, `other.md`, `bench.json`, `own.yaml`, `docs/made.json`, `organisations/sundsvall`, `application/json` and `make`.

```bash
cat docs/other.md https://registry.example/docs/x
```
"""


@pytest.mark.parametrize(
    ("wrong", "line", "word"),
    [
        ("[a](missing.md)", 10, "missing.md"),
        ("[a](other.md#nothing)", 10, "a-part"),
        ("`docs/missing.md`", 10, "docs/missing.md"),
        ("`missing.py`", 10, "missing.py"),
        ("`folder/missing.yaml`", 10, "folder/missing.yaml"),
        ("```\ncat docs/missing.md\n```", 11, "docs/missing.md"),
    ],
)
def test_what_points_nowhere_is_found(project: Path, write: Write, wrong: str, line: int, word: str) -> None:
    write(".gitignore", "bench.json\nmade.json\n")
    write("docs/other.md", "# Other\n\n## A part\n")
    write("docs/index.md", DOCUMENT)
    assert list(links.problems(project)) == []
    write("docs/index.md", f"{DOCUMENT}\n{wrong}\n")
    (problem,) = links.problems(project)
    assert (problem.path, problem.line) == ("docs/index.md", line)
    assert word in problem.what


CHANGELOG = "# Changelog\n\n## [0.2.0] - unreleased\n\n### Added\n\n## [0.1.0] - 2026-01-31\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[0.2.0]", "[0.3.0]", 1),
        ("2026-01-31", "in January", 7),
        ("### Added", "### News", 5),
    ],
)
def test_a_changelog_that_is_not_true_is_found(project: Path, write: Write, old: str, new: str, line: int) -> None:
    write("pyproject.toml", '[project]\nversion = "0.2.0"\n')
    write("CHANGELOG.md", CHANGELOG)
    assert list(changelog.problems(project)) == []
    write("CHANGELOG.md", CHANGELOG.replace(old, new))
    (problem,) = changelog.problems(project)
    assert problem.line == line


def test_a_missing_changelog_is_found(project: Path) -> None:
    (problem,) = changelog.problems(project)
    assert "missing" in problem.what
