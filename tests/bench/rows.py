"""What the bench reports: rows of numbers, some with a figure to reach."""

from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.measure import Sample


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its goal: at most `goal`, or at least with `least`. `of` says what it is, `unit` counts it in."""

    of: str
    value: float
    goal: float
    unit: str = "x"
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.least else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `ratio` is CPU per request to that of the floor with a reply of the same size."""

    name: str
    title: str
    engine: str = ""
    callers: int = 0
    sample: Sample | None = None
    floor_cpu_us: float | None = None
    ratio: float | None = None
    figure: Figure | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row for machines."""
        found = asdict(self)
        if self.figure:
            found["figure"]["met"] = self.figure.met
        return found
