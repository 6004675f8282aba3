"""The schemas of definition files are those that the contract gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks import schemas


def test_ours_are_current() -> None:
    assert list(schemas.problems()) == []


def test_comments_are_taken_by_full_name() -> None:
    told = schemas.comments()
    assert told["gemensam.registry.v1.Terms.notice_days"].startswith("Notice in days that the provider gives")
    assert told["gemensam.registry.v1.OrganisationKind.ORGANISATION_KIND_REGION"] == "Region."
    assert told["gemensam.registry.v1.Interface"] == "One interface of a release."


def _remove(path: Path) -> None:
    path.unlink()


def _alter(path: Path) -> None:
    path.write_text(path.read_text().replace("Region", "region"))


def _add(path: Path) -> None:
    path.with_name("stray.schema.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "name", "words"),
    [
        (_remove, "organisation", "is missing: run"),
        (_alter, "organisation", "is not what the contract says: run"),
        (_add, "stray", "is the schema of no kind"),
    ],
)
def test_a_schema_that_is_not_current_is_told(
    contract: Path, project: Path, damage: Callable[[Path], None], name: str, words: str
) -> None:
    assert contract.is_dir()
    schemas.write(project)
    assert list(schemas.problems(project)) == []
    damage(project / schemas.FOLDER / "organisation.schema.json")
    (problem,) = schemas.problems(project)
    assert problem.path == f"{schemas.FOLDER}/{name}.schema.json"
    assert words in problem.what
