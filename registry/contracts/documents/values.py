"""Values in schemas: when two are the same (JSON Schema Core 2020-12, 4.2.2), their types, numbers not rounded."""

import json
from fractions import Fraction
from json.encoder import encode_basestring_ascii
from typing import Any

from registry.domain.organisation_number import contains_personal_number

NUMBERS = frozenset({"integer", "fraction"})
TYPES = frozenset({"null", "boolean", "object", "array", "string"}) | NUMBERS
_SHOWN = 120


def types_of(word: str) -> frozenset[str]:
    """The kinds of values that a name in `type` means (Validation 2020-12, 6.1.1); nothing for what is no type."""
    return NUMBERS if word == "number" else frozenset({word}) & TYPES


def type_of(value: Any) -> str:
    """The kind of a value; `fraction` is a number that is not whole."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "integer" if value == int(value) else "fraction"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def key(value: Any) -> str:
    """The same text for values that are equal: 1 and 1.0 are, 1 and true are not, members of objects have no order."""
    return encode_basestring_ascii(value) if isinstance(value, str) else json.dumps(_even(value), sort_keys=True)


def _even(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _even(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_even(each) for each in value]
    return int(value) if isinstance(value, float) and value == int(value) else value


def exact(value: float) -> Fraction:
    """The number as it was written: 0.1 is a tenth."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def shown(value: Any) -> str:
    """The value as a finding shows it: cut, and never a personal number."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    if contains_personal_number(text):
        return "(not repeated here: it looks like a personal identity number)"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
