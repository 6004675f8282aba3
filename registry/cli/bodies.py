"""`gemensam export --for`: files for a body without a runner, of what it subscribes to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli import render
from registry.cli.connection import Registry
from registry.cli.failure import FAILED, USAGE, Failure
from subscribers import generated, policy
from subscribers.adapter import Action, AdapterError
from subscribers.adapters.files import as_text, document

if TYPE_CHECKING:
    from subscribers.services import Judged

PAGE = 500
OPEN = "Without a policy everything that the subscriptions lead to is written, unjudged: --policy names the body's own."


def export(registry: Registry, body: str, out: str, rules: Path | None, *, as_json: bool) -> None:
    """Write one document for each subscription that is served; those of a folder that are not any more are removed."""
    registry.get("organisation", body)
    found = generated.judged(_resources(registry, body), _policy(rules))
    if rules is None:
        render.note(OPEN)
    if out == "-":
        for service in generated.services(found):
            render.json_line(document(service)) if as_json else typer.echo(as_text(service), nl=False)
    else:
        _bring(Path(out), body, found, as_json=as_json)
    problems = [(each.key, each.problem) for each in found if each.problem]
    for key, problem in problems:
        render.note(f"{key}: {problem.reason}: {problem.message}")
    if problems:
        raise typer.Exit(FAILED)


def _policy(rules: Path | None) -> "policy.Policy | None":
    try:
        return policy.load(rules) if rules else None
    except ValueError as error:
        remedy = "Write one, for example with gemensam-subscriber init."
        raise Failure(str(error), remedy=remedy, exit_code=USAGE) from error


def _resources(registry: Registry, body: str) -> Iterator[Any]:
    """The body's subscriptions, what they are of, and its releases."""
    offerings: dict[str, None] = {}
    for page in registry.pages("subscription", PAGE, parent=body):
        offerings |= dict.fromkeys(each.offering for each in page)
        yield from page
    for name in offerings:
        yield registry.get("offering", name)
        for page in registry.pages("release", PAGE, parent=name):
            yield from page


def _bring(folder: Path, body: str, found: "Sequence[Judged]", *, as_json: bool) -> None:
    try:
        steps = generated.bring(folder, body, found).steps
    except AdapterError as error:
        remedy = "Check the path, and who may read and write there."
        raise Failure(f"{error.message}.", remedy=remedy) from error
    if as_json:
        for step in steps:
            render.json_line({"subscription": step.key, "action": step.action.value})
        return
    removed = sum(step.action == Action.REMOVE for step in steps)
    written, there = len(steps) - removed, len(generated.services(found))
    counts = render.counted([(written, "written"), (there - written, "as they were"), (removed, "removed")])
    render.line(f"{there} services of {body} are in {folder}: {counts}.")
