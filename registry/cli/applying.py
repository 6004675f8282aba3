"""`gemensam apply`, `gemensam diff`, `gemensam validate`."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import files, options, render, signing, verdict

if TYPE_CHECKING:
    from registry.cli.connection import Registry
    from registry.definitions import Definitions
    from registry.definitions.batches import Batch

Atomic = Annotated[bool, typer.Option("--atomic/--best-effort", help="All or nothing, or each on its own.")]


def apply(
    paths: files.Paths,
    address: options.Address = None,
    *,
    overlay: files.Overlays = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    atomic: Atomic = True,
    sign: signing.SigningKey = None,
    as_json: options.Json = False,
) -> None:
    """Make the registry as definition files say.

    Exit codes: 0 well; 1 something is wrong; 2 wrong usage; 5 nothing answers. With --dry-run as of `gemensam diff`.
    """
    where = options.address(address)
    found = files.read(paths, overlay)
    if sign:
        signing.signed(found, sign)
    from registry.cli import outcomes  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(where) as registry:
        results = send(registry, found, dry_run=dry_run, atomic=atomic)
    code = verdict.ending(results, dry_run=dry_run)
    outcomes.show(results, found.items, dry_run=dry_run, as_json=as_json, exit_code=code)
    raise typer.Exit(code)


def diff(
    paths: files.Paths,
    address: options.Address = None,
    *,
    overlay: files.Overlays = None,
    as_json: options.Json = False,
) -> None:
    """Show what applying definition files would change, field by field, and change nothing.

    Each is looked at on its own. Exit codes: 0 nothing; 2 something; 3 something that breaks users; 1 any error.
    """
    where = options.address(address)
    found = files.read(paths, overlay)
    from registry.cli import outcomes  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(where) as registry:
        results = send(registry, found, dry_run=True, atomic=False)
    code = verdict.ending(results, dry_run=True)
    outcomes.show(results, found.items, dry_run=True, as_json=as_json, exit_code=code, unchanged=False)
    raise typer.Exit(code)


def validate(paths: files.Paths, *, overlay: files.Overlays = None, as_json: options.Json = False) -> None:
    """Check definition files by the registry's rules, without a registry. What they name elsewhere, `diff` looks up.

    Exit codes: 0 right; 1 any fault or error.
    """
    found = files.read(paths, overlay, then="")
    counts = Counter(each.noun for each in found.items)
    if as_json:
        render.json_line({"definitions": len(found.items), "kinds": dict(sorted(counts.items()))})
    else:
        render.line(f"Right: {render.counted((count, noun) for noun, count in sorted(counts.items()))}.")


def send(registry: "Registry", found: "Definitions", *, dry_run: bool, atomic: bool) -> Sequence[Any]:
    """The result of each definition, in their order."""
    results: dict[int, Any] = {}
    for batch in render.tracked(_batches(found, dry_run=dry_run, atomic=atomic), "Looking" if dry_run else "Applying"):
        batch.request.atomic, batch.request.validate_only = atomic, dry_run
        response = registry.call(registry.definitions.Apply, batch.request)
        results.update(zip(batch.places, response.results, strict=True))
    return [results[place] for place in range(len(found.items))]


def _batches(found: "Definitions", *, dry_run: bool, atomic: bool) -> "list[Batch]":
    from registry.definitions import batches, previews  # noqa: PLC0415 - help and completion need none of it

    resources = [each.resource for each in found.items]
    if atomic:
        return [batches.whole(resources, found.contracts)]
    return (previews.previews if dry_run else batches.cut)(resources, found.contracts)
