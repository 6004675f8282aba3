"""Overlays: what differs in one environment, laid over what all have in common (JSON Merge Patch, RFC 7396)."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from registry.contracts.compose import is_null, place
from registry.domain.problem import Problem, nearest, quoted

# What tells the items of a list apart: those of both lists that have the same are merged, others are added.
ITEM_KEYS = ("id", "environment", "organisation")
_MAPS = "metadata"  # labels and annotations: nothing but what is written may stand there


class Target(NamedTuple):
    """What a document is about."""

    kind: str
    name: str


class Layer:
    """The overlays of one folder or file, by what they are laid over."""

    def __init__(self, roots: Iterable[yaml.Node], problems: list[Problem]) -> None:
        self._problems = problems
        self._patches: dict[Target, yaml.Node] = {}
        self._met: dict[Target, bool] = {}
        for root in roots:
            self._add(root)

    def _add(self, root: yaml.Node) -> None:
        target = _target(root)
        if target is None:
            what = "An overlay needs the kind and the metadata.name of what it is laid over."
            self._problems.append(Problem(place(root), what))
        elif (before := self._patches.setdefault(target, root)) is not root:
            what = f"{quoted(target.name)} has two overlays here; the first is at {place(before)}."
            self._problems.append(Problem(place(root), what))

    def over(self, root: yaml.Node) -> yaml.Node:
        """The document with its overlay; the document itself when it has none."""
        target = _target(root)
        if target is None:
            return root
        patch = self._patches.get(target)
        self._met[target] = True
        return root if patch is None else _merged(root, patch, is_map=False)

    def finish(self) -> None:
        """Note the overlays of what no file has."""
        for target, patch in self._patches.items():
            if target not in self._met:
                what = f"No file has the {target.kind} {quoted(target.name)} that this is laid over."
                self._problems.append(
                    Problem(place(patch), what, nearest(target.name, [each.name for each in self._met]))
                )


def _target(root: yaml.Node) -> Target | None:
    kind, name = _text(root, "kind"), _text(_entry(root, "metadata"), "name")
    return Target(kind, name) if kind and name else None


def _entry(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs: list[Any] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for each, value in pairs if isinstance(each, yaml.ScalarNode) and each.value == key), None)


def _text(node: yaml.Node | None, key: str) -> str:
    found = _entry(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""


def _merged(base: yaml.Node | None, patch: yaml.Node, *, is_map: bool) -> yaml.Node:
    if isinstance(patch, yaml.MappingNode):
        return _mapping(base, patch, is_map=is_map)
    if isinstance(patch, yaml.SequenceNode) and isinstance(base, yaml.SequenceNode):
        return _list(base, patch)
    return patch


def _mapping(base: yaml.Node | None, patch: yaml.Node, *, is_map: bool) -> yaml.Node:
    """Key by key. What is null is not set; in a map it is not there.

    Keys that are wrong are put beside the others, and the reader says what is wrong with them.
    """
    marks, pairs = patch, []
    if isinstance(base, yaml.MappingNode):
        marks, pairs = base, list(base.value)
    known = {key.value: number for number, (key, _) in reversed(list(enumerate(pairs))) if isinstance(key.value, str)}
    seen: set[str] = set()
    for key, value in patch.value:
        number = known.get(key.value) if isinstance(key, yaml.ScalarNode) and key.value not in seen else None
        old = None if number is None else pairs[number][1]
        pair = (key, _merged(old, value, is_map=is_map or key.value == _MAPS))
        if number is None:
            pairs.append(pair)
        else:
            pairs[number] = pair
        seen.update([key.value] if isinstance(key, yaml.ScalarNode) else [])
    kept = [(key, value) for key, value in pairs if not (is_map and key.value in seen and is_null(value))]
    return yaml.MappingNode("", kept, marks.start_mark, marks.end_mark)


def _list(base: yaml.Node, patch: yaml.Node) -> yaml.Node:
    """Item by item where a key tells them apart, else the overlay's list as a whole."""
    items: list[yaml.Node] = list(base.value)
    key = next((each for each in ITEM_KEYS if _all_have(each, items) and _all_have(each, patch.value)), "")
    if not key:
        return patch
    numbers = {_which(item, key): number for number, item in reversed(list(enumerate(items)))}
    for item in patch.value:
        number = numbers.get(_which(item, key))
        if number is None:
            items.append(_merged(None, item, is_map=False))
        else:
            items[number] = _merged(items[number], item, is_map=False)
    return yaml.SequenceNode("", items, base.start_mark, base.end_mark)


def _all_have(key: str, items: list[yaml.Node]) -> bool:
    return bool(items) and all(_which(item, key) for item in items)


def _which(item: yaml.Node, key: str) -> str:
    """The value that tells an item apart; an environment as it is meant, however it is written."""
    text = _text(item, key)
    if key == "environment":
        return re.sub(r"[\s-]", "_", text.strip()).upper().removeprefix("ENVIRONMENT_")
    return text
