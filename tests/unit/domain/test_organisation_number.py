"""Organisation numbers: the published vectors, and persons kept out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain import organisation_number as numbers
from registry.errors import Invalid


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("212000-0142", "2120000142"),
        ("2120001355", "2120001355"),
        ("16212000-0142", "2120000142"),
        ("556036-0793", "5560360793"),
        ("202100-2742", "2021002742"),
        ("232100-0131", "2321000131"),
        ("SE5560360793", "5560360793"),
        ("SE556036079301", "5560360793"),
        (" 556036 0793 ", "5560360793"),
    ],
)
def test_valid_numbers_become_ten_digits(text: str, digits: str) -> None:
    assert numbers.normalise(text) == digits
    assert numbers.normalise(numbers.formatted(digits)) == digits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2120000143", "ORGANISATION_NUMBER_INVALID"),
        ("212000-0144", "ORGANISATION_NUMBER_INVALID"),
        ("1234567890", "ORGANISATION_NUMBER_INVALID"),
        ("121212-1212", "PERSONAL_DATA_REFUSED"),
        ("19121212-1212", "PERSONAL_DATA_REFUSED"),
        ("201212121212", "PERSONAL_DATA_REFUSED"),
        ("121272-1219", "PERSONAL_DATA_REFUSED"),
        ("212000-014", "ORGANISATION_NUMBER_INVALID"),
        ("212000-01422", "ORGANISATION_NUMBER_INVALID"),
        ("٢١٢٠٠٠٠١٤٢", "ORGANISATION_NUMBER_INVALID"),
        ("", "ORGANISATION_NUMBER_INVALID"),
    ],
)
def test_others_are_refused_without_repeating_them(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        numbers.normalise(text)
    assert refused.value.reason == reason
    assert not text or text not in refused.value.message


@given(st.from_regex(r"2[0-9][2-9][0-9]{7}", fullmatch=True))
def test_exactly_one_check_digit_is_right(digits: str) -> None:
    assert sum(numbers.is_valid(digits[:9] + check) for check in "0123456789") == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ring 121212-1212 i dag", True),
        ("19121212+1212", True),
        ("bygglov-1212121212-x", True),
        ("org 212000-0142", False),
        ("revision 20261124 1000", False),
        ("0812121212121299", False),
        ("121212-1213", False),
        ("", False),
    ],
)
def test_persons_are_found_inside_texts(text: str, found: bool) -> None:
    assert numbers.contains_personal_number(text) is found
