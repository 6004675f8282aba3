"""What came of a run, told from its file alone: complaints, and the figures that they rest on.

Memory is flat when, in the later half of a run, every write leaves less than one object behind, and the whole of it a few
MiB. A server keeps of what was written as much as its caches hold, which are small here (tests/scaled.py) and full by then:
what still grows with each write or each fault is a leak. Objects are counted exactly; the RSS has the rest, and is coarser.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.history import History, Line, load
from tests.faults.validators import changes_of, verdict

MEBIBYTE, HOUR = 2**20, 3600.0
# In less than so many writes the caches are still being filled.
LONG_SECONDS, LONG_WRITES = 300.0, 4000
MOST_OBJECTS_A_WRITE, MOST_GROWTH_MIB, MOST_FILES = 1.0, 4.0, 12


def check(file: Path) -> tuple[list[str], dict[str, Any]]:
    """Complaints about a recorded run, and its figures."""
    history = load(file)
    figures = _figures(history)
    failed = [f"failed: {note['why']}" for note in history.notes if note["what"] == "failed"]
    if not history.ledger:
        return [*failed, "nothing: the report has no ledger"], figures
    return failed + verdict(history) + _silent(history) + _leaks(figures), figures


def _silent(history: History) -> list[str]:
    """Every watcher was waited for until it had seen the last write: one that has less was not sent it."""
    last = max((write.revision for write in history.writes), default=0)
    found = [] if last else ["nothing: no write was acknowledged"]
    for watcher, streams in history.watchers.items():
        seen = max((change.revision for stream in streams for change in changes_of(stream)), default=0)
        if seen < last:
            found.append(f"{watcher}: reliable: nothing came after {seen}, and {last} was acknowledged")
    return found


def _figures(history: History) -> dict[str, Any]:
    samples = [note for note in history.notes if note["what"] == "sample"]
    later = samples[len(samples) // 2 :]
    return {
        **next(({"seed": note["seed"]} for note in history.notes if note["what"] == "plan"), {}),
        "writes": len(history.writes),
        "reads": len(history.reads),
        "entries": len(history.ledger),
        "streams": sum(map(len, history.watchers.values())),
        "faults": dict(Counter(note["fault"] for note in history.notes if note["what"] == "nemesis")),
        "retries": sum(note["count"] for note in history.notes if note["what"] == "retries"),
        **_memory(later),
        "files_grown": _files(samples),
        "long": _is_long(samples),
    }


def _is_long(samples: Sequence[Line]) -> bool:
    """Long enough to tell what is kept from what leaks."""
    if len(samples) < 2:
        return False
    first, last = samples[0], samples[-1]
    return last["at"] - first["at"] >= LONG_SECONDS and last["writes"] >= LONG_WRITES


def _memory(later: Sequence[Line]) -> dict[str, float]:
    """How it grew, by the straight line through the later half of the samples."""
    if len(later) < 2:
        return {"seconds": 0.0, "rss_mib_an_hour": 0.0, "rss_mib_grown": 0.0, "objects_a_write": 0.0}
    times = [each["at"] for each in later]
    seconds, writes = times[-1] - times[0], later[-1]["writes"] - later[0]["writes"]
    rss = _slope(times, [each["rss"] / MEBIBYTE for each in later])
    objects = _slope(times, [each["objects"] for each in later])
    return {
        "seconds": round(2 * seconds, 1),
        "rss_mib_an_hour": round(rss * HOUR, 1),
        "rss_mib_grown": round(rss * seconds, 1),
        "objects_a_write": round(objects * seconds / max(writes, 1), 2),
    }


def _leaks(figures: dict[str, Any]) -> list[str]:
    """What may not be in a long run; open files are judged in every one."""
    found = []
    if figures["long"] and figures["objects_a_write"] > MOST_OBJECTS_A_WRITE:
        found.append(f"leak: every write left {figures['objects_a_write']} objects behind in the later half")
    if figures["long"] and figures["rss_mib_grown"] > MOST_GROWTH_MIB:
        found.append(f"leak: memory grew by {figures['rss_mib_grown']} MiB in the later half")
    if figures["files_grown"] > MOST_FILES:
        found.append(f"leak: {figures['files_grown']} more files are open at the end")
    return found


def _slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Of the straight line through them by least squares, in units of the values each second."""
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    return sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread


def _files(samples: Sequence[Line]) -> int:
    """How many more files are open in the last quarter than at most in the first half."""
    half, quarter = samples[: len(samples) // 2], samples[-len(samples) // 4 :]
    if not half or not quarter:
        return 0
    return int(min(each["files"] for each in quarter) - max(each["files"] for each in half))
