"""Fault 34, in short: a random nemesis from a seed, and a report that is judged again without a server.

The long run is `make soak`. What it can find is shown here by reports that were spoilt on purpose.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.soak.judge import check
from tests.soak.nemesis import FAULTS
from tests.soak.run import Plan, run

SECONDS = 12.0


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run's report is."""
    return tmp_path_factory.mktemp("soak") / "report.jsonl"


async def test_fault_34_a_short_soak_has_no_complaint(
    server_parents: list["subprocess.Popen[str]"], kept: Path
) -> None:
    history = await run(Plan(seed=34, seconds=SECONDS), server_parents)
    history.save(kept)
    complaints, figures = check(kept)
    print(json.dumps(figures))  # noqa: T201 - the figures
    assert complaints == []
    assert set(figures["faults"]) == set(FAULTS)
    assert figures["writes"] > len(FAULTS)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def lose(found: list[dict[str, Any]]) -> None:
    """An acknowledged write is not in the ledger."""
    written = max(line["revision"] for line in found if line["is"] == "write")
    entries = [line for line in found if line["is"] == "entry"]
    found.remove(entries[written - 1])


def miss(found: list[dict[str, Any]]) -> None:
    """An event never came."""
    stream = max((line for line in found if line["is"] == "stream"), key=lambda line: len(line["events"]))
    del stream["events"][len(stream["events"]) // 2 :]


def read_old(found: list[dict[str, Any]]) -> None:
    """A read was older than its token."""
    read = next(line for line in found if line["is"] == "read")
    read["asked"] = read["revision"] + 1


def overtake(found: list[dict[str, Any]]) -> None:
    """A later write has a lower revision than one that was acknowledged before it began."""
    writes = sorted((line for line in found if line["is"] == "write"), key=lambda line: line["revision"])
    writes[-1]["ended"] = writes[0]["began"] - 2
    writes[-1]["began"] = writes[0]["began"] - 3


def leak(found: list[dict[str, Any]]) -> None:
    """More and more open files."""
    samples = [line for line in found if line.get("what") == "sample"]
    for number, sample in enumerate(samples):
        sample["files"] = 100 * number


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [(lose, "lost:"), (miss, "reliable:"), (read_old, "stale:"), (overtake, "overtaken:"), (leak, "leak:")],
)
def test_fault_34_a_spoilt_report_is_called_so(
    spoil: Callable[[list[dict[str, Any]]], None], complaint: str, kept: Path, tmp_path: Path
) -> None:
    if not kept.exists():
        pytest.fail("there is no report: the run before this test has failed")
    found = lines(kept)
    spoil(found)
    file = tmp_path / "spoilt.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in found))
    assert any(complaint in each for each in check(file)[0])
