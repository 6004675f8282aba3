"""Reads the tables of changes: what stood before, what stands after, and what the verdict must be."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from registry.api.v1.verdict_pb2 import InterfaceVerdict, VerdictOutcome, VersionStep

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """`expect`: the outcome, and rules that must be among the findings, by the column that says it."""

    name: str
    before: Any
    after: Any
    expect: dict[str, tuple[str, set[str]]]


def cases(pattern: str, *columns: str) -> Iterator[Case]:
    """Every row of the files that match."""
    for path in sorted(FOLDER.glob(pattern)):
        for name, row in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            said = {column: str(row[column]).split() for column in columns}
            expect = {column: (words[0], set(words[1:])) for column, words in said.items()}
            yield Case(f"{path.stem}: {name}", row["before"], row["after"], expect)


def told(verdict: InterfaceVerdict) -> tuple[str, set[str]]:
    """Outcome and rules as the tables have them."""
    name = VerdictOutcome.Name(verdict.outcome).removeprefix("VERDICT_OUTCOME_")
    return name, {each.rule for each in verdict.findings}


def step(verdict: InterfaceVerdict) -> str:
    return VersionStep.Name(verdict.demands).removeprefix("VERSION_STEP_")
