"""Ranges of numbers that were promised and are not any more: reserved ones, and those left to extensions."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Range = tuple[int, int]  # both ends belong to it


def missing(before: Iterable[Range], after: Iterable[Range]) -> list[tuple[Range, list[Range]]]:
    """Ranges that are not covered any more, each with the parts of it that are not, in order."""
    covered = _joined(after)
    ends = [last for _, last in covered]
    found = ((each, _gaps(each, covered, bisect_left(ends, each[0]))) for each in before)
    return [(each, gaps) for each, gaps in found if gaps]


def text(ranges: Sequence[Range]) -> str:
    """`2, 5 to 9`."""
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers in as few ranges as can be."""
    done: list[Range] = []
    for first, last in sorted(ranges):
        if done and first <= done[-1][1] + 1:
            done[-1] = done[-1][0], max(done[-1][1], last)
        else:
            done.append((first, last))
    return done


def _gaps(wanted: Range, covered: Sequence[Range], at: int) -> list[Range]:
    start, end = wanted
    gaps: list[Range] = []
    while at < len(covered) and covered[at][0] <= end:
        first, last = covered[at]
        if first > start:
            gaps.append((start, first - 1))
        start, at = last + 1, at + 1
    return [*gaps, (start, end)] if start <= end else gaps
