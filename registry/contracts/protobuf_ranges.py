"""Ranges of numbers that were promised and are not any more: reserved ones, and those left to extensions."""

from collections.abc import Iterable, Sequence

Range = tuple[int, int]  # both ends belong to it


def missing(before: Range, after: Iterable[Range]) -> list[Range]:
    """The parts of a range that no other one covers, in order."""
    start, end = before
    gaps: list[Range] = []
    for first, last in sorted(after):
        if last < start:
            continue
        if first > end:
            break
        if first > start:
            gaps.append((start, first - 1))
        start = max(start, last + 1)
    return [*gaps, (start, end)] if start <= end else gaps


def text(ranges: Sequence[Range]) -> str:
    """`2, 5 to 9`."""
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)
