"""`gemensam schema`: what the wheel holds, for editors."""

import json
from pathlib import Path

import pytest

from tests.checks.problem import ROOT
from tests.integration.cli.program import gemensam

KEPT = ROOT / "registry" / "definitions" / "schemas"


@pytest.mark.parametrize(
    ("words", "kind"), [((), "definition"), (("offering",), "offering"), (("Capabilities",), "capability")]
)
def test_a_schema_is_printed(words: tuple[str, ...], kind: str) -> None:
    done = gemensam("schema", *words)
    assert (done.code, done.out) == (0, (KEPT / f"{kind}.schema.json").read_text(encoding="utf-8"))
    assert json.loads(done.out)["$schema"].endswith("2020-12/schema")


def test_all_are_written_into_a_folder(tmp_path: Path) -> None:
    assert gemensam("schema", "--out", tmp_path / "a" / "b").code == 0
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {path.name for path in KEPT.iterdir()}


@pytest.mark.parametrize(
    ("words", "told"),
    [(("ofering",), "Did you mean offering?"), (("subscription",), "is no kind"), (("offering", "--out", "x"), "leave the kind out")],
)  # fmt: skip
def test_wrong_usage(words: tuple[str, ...], told: str) -> None:
    done = gemensam("schema", *words)
    assert (done.code, told in done.err) == (2, True), done.err
