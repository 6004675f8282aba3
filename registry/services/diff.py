"""The difference between two versions of a resource, field by field, for people to read."""

import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from registry.api.v1.definition_service_pb2 import FieldDiff


def between(before: Message | None, after: Message, fields: tuple[str, ...]) -> list[FieldDiff]:
    """What changes among the fields that callers may set, by path."""
    old = dict(_leaves(_dict(before, fields))) if before is not None else {}
    new = dict(_leaves(_dict(after, fields)))
    return [
        FieldDiff(path=path, before=_json(old, path), after=_json(new, path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _dict(message: Message, fields: tuple[str, ...]) -> dict[str, Any]:
    found = MessageToDict(message, preserving_proto_field_name=True)
    return {field: value for field, value in found.items() if field in fields}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _json(values: dict[str, Any], path: str) -> str:
    return json.dumps(values[path], ensure_ascii=False, sort_keys=True) if path in values else ""
