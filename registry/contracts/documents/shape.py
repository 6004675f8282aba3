"""What a schema says, whatever form it is written in: references followed, `allOf` merged, drafts made alike."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from registry.contracts.documents.nodes import Node, Undecidable
from registry.contracts.documents.values import TYPES, exact, key, type_of, types_of

LEAVES = 256
Schema = tuple[Node, ...]
Bound = tuple[Fraction, bool]
# Keywords that are compared as they are written: what they let through is not worked out.
OPAQUE = {
    **dict.fromkeys(("if", "then", "else"), "conditional"),
    **dict.fromkeys(("contains", "minContains", "maxContains"), "contains"),
    **dict.fromkeys(("$dynamicRef", "$recursiveRef"), "dynamic-reference"),
    **dict.fromkeys(("contentEncoding", "contentMediaType", "contentSchema"), "content"),
    **dict.fromkeys(("dependentSchemas", "dependencies"), "dependent-schemas"),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), "unevaluated"),
    "not": "not",
    "propertyNames": "property-names",
}
_COUNTS = ("minLength", "minItems", "minProperties", "maxLength", "maxItems", "maxProperties")


@dataclass(slots=True)
class Shape:
    """The conjunction of some schemas. `rest` is None where `additionalProperties` says nothing or true."""

    leaves: Schema
    words: set[str] = field(default_factory=set)
    types: frozenset[str] = TYPES
    enum: dict[str, Any] | None = None
    lower: Bound | None = None
    upper: Bound | None = None
    multiples: set[Fraction] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=lambda: {"pattern": set(), "format": set()})
    unique: bool = False
    required: set[str] = field(default_factory=set)
    properties: dict[str, Schema] = field(default_factory=dict)
    patterns: dict[str, Schema] = field(default_factory=dict)
    rest: Schema | None = None
    open_said: bool = False
    prefix: list[Schema] = field(default_factory=list)
    items: Schema | None = None
    dependent: dict[str, set[str]] = field(default_factory=dict)
    unions: list[tuple[Node, str]] = field(default_factory=list)
    opaque: dict[str, list[Node]] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether properties without a name of their own are refused."""
        rest = self.rest is not None and any(node.value is False for node in self.rest)
        return rest or any(leaf.get("unevaluatedProperties") is False for leaf in self.leaves)

    def owner(self, *keywords: str) -> Node | None:
        """The first schema in which one of the keywords stands."""
        return next((leaf for leaf in self.leaves if any(leaf.has(each) for each in keywords)), None)

    def said(self, *keywords: str) -> Any:
        """What stands there for the first of the keywords, or None."""
        found = self.owner(*keywords)
        return next((found.get(each) for each in keywords if found.has(each)), None) if found else None


def shape(schema: Schema, hidden: str = "") -> Shape:
    """What the schemas say together. Properties of which `hidden` (`readOnly`, `writeOnly`) is true are left out.

    Errors: Undecidable.
    """
    found = Shape(flat(schema))
    for leaf in found.leaves:
        if leaf.value is False:
            found.types = frozenset()
        elif isinstance(leaf.value, dict):
            _add(found, leaf)
    _rest(found)
    if found.closed and found.opaque.keys() & {"conditional", "dependent-schemas"}:
        raise Undecidable("Which properties a condition adds to a closed object is not worked out.")
    if hidden:
        for name in [name for name, each in found.properties.items() if any(_marked(node, hidden) for node in each)]:
            del found.properties[name]
            found.required.discard(name)
    if found.enum is not None:
        found.enum = {each: value for each, value in found.enum.items() if type_of(value) in found.types}
    return found


def flat(schema: Schema) -> Schema:
    """The schemas without `$ref` and `allOf`: those stand beside them. Errors: Undecidable."""
    if any(node.document.endless for node in schema):
        raise Undecidable("A schema refers to itself without anything in between, so it has no end.")
    leaves, seen, open_ = [], set(), list(reversed(schema))
    while open_:
        node = open_.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(reference := node.get("$ref"), str):
            node.target()
            open_.append(node.document.at(reference, node.pointer))
            if not node.document.siblings:
                continue
        open_.extend(reversed(node.children("allOf").values()))
        leaves.append(node.masked("$ref", "allOf"))
        if len(leaves) > LEAVES:
            raise Undecidable(f"More than {LEAVES} schemas hold at one place.")
    return tuple(leaves)


def _marked(node: Node, word: str) -> bool:
    return node.get(word) is True or node.target().get(word) is True


