"""Places in a set where people change something, and the one that chance picks."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

F = FieldDescriptorProto
SCALARS = (
    F.TYPE_INT32,
    F.TYPE_INT64,
    F.TYPE_UINT32,
    F.TYPE_SINT64,
    F.TYPE_FIXED64,
    F.TYPE_BOOL,
    F.TYPE_STRING,
    F.TYPE_BYTES,
    F.TYPE_DOUBLE,
)


Change = Callable[[random.Random, FileDescriptorSet], None]


class Nowhere(Exception):
    """The set has no place for this change."""


def into(table: dict[str, Change]) -> Callable[[Change], Change]:
    """Takes changes into a table under their names."""

    def take(make: Change) -> Change:
        table[make.__name__] = make
        return make

    return take


def own_files(files: FileDescriptorSet) -> list[FileDescriptorProto]:
    """All but the runtime's; those of the package protobuf where there are no others."""
    return [each for each in files.file if not each.name.startswith("google/protobuf/")] or list(files.file)


def messages(files: FileDescriptorSet) -> Iterator[DescriptorProto]:
    left = [each for file in own_files(files) for each in file.message_type]
    while left:
        here = left.pop()
        if not here.options.map_entry:
            yield here
        left += here.nested_type


def enums(files: FileDescriptorSet) -> Iterator[EnumDescriptorProto]:
    for each in own_files(files):
        yield from each.enum_type
    for message in messages(files):
        yield from message.enum_type


def fields(files: FileDescriptorSet) -> list[tuple[DescriptorProto, FieldDescriptorProto]]:
    """Every field that is no map: maps have a shape that nobody may change by hand."""
    return [(message, each) for message in messages(files) for each in message.field if not maps(message, each)]


def maps(message: DescriptorProto, field: FieldDescriptorProto) -> bool:
    return any(
        each.options.map_entry and field.type_name.endswith(f".{message.name}.{each.name}")
        for each in message.nested_type
    )


def scalars(files: FileDescriptorSet) -> list[FieldDescriptorProto]:
    return [each for _, each in fields(files) if each.type in SCALARS]


def strings(files: FileDescriptorSet) -> list[FieldDescriptorProto]:
    return [each for _, each in fields(files) if each.type == F.TYPE_STRING]


def methods(files: FileDescriptorSet) -> list[Any]:
    return [each for file in own_files(files) for service in file.service for each in service.method]


def pick(rng: random.Random, places: Any) -> Any:
    """One of the places. Errors: Nowhere."""
    known = list(places)
    if not known:
        raise Nowhere
    return rng.choice(known)


def unused(message: DescriptorProto) -> int:
    return max((each.number for each in message.field), default=0) + 17


def last(message: DescriptorProto, field: FieldDescriptorProto) -> None:
    """Put the field behind all others: members of a oneof stand together."""
    kept = FieldDescriptorProto()
    kept.CopyFrom(field)
    message.field.remove(field)
    message.field.add().CopyFrom(kept)
