"""Ranges that were promised, held against those that still are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.contracts.protobuf.ranges import Range, missing, text

TOP = 40
ranges = st.lists(
    st.tuples(st.integers(1, TOP), st.integers(1, TOP)).map(lambda ends: (min(ends), max(ends))), max_size=8
)


@pytest.mark.parametrize(
    ("after", "gaps"),
    [
        ([], [(5, 9)]),
        ([(5, 9)], []),
        ([(1, 20)], []),
        ([(5, 8)], [(9, 9)]),
        ([(6, 9)], [(5, 5)]),
        ([(6, 7)], [(5, 5), (8, 9)]),
        ([(8, 9), (5, 7)], []),
        ([(1, 4), (10, 12)], [(5, 9)]),
    ],
)
def test_what_is_missing_of_five_to_nine(after: list[Range], gaps: list[Range]) -> None:
    assert missing([(5, 9)], after) == ([((5, 9), gaps)] if gaps else [])


@given(before=ranges, after=ranges)
def test_a_number_is_missing_when_it_was_there_and_is_not(before: list[Range], after: list[Range]) -> None:
    there = {number for first, last in after for number in range(first, last + 1)}
    for (first, last), gaps in missing(before, after):
        told = [number for start, end in gaps for number in range(start, end + 1)]
        assert told == [number for number in range(first, last + 1) if number not in there]
    kept = [each for each in before if each not in [told for told, _ in missing(before, after)]]
    assert all(set(range(first, last + 1)) <= there for first, last in kept)


def test_ranges_as_people_read_them() -> None:
    assert text([(2, 2), (5, 9)]) == "2, 5 to 9"
