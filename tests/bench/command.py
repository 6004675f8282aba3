"""The command of the bench. A missed figure is a finding, not a failure."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench import (
    announcing,
    applying,
    filtered,
    hitting,
    identified,
    matching,
    onboarding,
    operating,
    reads,
    report,
    searching,
    slowed,
    watched,
    watching,
    writes,
)
from tests.bench.bench import Bench, opened
from tests.bench.rows import Row

GROUPS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "get": reads.get,
    "list": reads.pages,
    "write": writes.rows,
    "slow": slowed.rows,
    "watch": watching.rows,
    "onboard": onboarding.rows,
    "filter": filtered.rows,
    "search": searching.rows,
    "match": matching.rows,
    "impact": hitting.rows,
    "relay": announcing.rows,
    "apply": applying.rows,
    "telemetry": watched.rows,
    "identity": identified.rows,
    "operations": operating.rows,
}


def main(
    quick: Annotated[bool, typer.Option(help="Short rounds, and no list of 100,000.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Groups of rows: {', '.join(GROUPS)}.")] = None,
    json: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("bench.json"),
    postgres: Annotated[bool, typer.Option(help="Measure on PostgreSQL too.")] = True,
) -> None:
    """Measure, print a table, write JSON. Ends with 1 only when a row could not run."""
    unknown = set(only or ()) - set(GROUPS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(GROUPS)}", param_hint="--only")
    console, start = Console(), time.monotonic()
    console.width = max(console.width, report.WIDTH)  # a table that wraps cannot be read; a pipe has no width at all
    rows: list[Row] = []
    failed: list[str] = []
    with console.status("starting") as status, opened(quick=quick, postgres=postgres, tell=status.update) as bench:
        for name in only or GROUPS:
            try:
                rows += GROUPS[name](bench)
            except Exception:  # noqa: BLE001 - the other groups are worth having
                console.print_exception()
                failed.append(name)
    report.show(console, rows, json, report.document(rows, failed, quick=quick, seconds=time.monotonic() - start))
    if failed:
        console.print(f"could not run: {', '.join(failed)}")
        raise typer.Exit(1)
