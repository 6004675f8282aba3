"""How a single value is written in a definition file and read back, by the type of its field."""

import re
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, EnumValueDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from registry.domain.problem import nearest, quoted

_INTEGERS = frozenset(
    {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}
)
_BOUNDS = {FieldDescriptor.TYPE_INT32: 2**31, FieldDescriptor.TYPE_INT64: 2**63}
# As every dialect of regular expressions understands them: the schemas for editors have them too.
WHOLE = "[+-]?[0-9]{1,19}"
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
_SEPARATOR = r"[\s-]"


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
        if not re.fullmatch(NUMBER, text):
            raise Unreadable(f"must be a number, for example 12.5, and not {quoted(text)}.")
        return float(text)
    raise Unreadable("cannot be written in a definition file.")


def read_time(text: str) -> Timestamp:
    """A point in time. Errors: Unreadable."""
    time = Timestamp()
    try:
        time.FromJsonString(text if re.fullmatch(TIME, text) else "")
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


def write_enum(value: EnumValueDescriptor) -> str:
    """A value of an enum as definition files have it."""
    return _short(value.type, value.name)


def choices(enum: EnumDescriptor) -> list[str]:
    """The values of an enum as definition files have them."""
    return [_short(enum, value.name) for value in enum.values if value.number]


def spelling(enum: EnumDescriptor) -> str:
    """A regular expression of every way in which a value of an enum may be written."""
    words = "|".join(_any_case(value.name.removeprefix(_prefix(enum))) for value in enum.values if value.number)
    return rf"\s*({_any_case(_prefix(enum))})?({words})\s*"


def _any_case(word: str) -> str:
    return "".join(r"[_\s-]" if each == "_" else f"[{each}{each.lower()}]" for each in word)


def bounds(field: FieldDescriptor) -> tuple[int, int]:
    """The least and the greatest value of a whole number."""
    bound = _BOUNDS.get(field.type, 2**63)
    return -bound, bound - 1


def _short(enum: EnumDescriptor, name: str) -> str:
    return name.removeprefix(_prefix(enum)).lower()


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def _enum(enum: EnumDescriptor, text: str) -> int:
    word = re.sub(_SEPARATOR, "_", text.strip()).upper().removeprefix(_prefix(enum))
    value = enum.values_by_name.get(_prefix(enum) + word)
    if value is None or not value.number:
        known = choices(enum)
        what = f"must be one of {', '.join(known)}, and not {quoted(text)}."
        raise Unreadable(what, nearest(word, known))
    return int(value.number)


def _integer(field: FieldDescriptor, text: str) -> int:
    least, most = bounds(field)
    if not re.fullmatch(WHOLE, text) or not least <= int(text) <= most:
        raise Unreadable(f"must be a whole number between {least} and {most}, and not {quoted(text)}.")
    return int(text)
