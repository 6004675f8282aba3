"""Whether two schemas say the same word for word, wherever their references lead: then nothing has to be worked out."""

from collections.abc import Iterator
from typing import Any

from registry.contracts.documents.nodes import Node, Undecidable
from registry.contracts.documents.values import key

Pair = tuple[Node, Node]
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "dependencies"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS = frozenset(
    {"items", "additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "propertyNames"}
    | {"contains", "not", "if", "then", "else", "contentSchema"}
)
_SETS = frozenset({"type", "required", "enum"})
_SILENT = frozenset(
    {"title", "description", "example", "examples", "$comment", "externalDocs", "xml", "$id", "id", "$anchor"}
    | {"$schema", "$defs", "definitions", "$ref"}
)


def alike(left: Node, right: Node) -> bool:
    """Whether nothing but words for people differs. False where a reference cannot be followed."""
    return _all_alike([(left, right)])


def alike_in(left: Node, right: Node, word: str) -> bool:
    """Whether two schemas say the same with one keyword."""
    pairs = _pairs(left, right, word)
    return pairs is not None and _all_alike(pairs)


def _all_alike(open_: list[Pair]) -> bool:
    seen = set()
    try:
        while open_:
            pair = open_.pop()
            if pair in seen:
                continue
            seen.add(pair)
            more = _below(*pair)
            if more is None:
                return False
            open_.extend(more)
    except Undecidable:
        return False
    return True


def _below(left: Node, right: Node) -> list[Pair] | None:
    """The schemas that have to be alike too, or None when these are not."""
    if left.document.siblings != right.document.siblings:
        return None
    if not left.document.siblings:
        left, right = left.target(), right.target()
    if not (isinstance(left.value, dict) and isinstance(right.value, dict)):
        return [] if key(left.value) == key(right.value) else None
    words = _words(left)
    if words != _words(right):
        return None
    found: list[Pair] = []
    if left.has("$ref") != right.has("$ref"):
        return None
    if left.has("$ref"):
        found.append(tuple(each.document.at(str(each.get("$ref")), each.pointer) for each in (left, right)))  # type: ignore[arg-type]
    for word in words:
        more = _pairs(left, right, word)
        if more is None:
            return None
        found.extend(more)
    return found


def _words(node: Node) -> set[str]:
    return {word for word in node.value if node.has(word) and word not in _SILENT and not word.startswith("x-")}


def _pairs(left: Node, right: Node, word: str) -> list[Pair] | None:
    one, other = left.get(word), right.get(word)
    if type(one) is not type(other):
        return None if word not in _SETS or _set(one) != _set(other) else []
    if (word in _MAPS and isinstance(one, dict)) or (isinstance(one, list) and word in _LISTS | _SCHEMAS):
        mine, yours = left.children(word), right.children(word)
        return [(mine[name], yours[name]) for name in mine] if mine.keys() == yours.keys() else None
    if word in _SCHEMAS:
        return [(left.child(word), right.child(word))]
    same = _set(one) == _set(other) if word in _SETS else key(one) == key(other)
    return [] if same else None


def _set(value: Any) -> set[str]:
    return set(_keys(value))


def _keys(value: Any) -> Iterator[str]:
    yield from map(key, value if isinstance(value, list) else [value])


def inlined(node: Node, levels: int = 16) -> Any:
    """The value with what its references lead to in their place, to compare it word for word. Errors: Undecidable."""
    if levels < 0:
        raise Undecidable("References are nested too deep to be written out.")
    node = node.target()
    if isinstance(node.value, dict):
        return {name: inlined(node.child(name), levels - 1) for name in node.value}
    if isinstance(node.value, list):
        return [inlined(node.child(number), levels - 1) for number in range(len(node.value))]
    return node.value
