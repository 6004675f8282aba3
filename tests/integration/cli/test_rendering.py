"""What is printed: every reason has a remedy, nothing drives the terminal, files stay whole."""

import io
import json

import pytest

from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.cli import failure, render
from registry.cli.remedies import REMEDIES
from registry.domain.problem import Place, Problem
from registry.errors import Invalid


def test_every_reason_of_the_contract_has_a_remedy() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()}  # noqa: SIM118 - an enum, not a dict
    assert set(REMEDIES) == reasons - {"UNSPECIFIED"}
    assert all(text.strip() for text in REMEDIES.values())


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b31m", "\r", "\x07", "a\u202eb", "\x00"])
def test_nothing_that_was_registered_drives_the_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    render.line(f"a{text}b")
    render.Rows("x").print([[text]])
    failure.show(
        failure.Failure(text, text, violations=[(text, text)], problems=[Problem(Place("a"), text)]), as_json=False
    )
    failure.show(failure.Failure(text), as_json=True)
    shown = capsys.readouterr()
    assert text.strip("ab") not in shown.out + shown.err
    assert "\N{REPLACEMENT CHARACTER}" in shown.out
    assert json.loads(shown.err.splitlines()[-1])["error"]["message"] == text


def test_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    render.Rows("x").print([["[red]a[/red]"]])
    failure.show(failure.Failure("[red]a"), as_json=False)
    shown = capsys.readouterr()
    assert ("[red]a[/red]" in shown.out, "[red]a" in shown.err) == (True, True)


def test_a_table_that_is_no_terminal_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    rows = render.Rows("name", "text")
    rows.print([["a", "x" * 500]])
    rows.print([["bbb", "y"]])
    header, first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("x" * 500)
    assert header.index("text") == first.index("x") == second.index("y")


def test_a_fault_of_ours_stays_one() -> None:
    assert failure.of(RuntimeError("x")) is None
    refused = failure.of(Invalid("FIELD_INVALID", "m", violations=[("a", "b")], field="a"))
    assert refused is not None
    assert (refused.reason, refused.violations, refused.exit_code) == ("FIELD_INVALID", (("a", "b"),), 1)
    assert failure.of(io.UnsupportedOperation("x")) is None
