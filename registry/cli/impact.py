"""`gemensam impact`: what definition files would mean for those who have joined, before anything is changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from registry.cli import files, options, render, verdict
from registry.cli.applying import send
from registry.cli.failure import FAILED

if TYPE_CHECKING:
    from registry.api.v1.impact_pb2 import Impact

SHOWN = 20


def impact(
    paths: files.Paths,
    address: options.Address = None,
    *,
    overlay: files.Overlays = None,
    as_json: options.Json = False,
) -> None:
    """Show whom a change would hit, what it breaks, and when it may lawfully come. Nothing is changed.

    Exit codes: 0 nobody is hit; 2 somebody is hit; 3 a contract breaks; 1 any error.
    """
    where = options.address(address)
    found = files.read(paths, overlay)
    from registry.cli import outcomes  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(where) as registry:
        results = send(registry, found, dry_run=True, atomic=False)
    if verdict.ending(results, dry_run=True) == FAILED:
        outcomes.show(results, found.items, dry_run=True, as_json=as_json, exit_code=FAILED, unchanged=False)
        raise typer.Exit(FAILED)
    told = [each for each in results if each.HasField("impact")]
    (_print_json if as_json else _print)(told)
    if any(map(verdict.breaks, told)):
        raise typer.Exit(verdict.BREAKS)
    if any(each.impact.subscriptions for each in told):
        raise typer.Exit(verdict.CHANGES)


def _print_json(results: Sequence[Any]) -> None:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - help and completion need none of it

    for each in results:
        render.json_line({"name": each.name, **MessageToDict(each.impact, preserving_proto_field_name=True)})


def _print(results: Sequence[Any]) -> None:
    if not results:
        render.line("Nothing changes that others use.")
    for each in results:
        render.line(f"{each.name}: {_sentence(each.impact)}")
        _verdicts(each.impact)
        _subscriptions(each.impact)
        _notes(each.impact)


def _sentence(impact: "Impact") -> str:
    count = len(impact.subscriptions) + impact.omitted
    if not count:
        return "hits nobody."
    when = impact.earliest_time.ToJsonString()[:10]
    return f"hits {count} subscriptions of {impact.organisations} organisations; for all of them not before {when}."


def _verdicts(impact: "Impact") -> None:
    from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep  # noqa: PLC0415

    rows = render.Rows("interface", "verdict", "what")
    lines: list[list[Any]] = []
    for each in impact.verdicts:
        outcome = VerdictOutcome.Name(each.outcome).removeprefix("VERDICT_OUTCOME_")
        lines.append([each.interface, outcome, each.reason])
        lines += [["", finding.rule, f"{finding.path} {finding.text}".strip()] for finding in each.findings[:SHOWN]]
        if (left := len(each.findings[SHOWN:]) + each.omitted) > 0:
            lines.append(["", "", f"and {left} more"])
    if lines:
        rows.print(lines)
        demands, takes = (
            VersionStep.Name(step).removeprefix("VERSION_STEP_") for step in (impact.demands, impact.takes)
        )
        render.line(f"The contracts demand {demands}, the version takes {takes}.")
    if impact.refused:
        render.line("It would be refused: give it a MAJOR version, or say why not in breaking_reason.")


def _subscriptions(impact: "Impact") -> None:
    lines: list[list[Any]] = [
        [
            each.organisation,
            each.subscription.rpartition("/")[2],
            ", ".join(each.interfaces),
            f"{each.notice_days} days",
            each.earliest_time.ToJsonString()[:10],
        ]
        for each in impact.subscriptions[:SHOWN]
    ]
    if lines:
        render.Rows("organisation", "subscription", "interfaces", "notice", "earliest").print(lines)
    if (left := len(impact.subscriptions[SHOWN:]) + impact.omitted) > 0:
        render.line(f"and {left} more; --json tells them all.")


def _notes(impact: "Impact") -> None:
    for similar in impact.similar:
        render.line(f"Very like {similar.offering} ({similar.score:.2f}): {' '.join(similar.reasons)}")
    for each in impact.lint[:SHOWN]:
        render.line(f"{each.rule} {each.interface} {each.path}: {each.text}")
