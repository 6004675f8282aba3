"""What came of a run, told from its file alone: complaints, and the figures that they rest on."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.history import History, Line, load
from tests.faults.validators import changes_of, verdict

MEBIBYTE, HOUR = 2**20, 3600.0
# A run of less than five minutes shows how a server fills its caches, and not whether it leaks.
LONG_SECONDS, MOST_GROWTH_MIB, MOST_FILES = 300.0, 16.0, 12


def check(file: Path) -> tuple[list[str], dict[str, Any]]:
    """Complaints about a recorded run, and its figures."""
    history = load(file)
    figures = _figures(history)
    return verdict(history) + _silent(history) + _leaks(figures), figures


def _silent(history: History) -> list[str]:
    """Every watcher was waited for until it had seen the last write: one that has less was not sent it."""
    last = max((write.revision for write in history.writes), default=0)
    found = []
    for watcher, streams in history.watchers.items():
        seen = max((change.revision for stream in streams for change in changes_of(stream)), default=0)
        if seen < last:
            found.append(f"{watcher}: reliable: nothing came after {seen}, and {last} was acknowledged")
    return found


def _figures(history: History) -> dict[str, Any]:
    samples = [note for note in history.notes if note["what"] == "sample"]
    later = samples[len(samples) // 2 :]
    seconds = samples[-1]["at"] - samples[0]["at"] if len(samples) > 1 else 0.0
    slope = _slope([each["at"] for each in later], [each["rss"] / MEBIBYTE for each in later])
    return {
        "writes": len(history.writes),
        "reads": len(history.reads),
        "entries": len(history.ledger),
        "streams": sum(map(len, history.watchers.values())),
        "faults": dict(Counter(note["fault"] for note in history.notes if note["what"] == "nemesis")),
        "retries": sum(note["count"] for note in history.notes if note["what"] == "retries"),
        "seconds": round(seconds, 1),
        "rss_mib_an_hour": round(slope * HOUR, 1),
        "rss_mib_grown": round(slope * seconds / 2, 1),
        "files_grown": _files(samples),
    }


def _leaks(figures: dict[str, Any]) -> list[str]:
    """In the later half of a long run memory may grow by so much, and open files hardly at all."""
    found = []
    if figures["seconds"] >= LONG_SECONDS and figures["rss_mib_grown"] > MOST_GROWTH_MIB:
        found.append(f"leak: memory grew by {figures['rss_mib_grown']} MiB in the later half")
    if figures["files_grown"] > MOST_FILES:
        found.append(f"leak: {figures['files_grown']} more files are open at the end")
    return found


def _slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Of the straight line through them by least squares, in units of the values each second."""
    if len(times) < 2:
        return 0.0
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    return sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread


def _files(samples: Sequence[Line]) -> int:
    """How many more files are open in the last quarter than at most in the first half."""
    half, quarter = samples[: len(samples) // 2], samples[-len(samples) // 4 :]
    if not half or not quarter:
        return 0
    return int(min(each["files"] for each in quarter) - max(each["files"] for each in half))