def _add(found: Shape, leaf: Node) -> None:
    words = leaf.value.keys() - leaf.without
    found.words |= words
    found.types &= _types(leaf)
    for some, add in _PARTS:
        if words & some:
            add(found, leaf)
    for word in sorted(_UNIONS & words):
        found.unions.append((leaf, word))
    for word in [each for each in OPAQUE if each in words]:
        if not (OPAQUE[word] == "unevaluated" and isinstance(leaf.get(word), bool)):
            found.opaque.setdefault(OPAQUE[word], []).append(leaf)


def _types(leaf: Node) -> frozenset[str]:
    said = leaf.get("type")
    words = [said] if isinstance(said, str) else said
    if not isinstance(words, list):
        return TYPES
    null = types_of("null") if leaf.document.nullable and leaf.get("nullable") is True else frozenset()
    return null.union(*(types_of(str(word)) for word in words))


def _values(found: Shape, leaf: Node) -> None:
    for values in (leaf.get("enum"), [leaf.get("const")] if leaf.has("const") else None):
        if isinstance(values, list):
            these = {key(each): each for each in values}
            found.enum = these if found.enum is None else {each: these[each] for each in these if each in found.enum}
    for word, texts in found.texts.items():
        if isinstance(text := leaf.get(word), str):
            texts.add(text)


def _numbers(found: Shape, leaf: Node) -> None:
    for word in _COUNTS:
        if (number := _number(leaf, word)) is not None:
            pick = max if word.startswith("min") else min
            found.counts[word] = pick(found.counts.get(word, int(number)), int(number))
    if (multiple := _number(leaf, "multipleOf")) is not None and multiple > 0:
        found.multiples.add(multiple)
    for bound in _bounds(leaf, "minimum", "exclusiveMinimum"):
        found.lower = max(found.lower or bound, bound)
    for limit, strict in _bounds(leaf, "maximum", "exclusiveMaximum"):
        mine = found.upper
        if mine is None or limit < mine[0] or (limit == mine[0] and strict):
            found.upper = (limit, strict)


def _bounds(leaf: Node, word: str, strict_word: str) -> list[Bound]:
    """Draft 4 and OpenAPI 3.0 have a boolean beside the limit; later drafts a limit of its own."""
    strict = leaf.get(strict_word)
    limit = _number(leaf, word)
    found = [] if limit is None else [(limit, strict is True)]
    if not isinstance(strict, bool) and (own := _number(leaf, strict_word)) is not None:
        found.append((own, True))
    return found


def _number(leaf: Node, word: str) -> Fraction | None:
    value = leaf.get(word)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Undecidable(f"{word} is not a number.")
    return exact(value)


def _object(found: Shape, leaf: Node) -> None:
    required = leaf.get("required")
    if isinstance(required, list):
        found.required |= {str(name) for name in required}
    for name, node in leaf.children("properties").items():
        found.properties[name] = (*found.properties.get(name, ()), node)
    for name, node in leaf.children("patternProperties").items():
        found.patterns[name] = (*found.patterns.get(name, ()), node)
    for name, names in (leaf.get("dependentRequired") or {}).items():
        found.dependent[name] = found.dependent.get(name, set()) | {str(each) for each in names}


def _rest(found: Shape) -> None:
    """`additionalProperties` holds for every name that its own schema does not know (Core 2020-12, 10.3.2.3)."""
    for leaf in [leaf for leaf in found.leaves if leaf.has("additionalProperties")]:
        node = leaf.child("additionalProperties")
        if node.value is True or node.value == {}:
            found.open_said = True
            continue
        own = leaf.children("properties")
        if leaf.has("patternProperties") and found.properties.keys() - own.keys():
            raise Undecidable("patternProperties and additionalProperties meet properties of another part of allOf.")
        for name in found.properties.keys() - own.keys():
            found.properties[name] = (*found.properties[name], node)
        found.rest = (*(found.rest or ()), node)


def _array(found: Shape, leaf: Node) -> None:
    found.unique = found.unique or leaf.get("uniqueItems") is True
    old = isinstance(leaf.get("items"), list)
    first, after = ("items", "additionalItems") if old else ("prefixItems", "items")
    prefix = list(leaf.children(first).values())
    rest = (leaf.child(after),) if leaf.has(after) else ()
    for number, node in enumerate(prefix):
        if number == len(found.prefix):
            found.prefix.append(found.items or ())
        found.prefix[number] = (*found.prefix[number], node)
    for number in range(len(prefix), len(found.prefix)):
        found.prefix[number] = (*found.prefix[number], *rest)
    if rest:
        found.items = (*(found.items or ()), *rest)


_UNIONS = frozenset({"anyOf", "oneOf"})
_PARTS = (
    (frozenset({"enum", "const", "pattern", "format"}), _values),
    (frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", *_COUNTS}), _numbers),
    (frozenset({"required", "properties", "patternProperties", "dependentRequired"}), _object),
    (frozenset({"items", "prefixItems", "additionalItems", "uniqueItems"}), _array),
)
