"""Rules of files, messages, enums and services that are there before and after."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FeatureSet, FileDescriptorProto, FileOptions, MethodOptions

from registry.api.v1.verdict_pb2 import Finding
from registry.contracts.protobuf import fields as protobuf_fields
from registry.contracts.protobuf import ranges as protobuf_ranges
from registry.contracts.protobuf.features import inherited, syntax
from registry.contracts.protobuf.rules import FILE_OPTIONS, changed, finding
from registry.contracts.protobuf.set import Element

_REQUIRED = 2  # FieldDescriptorProto.LABEL_REQUIRED


def files(before: FileDescriptorProto, after: FileDescriptorProto) -> Iterator[Finding]:
    """What a file says as a whole."""
    path = after.name
    yield from changed("FILE_SAME_PACKAGE", path, before.package, after.package)
    yield from changed("FILE_SAME_SYNTAX", path, syntax(before), syntax(after))
    for option in FILE_OPTIONS:
        yield from changed(f"FILE_SAME_{option.upper()}", path, *(_option(each, option) for each in (before, after)))


def messages(before: Element, after: Element) -> Iterator[Finding]:
    """A message and its fields."""
    was, now = before.proto, after.proto
    yield from _json_format("MESSAGE_SAME_JSON_FORMAT", before, after)
    if now.options.no_standard_descriptor_accessor and not was.options.no_standard_descriptor_accessor:
        yield finding("MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR", after.name, "false", "true")
    yield from _reserved("RESERVED_MESSAGE_NO_DELETE", before, after, 1)
    spans = [_ranges(each.extension_range, 1) for each in (was, now)]
    yield from _missing("EXTENSION_MESSAGE_NO_DELETE", after.name, *spans)
    yield from _required(before, after)
    yield from _oneofs(before, after)
    old, new = _fields(before), _fields(after)
    for number, each in old.items():
        if number not in new:
            yield finding("FIELD_NO_DELETE", each.name, number)
        else:
            yield from protobuf_fields.compare(each, new[number])
    yield from (finding("FIELD_ADDED", each.name, "", number) for number, each in new.items() if number not in old)


def enums(before: Element, after: Element) -> Iterator[Finding]:
    """An enum and its values."""
    was, now = (FeatureSet.EnumType.Name(each.features.enum_type) for each in (before, after))
    yield from changed("ENUM_SAME_TYPE", after.name, was, now)
    yield from _json_format("ENUM_SAME_JSON_FORMAT", before, after)
    yield from _reserved("RESERVED_ENUM_NO_DELETE", before, after, 0)
    old, new = _values(before), _values(after)
    for number, names in old.items():
        if number not in new:
            yield finding("ENUM_VALUE_NO_DELETE", f"{before.name}.{names[0]}", number)
        elif not set(names) <= set(new[number]):
            whole = ", ".join(sorted(names)), ", ".join(sorted(new[number]))
            yield finding("ENUM_VALUE_SAME_NAME", f"{after.name}.{new[number][0]}", *whole)
    for number, names in new.items():
        known = set(old.get(number, ()))
        added = [each for each in names if each not in known] if known <= set(names) else []
        yield from (finding("ENUM_VALUE_ADDED", f"{after.name}.{each}", "", number) for each in added)


def services(before: Element, after: Element) -> Iterator[Finding]:
    """A service and its rpcs."""
    old, new = _methods(before), _methods(after)
    for name, each in old.items():
        if name not in new:
            yield finding("RPC_NO_DELETE", f"{before.name}.{name}", name)
        else:
            yield from _rpc(f"{after.name}.{name}", each, new[name])
    yield from (finding("RPC_ADDED", f"{after.name}.{name}", "", name) for name in new if name not in old)


def _rpc(path: str, before: tuple[Any, Any], after: tuple[Any, Any]) -> Iterator[Finding]:
    (was, known), (now, built) = before, after
    yield from changed("RPC_SAME_REQUEST_TYPE", path, known.input_type.full_name, built.input_type.full_name)
    yield from changed("RPC_SAME_RESPONSE_TYPE", path, known.output_type.full_name, built.output_type.full_name)
    yield from changed("RPC_SAME_CLIENT_STREAMING", path, _stream(was.client_streaming), _stream(now.client_streaming))
    yield from changed("RPC_SAME_SERVER_STREAMING", path, _stream(was.server_streaming), _stream(now.server_streaming))
    levels = (MethodOptions.IdempotencyLevel.Name(each.options.idempotency_level) for each in (was, now))
    yield from changed("RPC_SAME_IDEMPOTENCY_LEVEL", path, *levels)


def _stream(streaming: bool) -> str:
    return "a stream" if streaming else "one message"


def _option(file: FileDescriptorProto, name: str) -> str:
    value = getattr(file.options, name)
    if name == "optimize_for":
        return FileOptions.OptimizeMode.Name(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json_format(rule: str, before: Element, after: Element) -> list[Finding]:
    """Only what could be written as JSON for certain is missed."""
    was, now = (FeatureSet.JsonFormat.Name(each.features.json_format) for each in (before, after))
    return changed(rule, after.name, was, now) if was == "ALLOW" else []


def _reserved(rule: str, before: Element, after: Element, beyond: int) -> Iterator[Finding]:
    spans = [_ranges(each.proto.reserved_range, beyond) for each in (before, after)]
    yield from _missing(rule, after.name, *spans)
    names = set(after.proto.reserved_name)
    for each in dict.fromkeys(before.proto.reserved_name):
        if each not in names:
            yield finding(rule, after.name, f'the name "{each}"', f'the name "{each}"')


def _missing(
    rule: str, path: str, before: Iterable[protobuf_ranges.Range], after: list[protobuf_ranges.Range]
) -> Iterator[Finding]:
    for each, gaps in protobuf_ranges.missing(before, after):
        yield finding(rule, path, protobuf_ranges.text([each]), protobuf_ranges.text(gaps))


def _ranges(ranges: Any, beyond: int) -> list[protobuf_ranges.Range]:
    """Ranges of messages end before their `end`, those of enums with it."""
    return [(each.start, each.end - beyond) for each in ranges]


def _required(before: Element, after: Element) -> Iterator[Finding]:
    old, new = (
        {each.number: each.name for each in message.proto.field if each.label == _REQUIRED}
        for message in (before, after)
    )
    for number in old.keys() ^ new.keys():
        name = old.get(number) or new[number]
        states = [number if number in each else "" for each in (old, new)]
        yield finding("MESSAGE_SAME_REQUIRED_FIELDS", f"{after.name}.{name}", *states)


def _oneofs(before: Element, after: Element) -> Iterator[Finding]:
    old, new = _written(before), _written(after)
    there = {each.name for each in after.proto.oneof_decl}
    yield from (finding("ONEOF_NO_DELETE", f"{before.name}.{each}", each) for each in old if each not in there)
    known = {each.name for each in before.proto.oneof_decl}
    yield from (finding("ONEOF_ADDED", f"{after.name}.{each}", "", each) for each in new if each not in known)


def _written(message: Element) -> list[str]:
    """Names of the oneofs that somebody wrote; the others stand for `optional`."""
    made = {each.oneof_index for each in message.proto.field if each.proto3_optional}
    return [each.name for index, each in enumerate(message.proto.oneof_decl) if index not in made]


def _fields(message: Element) -> dict[int, Element]:
    groups = [inherited(message.features, each) for each in message.proto.oneof_decl]
    found = {}
    for each in message.proto.field:
        above = groups[each.oneof_index] if each.HasField("oneof_index") else message.features
        built = message.built.fields_by_number[each.number]
        name = f"{message.name}.{each.name}"
        found[each.number] = Element(name, message.file, each, built, inherited(above, each))
    return found


def _values(enum: Element) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in enum.proto.value:
        found.setdefault(each.number, []).append(each.name)
    return found


def _methods(service: Element) -> dict[str, tuple[Any, Any]]:
    return {each.name: (each, service.built.methods_by_name[each.name]) for each in service.proto.method}
