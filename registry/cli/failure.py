"""Errors as people and scripts meet them: what is wrong, the reason, every field, and what to do about it."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from registry.cli.remedies import REMEDIES
from registry.cli.render import json_text, plain
from registry.domain.problem import Problem
from registry.errors import RegistryError

FAILED, USAGE, NOT_YET, UNREACHABLE = 1, 2, 4, 5  # 3 is an answer of commands that tell (verdict)


class Failure(Exception):
    """What ends a command. `violations` are (field, what is wrong); `problems` are faults in files."""

    def __init__(
        self,
        message: str,
        reason: str = "",
        *,
        violations: Iterable[tuple[str, str]] = (),
        problems: Iterable[Problem] = (),
        metadata: Mapping[str, str] | None = None,
        remedy: str = "",
        exit_code: int = FAILED,
    ) -> None:
        super().__init__(message)
        self.message, self.reason, self.exit_code = message, reason, exit_code
        self.violations, self.problems = tuple(violations), tuple(problems)
        self.metadata, self.remedy = dict(metadata or {}), remedy or REMEDIES.get(reason, "")


def of(error: Exception) -> Failure | None:
    """What a command says of an error; None for a fault of ours."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, RegistryError):
        return Failure(error.message, error.reason, violations=error.violations, metadata=error.metadata)
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename else ""
        return Failure(f"{name}{error.strerror}.", remedy="Check the path, and who may read and write there.")
    return None


def show(failure: Failure, *, as_json: bool) -> None:
    """Print it to stderr."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if as_json:
        console.print(Text(json_text({"error": _fields(failure)})))
        return
    for problem in failure.problems:
        console.print(Text(plain(str(problem))))
    console.print(Text.assemble(("Error: ", "bold red"), plain(failure.message)))
    if failure.reason:
        _line(console, "reason", failure.reason)
    for field, what in failure.violations:
        _line(console, "field", f"{field} {what}" if field else what)
    if failure.remedy:
        _line(console, "remedy", failure.remedy)


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble(f"  {name:<7} ", plain(text)))


def _fields(failure: Failure) -> dict[str, Any]:
    return {
        "message": failure.message,
        "reason": failure.reason,
        "metadata": failure.metadata,
        "violations": [{"field": field, "description": what} for field, what in failure.violations],
        "problems": [as_fields(problem) for problem in failure.problems],
        "remedy": failure.remedy,
        "exit_code": failure.exit_code,
    }


def as_fields(problem: Problem) -> dict[str, Any]:
    """A problem for scripts."""
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }
