"""Reasons on one side only are found, with the line."""

from pathlib import Path

import pytest

from tests.checks import reasons
from tests.unit.checks.conftest import Write

PROTO = """enum ErrorReason {
  // Not set.
  ERROR_REASON_UNSPECIFIED = 0;
  // It is full.
  ERROR_REASON_FULL = 1;
  // Not allowed.
  // Reserved for a later version.
  ERROR_REASON_NOT_ALLOWED = 2;
}
"""
ERRORS = """class RegistryError(Exception):
    def __init__(self, reason, message): ...
class Full(RegistryError): ...
"""


@pytest.fixture(autouse=True)
def base(write: Write) -> None:
    write(reasons.PROTO, PROTO)
    write("registry/errors.py", ERRORS)
    write("registry/store.py", 'def add():\n    raise Full("FULL", "It is full.")\n')


def test_reasons_on_both_sides_are_right(project: Path) -> None:
    assert list(reasons.problems(project)) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise Full("LOST", "It is lost.")',
        'raise errors.Full("LOST", "It is lost.")',
        'raise RegistryError(reason="LOST", message="It is lost.")',
        'def refuse(field, reason): ...\nrefuse("a", "LOST")',
        "class Found:\n    def add(self, field, reason): ...\nFound().add('a', 'LOST')",
        'class Gone(Full):\n    def __init__(self):\n        super().__init__("LOST", "It is lost.")',
    ],
)
def test_a_reason_that_the_contract_lacks_is_found(project: Path, write: Write, code: str) -> None:
    write("registry/more.py", code)
    (problem,) = reasons.problems(project)
    assert (problem.path, problem.line) == ("registry/more.py", code.count("\n") + 1)
    assert "ERROR_REASON_LOST" in problem.what


def test_other_texts_in_capitals_are_no_reasons(project: Path, write: Write) -> None:
    write("registry/more.py", 'NAMES = {"GEMENSAM_DATA"}\nprint("OTHER")\n')
    assert list(reasons.problems(project)) == []


def test_a_text_about_a_reason_is_no_use_of_it(project: Path, write: Write) -> None:
    write("registry/store.py", 'REMEDIES = {"FULL": "Make room.", "NOT_ALLOWED": "Ask."}\n')
    (problem,) = reasons.problems(project)
    assert (problem.path, problem.line) == (reasons.PROTO, 5)


def test_a_reason_that_nobody_gives_is_found(project: Path, write: Write) -> None:
    write("registry/store.py", "")
    (problem,) = reasons.problems(project)
    assert (problem.path, problem.line) == (reasons.PROTO, 5)
    assert "Reserved" in problem.what


def test_a_reserved_reason_that_is_given_is_found(project: Path, write: Write) -> None:
    write("registry/more.py", 'raise Full("NOT_ALLOWED", "No.")')
    (problem,) = reasons.problems(project)
    assert (problem.path, problem.line) == (reasons.PROTO, 8)
