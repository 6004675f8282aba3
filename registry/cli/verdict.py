"""How commands end that tell what would change: 0 nothing, 2 something, 3 what breaks users, 1 an error."""

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand

from registry.cli.failure import FAILED, USAGE, of

SAME, CHANGES, BREAKS = 0, 2, 3


class Telling(TyperCommand):
    """A command whose codes 2 and 3 are answers, so that every error of it is 1: wrong usage too, and no registry.

    A command with --dry-run is one only when that is given.
    """

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context. Errors: as Typer's, with the exit code of an error."""
        tells = "--dry-run" in args or all(each.name != "dry_run" for each in self.params)
        try:
            context = super().make_context(info_name, args, parent, **extra)
        except Exception as error:
            if tells and getattr(error, "exit_code", 0) == USAGE:
                error.exit_code = FAILED  # type: ignore[attr-defined]  # it is there
            raise
        context.obj = tells
        return context

    def invoke(self, ctx: Any) -> Any:
        """Run it. Errors: Failure with the exit code of an error, and faults of ours."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            failure = of(error)
            if failure is None or not ctx.obj:
                raise
            failure.exit_code = FAILED
            raise failure from error


def ending(results: Iterable[Any], *, dry_run: bool) -> int:
    """The exit code that results of Apply ask for."""
    from registry.cli import outcomes  # noqa: PLC0415 - help and completion need none of it

    found = list(results)
    words = {outcomes.word(each) for each in found}
    if "failed" in words:
        return FAILED
    if dry_run and any(map(breaks, found)):
        return BREAKS
    return CHANGES if dry_run and words & {"created", "updated", "deleted"} else SAME


def breaks(result: Any) -> bool:
    """Whether a change breaks those who use the release before it, whatever its version says: the one place for it."""
    from registry.api.v1.verdict_pb2 import VerdictOutcome  # noqa: PLC0415 - help and completion need none of it

    return any(each.outcome == VerdictOutcome.VERDICT_OUTCOME_BREAKING for each in result.impact.verdicts)
