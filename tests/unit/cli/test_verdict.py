"""What commands end with that tell what would change: errors before what breaks, that before what changes."""

import pytest

from registry.api.v1.definition_service_pb2 import ApplyOutcome, ApplyResult
from registry.api.v1.verdict_pb2 import InterfaceVerdict, VerdictOutcome
from registry.cli import verdict


def result(word: str) -> ApplyResult:
    """A result of an outcome, or with the verdict on a contract when the word is in capitals."""
    if not word.isupper():
        return ApplyResult(outcome=ApplyOutcome.Value(f"APPLY_OUTCOME_{word.upper()}"))
    found = ApplyResult(outcome=ApplyOutcome.APPLY_OUTCOME_UPDATED)
    found.impact.verdicts.append(InterfaceVerdict(outcome=VerdictOutcome.Value(f"VERDICT_OUTCOME_{word}")))
    return found


@pytest.mark.parametrize(
    ("words", "code", "applied"),
    [
        ("", 0, 0),
        ("unchanged", 0, 0),
        ("unchanged created", 2, 0),
        ("updated", 2, 0),
        ("deleted", 2, 0),
        ("COMPATIBLE", 2, 0),
        ("UNKNOWN", 2, 0),
        ("BREAKING", 3, 0),
        ("updated BREAKING unchanged", 3, 0),
        ("failed", 1, 1),
        ("BREAKING failed", 1, 1),
    ],
)
def test_the_exit_code(words: str, code: int, applied: int) -> None:
    results = [result(word) for word in words.split()]
    assert verdict.ending(results, dry_run=True) == code
    assert verdict.ending(results, dry_run=False) == applied


@pytest.mark.parametrize(("word", "breaks"), [("BREAKING", True), ("COMPATIBLE", False), ("updated", False)])
def test_what_breaks_users(word: str, breaks: bool) -> None:
    assert verdict.breaks(result(word)) is breaks
