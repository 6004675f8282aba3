"""The command: run and judge, or judge again what was run before."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from tests.faults.process import server_family
from tests.soak.judge import check
from tests.soak.nemesis import FAULTS
from tests.soak.run import Plan, run


def main(
    seed: Annotated[int, typer.Option(help="Decides the faults.")] = 1,
    minutes: Annotated[float, typer.Option(help="How long harm is done.")] = 10.0,
    servers: Annotated[int, typer.Option(help="How many there are, 1 to 3.", min=1, max=3)] = 2,
    only: Annotated[str, typer.Option(help="Faults to draw from, with commas between them.")] = ",".join(FAULTS),
    report: Annotated[Path, typer.Option(help="Where everything is recorded.")] = Path("soak.jsonl"),
    again: Annotated[Path | None, typer.Option("--check", help="Judge a report of before, and run nothing.")] = None,
) -> None:
    """Run a registry on PostgreSQL under mixed load while faults are made, and judge what clients saw."""
    if again is None:
        again = report
        plan = Plan(seed, minutes * 60, servers, only.split(","))
        with server_family(plan.servers) as launched:
            asyncio.run(run(plan, launched, _tell)).save(report)
    complaints, figures = check(again)
    typer.echo(json.dumps({"report": str(again), "complaints": len(complaints), **figures}))
    for complaint in complaints[:50]:
        typer.echo(complaint, err=True)
    raise typer.Exit(bool(complaints))


def _tell(line: str) -> None:
    typer.echo(line, err=True)
