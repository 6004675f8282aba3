"""`gemensam import organisations`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import FAILED, as_fields

if TYPE_CHECKING:
    from registry.cli.connection import Registry
    from registry.publicsector import Loaded

BATCH = 100
FOLDER = typer.Option(
    "--from",
    help="Folder with tables of your own; else the ones kept here.",
    exists=True,
    file_okay=False,
    show_default=False,
)
_OUTCOMES = ("created", "updated", "unchanged", "failed")


def organisations(
    folder: Annotated[Path | None, FOLDER] = None, address: options.Address = None, *, as_json: options.Json = False
) -> None:
    """Bring in the Swedish public sector: municipalities, regions, agencies, courts, universities.

    What the tables do not say of an organisation stays as it is. Exit code 1 when rows were refused; the rest is in.
    """
    where = options.address(address)
    from registry import publicsector  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    loaded = publicsector.load(folder)
    with connected(where) as registry:
        counts, refused = _send(registry, loaded)
    _show(counts, refused, loaded, as_json=as_json)
    if refused or loaded.problems:
        raise typer.Exit(FAILED)


def _send(registry: "Registry", loaded: "Loaded") -> tuple[Counter[tuple[str, str]], list[str]]:
    """Counts by kind and outcome, and what was refused with the place of its row."""
    from registry import publicsector  # noqa: PLC0415 - help and completion need none of it
    from registry.api.v1.resource_pb2 import Resource  # noqa: PLC0415
    from registry.cli import exporting, nouns, outcomes  # noqa: PLC0415
    from registry.definitions import batches  # noqa: PLC0415

    existing = [each.organisation for each in exporting.pages(registry, ["organisation"], "")]
    found = publicsector.merged(loaded.entries, existing)
    counts: Counter[tuple[str, str]] = Counter()
    refused = []
    cut = batches.cut([Resource(organisation=each) for each in found], {}, BATCH)
    for batch in render.tracked(cut, "Importing"):
        response = registry.call(registry.definitions.Apply, batch.request)
        for place, result in zip(batch.places, response.results, strict=True):
            counts[nouns.cell(found[place], "kind"), outcomes.word(result)] += 1
            if outcomes.word(result) == "failed":
                at = loaded.entries[place].place
                refused.append(f"{at}: {result.name}: {outcomes.reason(result)}: {result.error.message}")
    return counts, refused


def _show(counts: Counter[tuple[str, str]], refused: list[str], loaded: "Loaded", *, as_json: bool) -> None:
    kinds = sorted({kind for kind, _ in counts})
    total = {outcome: sum(counts[kind, outcome] for kind in kinds) for outcome in _OUTCOMES}
    if as_json:
        render.json_line(_fields(counts, refused, loaded))
        return
    rows = [[kind, *(str(counts[kind, outcome]) for outcome in _OUTCOMES)] for kind in kinds]
    render.Rows("kind", *_OUTCOMES).print([*rows, ["all", *(str(total[outcome]) for outcome in _OUTCOMES)]])
    if not total["created"] and not total["updated"]:
        render.line(f"Nothing changed: {total['unchanged']} organisations are as the tables say.")
    for text in [*map(str, loaded.problems), *refused]:
        render.note(f"Refused: {text}")
    for problem in loaded.unresolved:
        render.note(f"Left empty: {problem}")


def _fields(counts: Counter[tuple[str, str]], refused: list[str], loaded: "Loaded") -> dict[str, Any]:
    kinds: dict[str, dict[str, int]] = {}
    for (kind, outcome), count in sorted(counts.items()):
        kinds.setdefault(kind, dict.fromkeys(_OUTCOMES, 0))[outcome] = count
    changed = sum(kinds[kind]["created"] + kinds[kind]["updated"] for kind in kinds)
    return {
        "kinds": kinds,
        "changed": changed,
        "refused_rows": [as_fields(problem) for problem in loaded.problems],
        "refused_by_registry": refused,
        "unresolved_hosts": [as_fields(problem) for problem in loaded.unresolved],
    }
