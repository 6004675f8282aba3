"""An adapter as somebody else would write one: files, with a journal of what was applied, and with faults on demand."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from subscribers.adapter import Description, Plan
from subscribers.adapters.files import FilesAdapter


class Watched(FilesAdapter):
    """Each step that was applied is one line of `orders`/journal; one more when the target held it already.

    So what was applied, cut before its line, and applied again stands there twice.

    Orders are files there: `block` (seconds that every apply takes), `poison` (a word; steps whose text has it fail),
    `cling` (seconds that its close takes).
    """

    def __init__(self, *, directory: str, orders: str, name: str = "watched") -> None:
        super().__init__(directory=directory)
        self._name, self._orders = name, Path(orders)

    def describe(self) -> Description:
        """Who it is."""
        return Description(self._name, str(self._directory), probes=False)

    def apply(self, plan: Plan) -> None:
        """As files do, unless something else was ordered."""
        if seconds := self._order("block"):
            (self._orders / "blocked").touch()
            time.sleep(float(seconds))
        if (word := self._order("poison")) and any(word in step.after for step in plan.steps):
            raise RuntimeError(f"{word} cannot be applied")
        effects = [(step.key, json.loads(step.after)["release"] if step.after else "") for step in plan.steps]
        held = target(self._directory)
        self._note([(key, release) for key, release in effects if held.get(key, "") == release])
        super().apply(plan)
        self._note(effects)

    def close(self) -> None:
        """At once, unless something else was ordered."""
        time.sleep(float(self._order("cling") or 0))

    def _note(self, effects: Sequence[tuple[str, str]]) -> None:
        with (self._orders / "journal").open("a") as journal:
            journal.writelines(json.dumps(each) + "\n" for each in effects)
            journal.flush()
            os.fsync(journal.fileno())

    def _order(self, name: str) -> str:
        path = self._orders / name
        return path.read_text() if path.exists() else ""


def install(folder: Path) -> None:
    """Make it known as an installed package would be, to a program whose path has the folder."""
    info = folder / "watched-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: watched\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gemensam.adapters]\nwatched = tests.faults.watched:Watched\n")


def journal(orders: Path) -> list[tuple[str, str]]:
    """What was applied: subscription and release, '' for one that was taken away."""
    path = orders / "journal"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(row[0], row[1]) for row in map(json.loads, lines)]


def target(directory: Path) -> Mapping[str, str]:
    """What the target holds: release by subscription."""
    found: dict[str, Any] = {}
    for path in directory.glob("*.gemensam.json"):
        document = json.loads(path.read_text())
        found[document["subscription"]] = document["release"]
    return found
