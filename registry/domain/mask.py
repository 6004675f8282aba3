"""Which fields of a message callers may set, and how an update puts them in."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from registry.errors import Invalid


def settable(message: Message, fields: Iterable[str]) -> None:
    """Clear every field but the ones that callers may set and the name."""
    kind: Any = type(message)
    for name in _sent_in_vain(kind, tuple(fields)):
        message.ClearField(name)


@lru_cache(maxsize=64)
def _sent_in_vain(kind: Any, fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field.name for field in kind.DESCRIPTOR.fields if field.name not in {*fields, "name"})


def paths(mask: FieldMask, kind: type[Message], fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that an update changes: those of the mask, or all settable ones for an empty mask or `*`.

    Errors: FIELD_MASK_INVALID naming the first path that does not exist or that callers may not set.
    """
    wanted = tuple(mask.paths)
    if not wanted or wanted == ("*",):
        return fields
    for path in wanted:
        if not _exists(path, kind) or path.split(".")[0] not in fields:
            what = f"must name fields that can be set ({', '.join(fields)}), and {path[:100]!r} is none of them"
            raise Invalid(
                "FIELD_MASK_INVALID",
                f"update_mask {what}.",
                violations=[("update_mask", what)],
                field=path[:100],
            )
    return wanted


def overlay(target: Message, source: Message, wanted: Iterable[str]) -> None:
    """Copy the fields from source to target; what is not set in the source is cleared."""
    for path in wanted:
        into, out = target, source
        *above, last = path.split(".")
        for part in above:
            into, out = getattr(into, part), getattr(out, part)
        into.ClearField(last)
        part_of = out.__class__()
        part_of.CopyFrom(out)
        for field, _ in out.ListFields():
            if field.name != last:
                part_of.ClearField(field.name)
        into.MergeFrom(part_of)


def _exists(path: str, kind: type[Message]) -> bool:
    descriptor: Any = kind.DESCRIPTOR
    for index, part in enumerate(path.split(".")):
        field = descriptor.fields_by_name.get(part) if descriptor else None
        if field is None or (index and descriptor.GetOptions().map_entry):
            return False
        descriptor = None if field.is_repeated else field.message_type
    return True
