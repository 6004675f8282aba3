"""Swedish organisation numbers, and the personal numbers that must never be taken for one.

Form: ten digits GNNNNN-NNNC. The first digit is the group of the legal person, the third is at least 2, the last is
the Luhn check digit. Source: SKV 709 (Skatteverket) and the rules of Bolagsverket.
"""

import re
from datetime import date
from typing import NoReturn

from registry.errors import Invalid

_GROUPS = frozenset("12356789")
_VAT = re.compile(r"SE(\d{10})01")
_PERSON = re.compile(r"(?<!\d)(?:(18|19|20)(\d{6})|(\d{6}))[-+]?(\d{4})(?!\d)", re.ASCII)
_COORDINATION = 60  # added to the day in a coordination number


def normalise(text: str) -> str:
    """The ten digits of an organisation number; accepts hyphen, spaces, `SE`, `16` and the VAT form.

    Errors: ORGANISATION_NUMBER_INVALID; PERSONAL_DATA_REFUSED for a natural person, whose number is not repeated.
    """
    if contains_personal_number(text):
        what = "belongs to a natural person; the registry keeps organisation numbers only"
        _refuse("PERSONAL_DATA_REFUSED", what)
    digits = re.sub(r"[\s-]", "", text).upper()
    if vat := _VAT.fullmatch(digits):
        digits = vat[1]
    digits = digits.removeprefix("SE")
    if len(digits) == 12 and digits.startswith("16"):  # noqa: PLR2004 - the century digits of a legal person
        digits = digits[2:]
    if not re.fullmatch(r"\d{10}", digits, re.ASCII):
        _refuse("ORGANISATION_NUMBER_INVALID", "must have ten digits, for example 556036-0793")
    if digits[0] not in _GROUPS or digits[2] < "2":
        _refuse("ORGANISATION_NUMBER_INVALID", "is not of a legal person: the third digit must be at least 2")
    if not _luhn(digits):
        _refuse("ORGANISATION_NUMBER_INVALID", "has a wrong check digit: compare it with the registration certificate")
    return digits


def is_valid(text: str) -> bool:
    """Whether `normalise` takes it."""
    try:
        normalise(text)
    except Invalid:
        return False
    return True


def formatted(digits: str) -> str:
    """Ten digits with the hyphen that people write."""
    return f"{digits[:6]}-{digits[6:]}"


def contains_personal_number(text: str) -> bool:
    """Whether a personal identity number or coordination number stands anywhere in the text."""
    return any(_is_person(found) for found in _PERSON.finditer(text))


def _is_person(found: re.Match[str]) -> bool:
    century, long, short, tail = found.groups()
    digits = (long or short) + tail
    return _is_birthday(digits, century) and _luhn(digits)


def _is_birthday(digits: str, century: str | None) -> bool:
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    day = day - _COORDINATION if day > _COORDINATION else day
    for first in [century] if century else ["19", "20"]:
        try:
            date(int(first) * 100 + year, month, day)
        except ValueError:
            continue
        return True
    return False


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(digits):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - digit sum of a two-digit product
    return total % 10 == 0


def _refuse(reason: str, what: str) -> NoReturn:
    raise Invalid(
        reason,
        f"The organisation number {what}.",
        violations=[("organisation_number", what)],
        field="organisation_number",
    )
