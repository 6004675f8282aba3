"""The table for people and the JSON for machines."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.rows import Figure, Row

NUMBERS = ("callers", "req/s", "p50 ms", "p99 ms", "CPU us", "echo us", "x echo")
WIDTH = 165


def table(rows: Sequence[Row]) -> Table:
    """Every row with its figure, its goal, and whether the goal is met."""
    title = "CPU us: the server's own per request; echo us: of a bare grpc.aio echo with a reply of the same size"
    shown = Table(title=title, box=box.SIMPLE_HEAD)
    for name in ("row", "engine"):
        shown.add_column(name, no_wrap=True)
    for name in NUMBERS:
        shown.add_column(name, justify="right", no_wrap=True)
    for name in ("figure", "value", "goal", ""):
        shown.add_column(name, justify="right" if name in {"value", "goal"} else "left", no_wrap=True)
    for row in rows:
        shown.add_row(row.title, row.engine, *_numbers(row), *_figure(row.figure))
    return shown


def _numbers(row: Row) -> list[str]:
    sample = row.sample
    return [
        str(row.callers or ""),
        f"{sample.requests_per_second:,.0f}" if sample and sample.requests_per_second else "",
        f"{sample.p50_ms:.2f}" if sample else "",
        f"{sample.p99_ms:.2f}" if sample else "",
        f"{sample.cpu_us:,.0f}" if sample and sample.cpu_us else "",
        f"{row.floor_cpu_us:,.0f}" if row.floor_cpu_us else "",
        f"{row.ratio:.2f}" if row.ratio else "",
    ]


def _figure(figure: Figure | None) -> list[str]:
    if figure is None:
        return []
    value = f"{figure.value:,.2f}" if figure.unit == "x" else f"{figure.value:,.0f}"
    goal = f"{'>=' if figure.least else '<='} {figure.goal:g} {figure.unit}"
    return [figure.of, value, goal, "[green]met[/]" if figure.met else "[red]missed[/]"]


def document(rows: Sequence[Row], failed: Sequence[str], *, quick: bool, seconds: float) -> dict[str, Any]:
    """The run as JSON."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "quick": quick,
        "seconds": round(seconds, 1),
        "rows": [row.as_json() for row in rows],
        "could_not_run": list(failed),
    }


def show(console: Console, rows: Sequence[Row], path: Path, found: dict[str, Any]) -> None:
    """Print the table, write the JSON."""
    console.print(table(rows))
    goals = [row.figure for row in rows if row.figure]
    console.print(f"{sum(goal.met for goal in goals)} of {len(goals)} figures met; {found['seconds']} s; wrote {path}")
    path.write_text(json.dumps(found, indent=2) + "\n")
