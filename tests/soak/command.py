"""The command: run and judge, or judge again what was run before."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tests.faults.process import server_family
from tests.soak.judge import check
from tests.soak.nemesis import FAULTS
from tests.soak.run import Plan, run


def main(
    seed: Annotated[int, typer.Option(help="Decides the faults.")] = 1,
    minutes: Annotated[float, typer.Option(help="How long harm is done.", min=0)] = 10.0,
    servers: Annotated[int, typer.Option(help="How many there are, 1 to 3.", min=1, max=3)] = 2,
    only: Annotated[str, typer.Option(help="Faults to draw from, with commas between them.")] = ",".join(FAULTS),
    report: Annotated[Path, typer.Option(help="Where everything is recorded.", dir_okay=False)] = Path("soak.jsonl"),
    again: Annotated[
        Path | None,
        typer.Option("--check", help="Judge a report of before, and run nothing.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Run a registry on PostgreSQL under mixed load while faults are made, and judge what clients saw.

    Says on stderr how far it is and what is wrong, on stdout the figures. Exit code 1: something is wrong.
    """
    if again is None:
        again = report
        plan = Plan(seed, minutes * 60, servers, _faults(only))
        with server_family(plan.servers) as launched:
            asyncio.run(run(plan, launched, _tell)).save(report)
    complaints, figures = check(again)
    typer.echo(json.dumps({"report": str(again), "complaints": len(complaints), **figures}))
    for complaint in complaints[:50]:
        _tell(complaint)
    if not figures["long"]:
        _tell("Too short to tell what a server keeps from what it leaks: memory was not judged.")
    raise typer.Exit(bool(complaints))


def _faults(only: str) -> Sequence[str]:
    chosen = only.split(",")
    if unknown := sorted(set(chosen) - set(FAULTS)):
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(FAULTS)}", param_hint="--only")
    return chosen


def _tell(line: str) -> None:
    typer.echo(line, err=True)
