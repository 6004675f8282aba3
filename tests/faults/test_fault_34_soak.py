"""Fault 34, in short: a random nemesis from a seed, and a report that is judged again without a server.

The long run is `make soak`. What it can find is shown here by reports that were spoilt on purpose.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tests.checks.problem import ROOT
from tests.soak.command import main
from tests.soak.judge import check
from tests.soak.nemesis import FAULTS

MINUTES = 0.05  # and until there was one fault of each kind


def asked(*words: str) -> Result:
    """What the command answers, in this process."""
    command = typer.Typer()
    command.command()(main)
    return CliRunner().invoke(command, words)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run's report is."""
    return tmp_path_factory.mktemp("soak") / "report.jsonl"


def test_fault_34_a_short_soak_has_no_complaint(kept: Path) -> None:
    words = [sys.executable, "-m", "tests.soak", "--seed=34", f"--minutes={MINUTES}", f"--report={kept}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    print(json.dumps(figures))  # noqa: T201 - the figures
    assert (figures["complaints"], figures["seed"]) == (0, 34)
    assert set(figures["faults"]) == set(FAULTS)
    assert figures["writes"] > len(FAULTS)
    assert " writes " in done.stderr, "it says how far it is"
    assert "memory was not judged" in done.stderr


def test_fault_34_a_report_is_judged_again_by_the_command(kept: Path, tmp_path: Path) -> None:
    assert asked(f"--check={kept}").exit_code == 0
    spoilt = asked(f"--check={spoil(kept, lose, tmp_path)}")
    assert spoilt.exit_code == 1
    assert "lost: revision" in spoilt.stderr
    assert json.loads(spoilt.stdout)["complaints"] > 0
    assert asked(f"--check={tmp_path / 'none'}").exit_code == 2
    assert asked("--only=flood").exit_code == 2


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


def open_more(found: list[dict[str, Any]]) -> None:
    """More and more open files."""
    for number, sample in enumerate(samples(found)):
        sample["files"] = 100 * number


def keep_objects(found: list[dict[str, Any]]) -> None:
    """Two objects of every write, for as long as it takes to say so."""
    for sample, share in grown(found):
        sample.update(objects=round(700_000 + 20_000 * share), rss=2**27)


def keep_memory(found: list[dict[str, Any]]) -> None:
    """A KiB of every write, that no object of Python's has."""
    for sample, share in grown(found):
        sample.update(objects=700_000, rss=round(2**27 + 10_000 * 2**10 * share))


def grown(found: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], float]]:
    """As if there had been 10,000 writes in ten minutes: eleven samples instead of those that are there, and their share."""
    first = samples(found)[0]
    found[:] = [line for line in found if line.get("what") != "sample"]
    for number in range(11):
        found.append({**first, "at": 60.0 * number, "writes": 1000 * number})
        yield found[-1], number / 10


def samples(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in found if line.get("what") == "sample"]


def fail(found: list[dict[str, Any]]) -> None:
    """A call failed for good."""
    found.append({"is": "note", "what": "failed", "at": 0.0, "why": "NOT_FOUND"})


def empty(found: list[dict[str, Any]]) -> None:
    """Nothing was written at all."""
    found[:] = [line for line in found if line["is"] == "note"]


def spoil(kept: Path, how: Callable[[list[dict[str, Any]]], None], folder: Path) -> Path:
    """A report that says otherwise."""
    if not kept.exists():
        pytest.fail("there is no report: the run before this test has failed")
    found = lines(kept)
    how(found)
    file = folder / "spoilt.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in found))
    return file


SPOILT = [
    (lose, "lost:"),
    (miss, "reliable:"),
    (read_old, "stale:"),
    (overtake, "overtaken:"),
    (open_more, "leak:"),
    (keep_objects, "leak:"),
    (keep_memory, "leak:"),
    (fail, "failed: NOT_FOUND"),
    (empty, "nothing:"),
]


@pytest.mark.parametrize(("how", "complaint"), SPOILT)
def test_fault_34_a_spoilt_report_is_called_so(
    how: Callable[[list[dict[str, Any]]], None], complaint: str, kept: Path, tmp_path: Path
) -> None:
    assert any(complaint in each for each in check(spoil(kept, how, tmp_path))[0])
