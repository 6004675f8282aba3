"""What commands end with that tell what would change: errors before what breaks, that before what changes."""

import pytest

from registry.api.v1.definition_service_pb2 import ApplyOutcome, ApplyResult
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.cli import verdict


def result(word: str) -> ApplyResult:
    """A result of an outcome; a word in capitals is the reason of a refusal."""
    if not word.isupper():
        return ApplyResult(outcome=ApplyOutcome.Value(f"APPLY_OUTCOME_{word.upper()}"))
    found = ApplyResult(outcome=ApplyOutcome.APPLY_OUTCOME_FAILED)
    found.error.reason = ErrorReason.Value(f"ERROR_REASON_{word}")
    return found


@pytest.mark.parametrize(
    ("words", "code", "applied"),
    [
        ("", 0, 0),
        ("unchanged", 0, 0),
        ("unchanged created", 2, 0),
        ("updated", 2, 0),
        ("deleted", 2, 0),
        ("VERSION_TOO_SMALL", 3, 1),
        ("updated VERSION_TOO_SMALL unchanged", 3, 1),
        ("VERSION_TOO_SMALL BATCH_FAILED", 3, 1),
        ("BATCH_FAILED", 1, 1),
        ("VERSION_TOO_SMALL FIELD_INVALID", 1, 1),
        ("REFERENCE_NOT_FOUND BATCH_FAILED created", 1, 1),
    ],
)
def test_the_exit_code(words: str, code: int, applied: int) -> None:
    results = [result(word) for word in words.split()]
    assert verdict.ending(results, dry_run=True) == code
    assert verdict.ending(results, dry_run=False) == applied


@pytest.mark.parametrize(
    ("word", "breaks"), [("VERSION_TOO_SMALL", True), ("FIELD_INVALID", False), ("updated", False)]
)
def test_what_breaks_users(word: str, breaks: bool) -> None:
    assert verdict.breaks(result(word)) is breaks
