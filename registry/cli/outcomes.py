"""What became of the resources that were applied: a table with every difference, or JSON lines."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.text import Text

from registry.api.v1.definition_service_pb2 import ApplyOutcome, ApplyResult
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.cli import differences, render
from registry.cli.failure import Failure
from registry.cli.failure import show as show_failure
from registry.definitions import Definition

_STYLES = {"created": "green", "updated": "yellow", "failed": "red", "deleted": "red"}
_UNCHANGED = ApplyOutcome.APPLY_OUTCOME_UNCHANGED
_ORDER = ("created", "updated", "deleted", "unchanged", "failed")


def word(result: ApplyResult) -> str:
    """The outcome as people say it."""
    return ApplyOutcome.Name(result.outcome).removeprefix("APPLY_OUTCOME_").lower()


def reason(result: ApplyResult) -> str:
    """Why it was refused."""
    return ErrorReason.Name(result.error.reason).removeprefix("ERROR_REASON_")


def _tally(results: Sequence[ApplyResult]) -> str:
    """How many of each outcome."""
    counts = Counter(word(result) for result in results)
    return render.counted((counts[each], each) for each in _ORDER)


def show(
    results: Sequence[ApplyResult],
    items: Sequence[Definition],
    *,
    dry_run: bool,
    as_json: bool,
    exit_code: int,
    unchanged: bool = True,
) -> None:
    """Print every outcome; differences where they are asked for or tell what was changed."""
    pairs = [pair for pair in zip(results, items, strict=True) if unchanged or pair[0].outcome != _UNCHANGED]
    if as_json:
        for result, item in pairs:
            render.json_line(_fields(result, item))
    else:
        rows: list[list[str | Text]] = [
            [Text(word(each), _STYLES.get(word(each), "")), item.name, _detail(each, item, whole=dry_run)]
            for each, item in pairs
        ]
        if rows:
            render.Rows("outcome", "resource", "").print(rows)
        render.line(f"{'Would be: ' if dry_run else ''}{_tally(results)}.")
    failed = [(result, item) for result, item in pairs if word(result) == "failed"]
    if failed and as_json:
        text = f"{len(failed)} of {len(results)} resources were refused."
        violations = [(item.name, result.error.message) for result, item in failed]
        show_failure(Failure(text, reason(failed[0][0]), violations=violations, exit_code=exit_code), as_json=True)


def _detail(result: ApplyResult, item: Definition, *, whole: bool) -> Text:
    """Why it was refused, or what changes; what is new is told in full only where nothing has happened yet."""
    if word(result) == "failed":
        at = item.place(result.error.metadata.get("field", ""))
        return Text(render.plain(f"{at}: {reason(result)}: {result.error.message}"), "red")
    lines = differences.between(result.diff) if whole or word(result) == "updated" else ()
    return Text("\n").join(Text(render.plain(str(each))) for each in lines)


def _fields(result: ApplyResult, item: Definition) -> dict[str, Any]:
    fields = MessageToDict(result, preserving_proto_field_name=True)
    fields |= {"outcome": word(result), "file": item.at.file, "line": item.at.line}
    if result.diff:
        fields["diff"] = [each._asdict() for each in differences.between(result.diff)]
    if "error" in fields:
        fields["error"]["reason"] = reason(result)
    return fields
