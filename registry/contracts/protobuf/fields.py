"""Rules of fields and extensions that are there before and after: same number, in the same message."""

import math
import struct
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FeatureSet, FieldDescriptorProto, FieldOptions

from registry.api.v1.verdict_pb2 import Finding
from registry.contracts.protobuf.features import CORD, STRING, VIEW, cpp_string, java_verifies
from registry.contracts.protobuf.rules import changed
from registry.contracts.protobuf.set import Element

_INTEGERS_64 = frozenset(
    {
        FieldDescriptorProto.TYPE_INT64,
        FieldDescriptorProto.TYPE_SINT64,
        FieldDescriptorProto.TYPE_UINT64,
        FieldDescriptorProto.TYPE_FIXED64,
        FieldDescriptorProto.TYPE_SFIXED64,
    }
)
_STRINGS = (FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_BYTES)
_CTYPES = {FieldOptions.CORD: "CORD", FieldOptions.STRING_PIECE: "STRING_PIECE", FieldOptions.STRING: "STRING"}
_CPP = {VIEW: "VIEW", CORD: "CORD", STRING: "STRING"}


def compare(before: Element, after: Element) -> Iterator[Finding]:
    """What of a field is not as it was."""
    if _written_the_same(before, after):
        return
    path = after.name
    yield from changed("FIELD_SAME_TYPE", path, _type(before), _type(after))
    if not (_in_map_entry(before) and _in_map_entry(after)):
        yield from changed("FIELD_SAME_CARDINALITY", path, _cardinality(before), _cardinality(after))
        yield from _cpp(before, after)
    yield from _default(before, after)
    yield from _texts(before, after)
    if before.proto.type in _INTEGERS_64 and after.proto.type in _INTEGERS_64:
        yield from changed("FIELD_SAME_JSTYPE", path, _jstype(before), _jstype(after))
    if before.built.is_extension:
        yield from changed("FIELD_SAME_NAME", path, before.name, after.name)
        return
    yield from changed("FIELD_SAME_NAME", path, before.proto.name, after.proto.name)
    yield from changed("FIELD_SAME_JSON_NAME", path, before.built.json_name, after.built.json_name)
    yield from changed("FIELD_SAME_ONEOF", path, _oneof(before), _oneof(after))


def _written_the_same(before: Element, after: Element) -> bool:
    """Whether nothing can differ, so that most fields cost no more: nothing outside of them decides what they are."""
    was, now = before.file, after.file
    return bool(
        before.proto == after.proto
        and before.name == after.name
        and before.features == after.features
        and not before.proto.type_name  # is it a map, and which value is the default
        and not before.proto.HasField("oneof_index")  # and what is that called
        and (was.syntax, was.edition) == (now.syntax, now.edition)
        and was.options.java_string_check_utf8 == now.options.java_string_check_utf8
    )


def _type(field: Element) -> str:
    """The kind, and of what; a message with delimited encoding is a group on the wire."""
    kind = FieldDescriptorProto.Type.Name(field.built.type).removeprefix("TYPE_").lower()
    of = field.built.message_type or field.built.enum_type
    return f"{kind} {of.full_name}" if of else kind


def _in_map_entry(field: Element) -> bool:
    return bool(field.built.containing_type.GetOptions().map_entry)


def _cardinality(field: Element) -> str:
    built = field.built
    if built.is_repeated:
        return "map" if built.message_type and built.message_type.GetOptions().map_entry else "repeated"
    if built.is_required:
        return "required"
    return "optional, with presence" if built.has_presence else "optional, without presence"


def _cpp(before: Element, after: Element) -> list[Finding]:
    if before.built.type not in _STRINGS or after.built.type not in _STRINGS:
        return []
    was, now = _cpp_string(before), _cpp_string(after)
    if (was, now) == ("STRING_PIECE", "STRING"):  # who reads the one reads the other
        return []
    return changed("FIELD_SAME_CPP_STRING_TYPE", after.name, was, now)


def _cpp_string(field: Element) -> str:
    if field.proto.options.HasField("ctype") and _cpp_default(field) == STRING:
        return _CTYPES[field.proto.options.ctype]
    return _CPP[cpp_string(field.features, field.file)]


def _cpp_default(field: Element) -> int:
    return cpp_string(FeatureSet(), field.file)


def _texts(before: Element, after: Element) -> Iterator[Finding]:
    if before.built.type != FieldDescriptorProto.TYPE_STRING or after.built.type != FieldDescriptorProto.TYPE_STRING:
        return
    was, now = (FeatureSet.Utf8Validation.Name(each.features.utf8_validation) for each in (before, after))
    yield from changed("FIELD_SAME_UTF8_VALIDATION", after.name, was, now)
    was, now = ("VERIFY" if java_verifies(each.features, each.file) else "NONE" for each in (before, after))
    yield from changed("FIELD_SAME_JAVA_UTF8_VALIDATION", after.name, was, now)


def _jstype(field: Element) -> str:
    return FieldOptions.JSType.Name(field.proto.options.jstype)


def _oneof(field: Element) -> str:
    within = field.built.containing_oneof
    if within is None or field.proto.proto3_optional:
        return "no oneof"
    return f"the oneof {within.name}"


def _default(before: Element, after: Element) -> list[Finding]:
    if any(each.built.is_repeated or each.built.message_type for each in (before, after)):
        return []
    was, now = _value(before), _value(after)
    if (not was and not now) or _same(before, was, after, now):
        return []
    return changed("FIELD_SAME_DEFAULT", after.name, repr(was), repr(now))


def _value(field: Element) -> Any:
    value = field.built.default_value
    return value.encode() if isinstance(value, str) else value


def _same(before: Element, was: Any, after: Element, now: Any) -> bool:
    """Numbers are compared as numbers, whatever their types; a float beside a double as floats."""
    if isinstance(was, bytes) or isinstance(now, bytes):
        return bool(was == now)
    if isinstance(was, float) and isinstance(now, float):
        if before.built.type != after.built.type:
            was, now = _as_float(was), _as_float(now)
        return was == now or (math.isnan(was) and math.isnan(now))
    return bool(was == now)


def _as_float(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
