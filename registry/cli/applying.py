"""`gemensam apply`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import FAILED, Failure

if TYPE_CHECKING:
    from registry.cli.connection import Registry
    from registry.definitions import Definitions

CHANGES = 2
Paths = Annotated[
    list[str], typer.Argument(metavar="FILE|DIR|-", help="Definition files, folders of them, or - for stdin.")
]
Atomic = Annotated[bool, typer.Option("--atomic/--best-effort", help="All or nothing, or each on its own.")]


def apply(
    paths: Paths,
    address: options.Address = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    atomic: Atomic = True,
    as_json: options.Json = False,
) -> None:
    """Make the registry as definition files say.

    Exit codes: 0 well; 1 something is wrong; with --dry-run 2 when something would change.
    """
    where = options.address(address)
    from registry import definitions  # noqa: PLC0415 - help and completion need none of it
    from registry.cli import outcomes  # noqa: PLC0415
    from registry.cli.connection import connected  # noqa: PLC0415

    found = definitions.read(paths)
    check(found)
    with connected(where) as registry:
        results = send(registry, found, dry_run=dry_run, atomic=atomic)
    tally = outcomes.Tally(results)
    outcomes.show(results, found.items, dry_run=dry_run, as_json=as_json)
    if tally.failed:
        raise typer.Exit(FAILED)
    if dry_run and tally.changed:
        raise typer.Exit(CHANGES)


def check(found: "Definitions") -> None:
    """Refuse files with faults, all of them told. Errors: Failure."""
    if found.problems:
        count = len(found.problems)
        text = f"{count} {'fault' if count == 1 else 'faults'} in the definition files; nothing was sent."
        raise Failure(text, "FIELD_INVALID", problems=found.problems, remedy="Correct them, then apply again.")
    if not found.items:
        raise Failure("There are no definitions to apply.", remedy="Name files that hold some.")


def send(registry: "Registry", found: "Definitions", *, dry_run: bool, atomic: bool) -> Sequence[Any]:
    """The result of each definition, in their order."""
    from registry.definitions import batches  # noqa: PLC0415 - help and completion need none of it

    resources = [each.resource for each in found.items]
    whole = atomic or dry_run
    cut = [batches.whole(resources, found.contracts)] if whole else batches.cut(resources, found.contracts)
    results: dict[int, Any] = {}
    for batch in render.tracked(cut, "Applying"):
        batch.request.atomic, batch.request.validate_only = atomic, dry_run
        response = registry.call(registry.definitions.Apply, batch.request)
        results.update(zip(batch.places, response.results, strict=True))
    return [results[place] for place in range(len(resources))]
