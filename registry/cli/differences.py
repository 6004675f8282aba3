"""Differences between fields, down to the single value where items of a list can be told apart."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from registry.api.v1.definition_service_pb2 import FieldDiff
from registry.definitions.overlays import ITEM_KEYS


class Difference(NamedTuple):
    """Values as JSON; empty for what is not there."""

    path: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.path} = {self.after}"
        if not self.after:
            return f"- {self.path} = {self.before}"
        return f"~ {self.path}: {self.before} -> {self.after}"


def between(diffs: Iterable[FieldDiff]) -> Iterator[Difference]:
    """Every difference of a resource."""
    for each in diffs:
        found: list[Difference] = []
        if each.before and each.after:
            found = list(_between(json.loads(each.before), json.loads(each.after), each.path))
        yield from found or [Difference(each.path, each.before, each.after)]  # the order alone may have changed


def _between(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    old, new = _parts(before, after), _parts(after, before)
    if old is None or new is None:
        yield Difference(path, _json(before), _json(after))
        return
    for key in dict.fromkeys((*old, *new)):
        at = f"{path}{key}"
        if key in old and key in new:
            yield from _between(old[key], new[key], at)
        else:
            yield Difference(at, _json(old.get(key)), _json(new.get(key)))


def _parts(value: Any, other: Any) -> dict[str, Any] | None:
    """The parts by what is added to the path; None for a single value, or when its items have no key in common."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {f".{key}": part for key, part in value.items()}
    if not isinstance(value, list) or not isinstance(other, list):
        return None
    items = (*value, *other)
    known = (each for each in ITEM_KEYS if all(isinstance(item, dict) and item.get(each) for item in items))
    key = next(known, None)
    return None if key is None else {f"[{item[key]}]": item for item in value}


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
