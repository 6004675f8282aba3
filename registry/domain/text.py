"""Checks of single values that several nouns share: texts for people, days, addresses, enum values, names."""

import re
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import Message

from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.domain import names
from registry.domain.organisation_number import contains_personal_number
from registry.domain.violations import Violations

_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def title(text: LocalizedText, field: str, found: Violations) -> None:
    """Swedish is there, and neither language has control characters."""
    if not text.sv.strip():
        found.add(f"{field}.sv", "is required: write the Swedish text")
    if _CONTROL.search(text.sv) or _CONTROL.search(text.en):
        found.add(field, "has control characters; remove them")


def is_day(text: str) -> bool:
    """Whether the text is a day that exists, `YYYY-MM-DD`."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def day(text: str, field: str, found: Violations, *, or_year: bool = False) -> None:
    """Empty, or a day that exists; with `or_year` also `YYYY`."""
    if text and not is_day(text) and not (or_year and _YEAR.fullmatch(text)):
        forms = "YYYY-MM-DD or YYYY" if or_year else "YYYY-MM-DD"
        found.add(field, f"must be a day that exists, written {forms}")


def address(text: str, field: str, found: Violations) -> None:
    """Empty, an e-mail address or an http(s) URL with a host."""
    if text and not _EMAIL.fullmatch(text) and not is_web_url(text):
        found.add(field, "must be the e-mail address or the http(s) URL of a function, not of a person")


def is_web_url(text: str) -> bool:
    """Whether the text is an absolute http(s) URL with a host and without a user part."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname)
    except ValueError:
        return False
    return named and parts.scheme in {"http", "https"} and "@" not in parts.netloc and not re.search(r"\s", text)


def enum(message: Message, field: str, found: Violations, *, required: bool = False) -> None:
    """A value that the contract knows; with `required` another than UNSPECIFIED."""
    kind: Any = type(message)
    number = getattr(message, field)
    if number not in _numbers(kind, field):
        found.add(field, f"must be one of {_choices(message, field)}, not {number}")
    elif required and number == 0:
        found.add(field, f"is required: one of {_choices(message, field)}")


def no_person(value: str, field: str, found: Violations) -> None:
    """No text with the look of a personal number."""
    if contains_personal_number(value):
        what = "has what looks like a personal identity number; the registry keeps none"
        found.add(field, what, "PERSONAL_DATA_REFUSED")


def name(value: str, noun: str, field: str, found: Violations, *, required: bool = False) -> None:
    """A name with the noun's pattern; empty unless `required`."""
    if not value:
        if required:
            found.add(field, f"is required: {names.PATTERNS[noun]}")
    elif not names.is_valid(value, noun):
        pattern = names.PATTERNS[noun]
        found.add(field, f"must have the pattern {pattern}", "NAME_INVALID", name=value[:200], pattern=pattern)


def _choices(message: Message, field: str) -> str:
    values = _enum_type(message, field).values
    return ", ".join(value.name for value in values if value.number)


@lru_cache(maxsize=64)
def _numbers(kind: Any, field: str) -> frozenset[int]:
    return frozenset(_enum_type(kind, field).values_by_number)


def _enum_type(message: Message | type[Message], field: str) -> Any:
    return message.DESCRIPTOR.fields_by_name[field].enum_type
