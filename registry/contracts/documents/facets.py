"""One shape inside another, without alternatives: types, values, numbers, texts and lists; objects are in `members`."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any, Protocol

from registry.contracts.documents import formats, members
from registry.contracts.documents.alike import alike_in
from registry.contracts.documents.gap import Gap, Pair
from registry.contracts.documents.shape import OPAQUE, Bound, Schema, Shape
from registry.contracts.documents.values import NUMBERS, key, shown, type_of

_COUNTED = {"Length": "string", "Items": "array", "Properties": "object"}
UNEQUAL = "What this keyword lets through is not worked out, and it is not the same on both sides."
_TOLD = frozenset({"default", "deprecated", "discriminator"})
_EVERYTHING = frozenset({"", ".*", "^.*$", "^", "$"})


class Demands(Protocol):
    """What takes further demands while a pair is looked at."""

    forward: bool

    def push(self, sub: Schema, sup: Schema, at: str) -> None:
        """Demand that values of `sub` are values of `sup`."""


def gaps(demands: Demands, sub: Shape, sup: Shape, at: str) -> Iterator[Gap]:
    """Everything that keeps values of `sub` from being values of `sup`; what is below is demanded."""
    pair = Pair(sub, sup, demands.forward, at)
    yield from _types(pair)
    yield from _opaque(pair)
    yield from _told(pair)
    finite = sub.enum if sub.enum is not None else _few(sub)
    if finite is not None:
        yield from _values(pair, finite)
        return
    if sup.enum is not None:
        yield pair.gap("enum", "enum", "const")
    if sub.types & sup.types & NUMBERS:
        yield from _numbers(pair)
    yield from _counts(pair)
    if "string" in sub.types & sup.types:
        yield from _patterns(pair)
    yield from formats.gaps(pair)
    if "array" in sub.types & sup.types:
        yield from _lists(demands, pair)
    if "object" in sub.types & sup.types:
        yield from members.gaps(demands, pair)


def _few(sub: Shape) -> dict[str, Any] | None:
    """The values when there are few by type, so that `type: boolean` is inside `enum: [true, false]`."""
    values: dict[str, list[bool | None]] = {"null": [None], "boolean": [False, True]}
    if sub.types <= values.keys():
        return {key(value): value for each in sub.types for value in values[each]}
    return None


def _types(pair: Pair) -> Iterator[Gap]:
    values = pair.sub.enum
    types = pair.sub.types if values is None else {type_of(value) for value in values.values()}
    missing = types - pair.sup.types
    if missing == {"null"}:
        yield pair.gap("nullable", "nullable", "type", "enum")
    elif missing:
        yield pair.gap("type", "type", "enum", "const")


def _opaque(pair: Pair) -> Iterator[Gap]:
    for subject, holders in pair.sup.opaque.items():
        words = [word for word, its in OPAQUE.items() if its == subject]
        mine = [(word, node) for node in pair.sub.opaque.get(subject, []) for word in words if node.has(word)]
        theirs = [(word, node) for node in holders for word in words if node.has(word)]
        same = len(mine) == len(theirs) and all(
            word == other and alike_in(one, two, word) for (word, one), (other, two) in zip(mine, theirs, strict=True)
        )
        if not same:
            yield pair.gap(subject, *words, sure=False, why=UNEQUAL)


def _told(pair: Pair) -> Iterator[Gap]:
    before, after = pair.before, pair.after
    if not _TOLD & (before.words | after.words):
        return
    if before.owner("default") and key(before.said("default")) != key(after.said("default")):
        yield pair.gap("default", "default")
    if after.said("deprecated") is True and before.said("deprecated") is not True:
        yield pair.gap("deprecated", "deprecated")
    mine, theirs = pair.sub.said("discriminator"), pair.sup.said("discriminator")
    if isinstance(theirs, dict) and (not isinstance(mine, dict) or key(mine) != key(theirs)):
        yield from _discriminator(pair, mine if isinstance(mine, dict) else {}, theirs)


def _discriminator(pair: Pair, mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Gap]:
    own, other = mine.get("mapping") or {}, theirs.get("mapping") or {}
    if mine.get("propertyName") != theirs.get("propertyName") or (own.keys() - other.keys()):
        yield pair.gap("discriminator", "discriminator")
    elif any(own[name] != other[name] for name in own):
        yield pair.gap("discriminator", "discriminator", sure=False, why="A value leads to another schema.")


def _values(pair: Pair, values: dict[str, Any]) -> Iterator[Gap]:
    for value in values.values():
        if type_of(value) not in pair.sup.types:
            continue
        taken = accepts(pair, value)
        if taken is False:
            yield pair.named("enum", shown(value), "enum", "const")
        elif taken is None:
            why = f"Whether {shown(value)} is taken is not worked out."
            yield pair.gap("enum", "enum", "const", sure=False, why=why)


def accepts(pair: Pair, value: Any) -> bool | None:
    """Whether a value of `sub` is one of `sup`; None where that is not worked out."""
    sup, mine = pair.sup, pair.sub.texts
    if type_of(value) not in sup.types or (sup.enum is not None and key(value) not in sup.enum):
        return False
    if isinstance(value, str):
        few = sup.counts.get("minLength", 0) <= len(value) <= sup.counts.get("maxLength", len(value))
        open_ = sup.texts["pattern"] - mine["pattern"] - _EVERYTHING or sup.texts["format"] - mine["format"]
        return (None if open_ else True) if few else False
    if isinstance(value, int | float) and not isinstance(value, bool):
        one = (Fraction(repr(value)) if isinstance(value, float) else Fraction(value), False)
        inside = _above(one, sup.lower) and _below(one, sup.upper)
        return inside and all((one[0] / each).denominator == 1 for each in sup.multiples)
    if isinstance(value, dict | list) and value:
        return True if sup.enum is not None and len(sup.leaves) == 1 and len(sup.leaves[0].value) == 1 else None
    return None if isinstance(value, dict | list) and (sup.required or sup.counts) else True


def _numbers(pair: Pair) -> Iterator[Gap]:
    sub, sup = pair.sub, pair.sup
    whole = sub.types & sup.types & NUMBERS == {"integer"}
    if not _above(_at_least(sub.lower, whole), _at_least(sup.lower, whole)):
        yield pair.gap("minimum", "minimum", "exclusiveMinimum")
    if not _below(_at_most(sub.upper, whole), _at_most(sup.upper, whole)):
        yield pair.gap("maximum", "maximum", "exclusiveMaximum")
    step = _common(sub.multiples | ({Fraction(1)} if whole else set()))
    if any(step is None or (step / wanted).denominator > 1 for wanted in sup.multiples):
        yield pair.gap("multiple-of", "multipleOf")


def _common(steps: set[Fraction]) -> Fraction | None:
    """The step of the numbers that keep to all of the steps."""
    if not steps:
        return None
    return Fraction(lcm(*(each.numerator for each in steps)), gcd(*(each.denominator for each in steps)))


def _at_least(bound: Bound | None, whole: bool) -> Bound | None:
    if bound is None or not whole:
        return bound
    return Fraction(floor(bound[0]) + 1 if bound[1] else ceil(bound[0])), False


def _at_most(bound: Bound | None, whole: bool) -> Bound | None:
    if bound is None or not whole:
        return bound
    return Fraction(ceil(bound[0]) - 1 if bound[1] else floor(bound[0])), False


def _above(mine: Bound | None, wanted: Bound | None) -> bool:
    return wanted is None or (mine is not None and mine >= wanted)


def _below(mine: Bound | None, wanted: Bound | None) -> bool:
    return wanted is None or (mine is not None and (mine[0], not mine[1]) <= (wanted[0], not wanted[1]))


def _counts(pair: Pair) -> Iterator[Gap]:
    mine, wanted = _counted(pair.sub), pair.sup.counts
    for word, type_ in _COUNTED.items():
        if type_ not in pair.sub.types & pair.sup.types:
            continue
        if mine.get(f"min{word}", 0) < wanted.get(f"min{word}", 0):
            yield pair.gap(f"min-{word.lower()}", f"min{word}")
        if (most := wanted.get(f"max{word}")) is not None and mine.get(f"max{word}", most + 1) > most:
            yield pair.gap(f"max-{word.lower()}", f"max{word}")


def _counted(sub: Shape) -> dict[str, int]:
    """What is said of counts, and what follows from required and closed."""
    found = dict(sub.counts)
    found["minProperties"] = max(found.get("minProperties", 0), len(sub.required))
    if sub.closed and not sub.patterns:
        found["maxProperties"] = min(found.get("maxProperties", len(sub.properties)), len(sub.properties))
    return found


def _patterns(pair: Pair) -> Iterator[Gap]:
    mine, wanted = pair.sub.texts["pattern"], pair.sup.texts["pattern"] - _EVERYTHING
    if wanted - mine:
        why = "Regular expressions are compared as texts and never run, and these differ."
        yield pair.gap("pattern", "pattern", sure=not mine - _EVERYTHING, why=why)


def _lists(demands: Demands, pair: Pair) -> Iterator[Gap]:
    sub, sup = pair.sub, pair.sup
    most = sub.counts.get("maxItems")
    if sup.unique and not sub.unique and (most is None or most > 1):
        yield pair.gap("unique-items", "uniqueItems")
    places = max(len(sub.prefix), len(sup.prefix))
    for number in range(places + 1):
        if most is None or number < most:
            demands.push(_item(sub, number), _item(sup, number), pair.pointer("items", "prefixItems"))


def _item(shape: Shape, number: int) -> Schema:
    return shape.prefix[number] if number < len(shape.prefix) else shape.items or ()
