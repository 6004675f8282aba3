"""How a single value is written in a definition file and read back, by the type of its field."""

import re
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from registry.domain.problem import nearest, quoted

_INTEGERS = frozenset(
    {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}
)
_BOUNDS = {FieldDescriptor.TYPE_INT32: 2**31, FieldDescriptor.TYPE_INT64: 2**63}
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Unreadable(Exception):
    """The text is none of the field's values; `what` completes the sentence "<field> ..."."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(what)
        self.what, self.suggestion = what, suggestion


def read(field: FieldDescriptor, text: str) -> Any:
    """The value of a field that is no message. Errors: Unreadable."""
    if field.type == field.TYPE_STRING:
        return text
    if field.enum_type is not None:
        return _enum(field.enum_type, text)
    if field.type in _INTEGERS:
        return _integer(field, text)
    if field.type == field.TYPE_DOUBLE:
        if not _NUMBER.fullmatch(text):
            raise Unreadable(f"must be a number, for example 12.5, and not {quoted(text)}.")
        return float(text)
    raise Unreadable("cannot be written in a definition file.")


def read_time(text: str) -> Timestamp:
    """A point in time. Errors: Unreadable."""
    time = Timestamp()
    try:
        time.FromJsonString(text)
    except ValueError:
        what = f"must be a time with its zone, for example 2026-12-31T23:59:59+01:00, and not {quoted(text)}."
        raise Unreadable(what) from None
    return time


def write(field: FieldDescriptor, value: Any) -> Any:
    """The value as a definition file has it: enum values without their prefix, in lower case."""
    if field.enum_type is None:
        return value
    known = field.enum_type.values_by_number.get(value)
    return _short(field.enum_type, known.name) if known is not None else str(value)


def choices(enum: EnumDescriptor) -> list[str]:
    """The values of an enum as definition files have them."""
    return [_short(enum, value.name) for value in enum.values if value.number]


def _short(enum: EnumDescriptor, name: str) -> str:
    return name.removeprefix(_prefix(enum)).lower()


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def _enum(enum: EnumDescriptor, text: str) -> int:
    word = re.sub(r"[\s-]", "_", text.strip()).upper().removeprefix(_prefix(enum))
    value = enum.values_by_name.get(_prefix(enum) + word)
    if value is None or not value.number:
        known = choices(enum)
        what = f"must be one of {', '.join(known)}, and not {quoted(text)}."
        raise Unreadable(what, nearest(word, known))
    return int(value.number)


def _integer(field: FieldDescriptor, text: str) -> int:
    bound = _BOUNDS.get(field.type, 2**63)
    if not _WHOLE.fullmatch(text) or not -bound <= int(text) < bound:
        raise Unreadable(f"must be a whole number between {-bound} and {bound - 1}, and not {quoted(text)}.")
    return int(text)
