"""A document as proto3 JSON: the same text for the same document in every process, at a quarter of the library's cost.

For each message type a function is made once that names its fields one by one: looking each of them up while a message
is written costs more than writing it. Fields stand in the order of their numbers, keys of maps in their own: as they
come from the map, they would differ from process to process, and so would the event.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from json.encoder import encode_basestring
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

Write = Callable[[Any], str]
WELL_KNOWN = "google.protobuf."
_NO_NUMBERS = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def to_json(message: Message) -> str:
    """The message as compact JSON, without characters escaped that need not be."""
    return writer(message.DESCRIPTOR)(message)


@cache
def writer(descriptor: Descriptor) -> Write:
    """The function that writes messages of a type."""
    known: dict[str, Any] = dict(_KNOWN)
    written: Write = known[_function(descriptor, known)]
    return written


def _function(descriptor: Descriptor, known: dict[str, Any]) -> str:
    """What the function of a type is called; it is added to those that are known, with what it needs."""
    if descriptor.full_name == f"{WELL_KNOWN}Timestamp":
        return "timestamp"
    if descriptor.full_name.startswith(WELL_KNOWN):
        return "by_the_library"
    name = descriptor.full_name.replace(".", "_")
    if name not in known:
        known[name] = None  # a type may hold itself
        lines = [f"def {name}(message):", " parts = []", " add = parts.append"]
        lines += [line for field in descriptor.fields for line in _lines(field, known)]
        exec("\n".join([*lines, " return '{' + ','.join(parts) + '}'"]), known)  # noqa: S102 - of our own protos only
    return name


def _lines(field: FieldDescriptor, known: dict[str, Any]) -> Iterator[str]:
    """How a field is written, when it has something."""
    if field.has_presence:
        yield f" if message.HasField({field.name!r}):"
        yield f"  value = message.{field.name}"
    else:
        yield f" value = message.{field.name}"
        yield " if value or str(value) == '-0.0':" if field.cpp_type == _DOUBLE else " if value:"
    key = f'"{field.json_name}":'
    yield f"  add({key!r} + {_field(field, known)})"


def _field(field: FieldDescriptor, known: dict[str, Any]) -> str:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        one = _value(kind.fields_by_name["value"], "value[key]", known)
        return f"'{{' + ','.join([quoted(key) + ':' + {one} for key in sorted(value)]) + '}}'"
    if field.is_repeated:
        return f"'[' + ','.join([{_value(field, 'one', known)} for one in value]) + ']'"
    return _value(field, "value", known)


def _value(field: FieldDescriptor, value: str, known: dict[str, Any]) -> str:
    if field.message_type is not None:
        return f"{_function(field.message_type, known)}({value})"
    if field.enum_type is not None:
        name = field.enum_type.full_name.replace(".", "_")
        known[name] = _Names(field.enum_type)
        return f"{name}[{value}]"
    return _SCALARS[field.cpp_type].format(value)


class _Names(dict[int, str]):
    """The names of an enumeration's numbers; one that has none is written as it is."""

    def __init__(self, enum: EnumDescriptor) -> None:
        super().__init__({value.number: f'"{value.name}"' for value in reversed(enum.values)})

    def __missing__(self, number: int) -> str:
        return str(number)


def _number(value: float) -> str:
    text = repr(value)
    return _NO_NUMBERS.get(text, text)


def _timestamp(message: Any) -> str:
    return _moment(message.seconds, message.nanos)


@lru_cache(maxsize=1024)
def _moment(seconds: int, nanos: int) -> str:
    """As many digits of the second as it needs: none, 3, 6 or 9. Kept, because a change has one more than once."""
    whole = second(seconds)
    if not nanos:
        return f'"{whole}Z"'
    if nanos % 1_000_000 == 0:
        return f'"{whole}.{nanos // 1_000_000:03}Z"'
    return f'"{whole}.{nanos:09}Z"' if nanos % 1000 else f'"{whole}.{nanos // 1000:06}Z"'


@lru_cache(maxsize=1024)
def second(seconds: int) -> str:
    """Seconds since 1970 as RFC 3339 without its `Z`, kept because changes come in the same few seconds."""
    return Timestamp(seconds=seconds).ToJsonString()[:-1]


def _by_the_library(message: Message) -> str:
    return MessageToJson(message, indent=None, ensure_ascii=False)


_DOUBLE = FieldDescriptor.CPPTYPE_DOUBLE
_KNOWN: Mapping[str, Any] = {
    "quoted": encode_basestring,
    "number": _number,
    "timestamp": _timestamp,
    "by_the_library": _by_the_library,
}
_SCALARS: Mapping[int, str] = {
    FieldDescriptor.CPPTYPE_STRING: "quoted({})",
    FieldDescriptor.CPPTYPE_BOOL: "('true' if {} else 'false')",
    FieldDescriptor.CPPTYPE_INT32: "str({})",
    FieldDescriptor.CPPTYPE_INT64: "'\"%d\"' % {}",
    FieldDescriptor.CPPTYPE_DOUBLE: "number({})",
}
