"""The checks of the contract see what is broken on purpose."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checks import contract as checks
from tests.checks.problem import ROOT


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_untouched_contract_has_no_problems(project: Path, contract: Path) -> None:
    assert contract.is_dir()
    assert list(checks.lint(project)) == []
    assert list(checks.breaking(checks.baseline(project), project)) == []


def test_a_field_without_a_sentence_is_found(project: Path, contract: Path) -> None:
    replace(contract / "system.proto", "  // Its name. Swedish is required.\n", "")
    (problem,) = checks.lint(project)
    assert (problem.path, problem.line > 1) == ("protos/registry/api/v1/system.proto", True)
    assert "title" in problem.what


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        ("offering.proto", "  LocalizedText title = 11;\n", "", "title"),
        ("offering.proto", "string legal_basis = 15;", "string basis = 15;", "legal_basis"),
        ("error_reason.proto", "ERROR_REASON_STORE_FULL = 29;", "ERROR_REASON_FULL = 29;", "STORE_FULL"),
        ("offering_service.proto", "  rpc GetSpec(GetSpecRequest) returns (GetSpecResponse);\n", "", "GetSpec"),
    ],
    ids=["a field removed", "a field renamed", "a reason renamed", "a method removed"],
)
def test_breaking_changes_are_found(project: Path, contract: Path, file: str, old: str, new: str, word: str) -> None:
    replace(contract / file, old, new)
    found = list(checks.breaking(checks.baseline(project), project))
    assert {problem.path for problem in found} == {f"protos/registry/api/v1/{file}"}
    assert any(word in problem.what for problem in found)
    assert all("put it back" in problem.what for problem in found)


def test_an_added_field_breaks_nothing(project: Path, contract: Path) -> None:
    replace(contract / "system.proto", "  // Its name.", "  // New.\n  string new = 99;\n  // Its name.")
    assert list(checks.breaking(checks.baseline(project), project)) == []


def test_the_baseline_is_the_newest_tag_else_the_first_contract(project: Path, contract: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True, text=True).stdout

    first = git("rev-parse", "HEAD").strip()
    replace(contract / "system.proto", "// Its name.", "// Its title.")
    git("commit", "--quiet", "--all", "--message", "More")
    assert checks.baseline(project) == first
    git("tag", "v0.9.0")
    git("tag", "v0.10.0")
    assert checks.baseline(project) == "v0.10.0"


def test_generated_code_that_differs_is_found(tmp_path: Path) -> None:
    wanted, here = tmp_path / "wanted", tmp_path / "here"
    for folder in (wanted, here):
        shutil.copytree(ROOT / checks.GENERATED, folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert list(checks.differences(wanted, here)) == []
    replace(here / "system_pb2.pyi", "TITLE_FIELD_NUMBER", "NAME_OF_NOTHING")
    (here / "interest_pb2.py").unlink()
    (here / "left_over_pb2.py").write_text("", encoding="utf-8")
    found = {problem.path.rsplit("/", 1)[1]: problem for problem in checks.differences(wanted, here)}
    assert set(found) == {"system_pb2.pyi", "interest_pb2.py", "left_over_pb2.py"}
    assert found["system_pb2.pyi"].line > 1
    assert "make protos" in found["system_pb2.pyi"].what
