"""One object inside another: its properties by name, those that are required, and those that nobody named.

A name is a promise. Who keeps to a contract sends the properties that it names and no others, unless it says
`additionalProperties`; and a property that is not named any more is gone for those who use it, even if it was optional.
Without the first, every new optional property would break, since somebody might have sent anything under its name.
"""

from collections.abc import Iterator
from typing import Protocol

from registry.contracts.documents.gap import Gap, Pair, cut
from registry.contracts.documents.shape import Schema, Shape


class Demands(Protocol):
    """What takes further demands while a pair is looked at."""

    def push(self, sub: Schema, sup: Schema, at: str) -> None:
        """Demand that values of `sub` are values of `sup`."""


def gaps(demands: Demands, pair: Pair) -> Iterator[Gap]:
    """Everything about its members that keeps an object of `sub` from being one of `sup`."""
    sub, sup = pair.sub, pair.sup
    for name in sorted(sup.required - sub.required):
        yield pair.named("required", name, "required")
    yield from _dependent(pair)
    yield from _patterns(demands, pair)
    for name in sorted(sub.properties.keys() | sup.properties.keys()):
        if name in sub.properties and name in sup.properties:
            demands.push(sub.properties[name], sup.properties[name], _place(pair.after, name))
        elif name in pair.before.properties:
            yield from _removed(demands, pair, name)
        else:
            yield from _added(demands, pair, name)
    yield from _rest(demands, pair)


def _removed(demands: Demands, pair: Pair, name: str) -> Iterator[Gap]:
    """Gone, unless what is said of all other properties still describes it."""
    rest, at = pair.after.rest, _place(pair.before, name)
    if rest is None or pair.after.closed:
        yield Gap("property-removed", at, before=name)
    elif pair.forward:
        demands.push(pair.before.properties[name], rest, at)
    else:
        demands.push(rest, pair.before.properties[name], at)


def _added(demands: Demands, pair: Pair, name: str) -> Iterator[Gap]:
    before, now, at = pair.before, pair.after.properties[name], _place(pair.after, name)
    if pair.forward:
        if not before.closed and (before.rest is not None or before.open_said):
            demands.push(before.rest or (), now, at)
    elif before.closed:
        yield Gap("closed-property-added", at, after=name)
    else:
        yield Gap("property-added", at, after=name)
        demands.push(now, before.rest or (), at)


def _rest(demands: Demands, pair: Pair) -> Iterator[Gap]:
    sub, sup = pair.sub, pair.sup
    if sub.closed or (sup.rest is None and not sup.closed):
        return
    if sup.closed or sub.rest is None:
        yield pair.gap("additional-properties", "additionalProperties", "unevaluatedProperties")
    else:
        demands.push(sub.rest, sup.rest or (), pair.pointer("additionalProperties"))


def _patterns(demands: Demands, pair: Pair) -> Iterator[Gap]:
    """Regular expressions are not run: the same ones match the same names, and of others nobody can say."""
    sub, sup = pair.sub, pair.sup
    if not (sub.patterns or sup.patterns or "unevaluated" in sup.opaque):
        return
    if sub.patterns.keys() != sup.patterns.keys() or sub.properties.keys() != sup.properties.keys():
        why = "Which properties the regular expressions mean is not worked out, and the names on both sides differ."
        yield pair.gap("pattern-properties", "patternProperties", sure=False, why=why)
        return
    for text, schema in sup.patterns.items():
        demands.push(sub.patterns[text], schema, pair.pointer("patternProperties"))


def _dependent(pair: Pair) -> Iterator[Gap]:
    sub = pair.sub
    for name, wanted in pair.sup.dependent.items():
        absent = sub.closed and name not in sub.properties
        if not absent and wanted - sub.required - sub.dependent.get(name, set()):
            yield pair.gap("dependent-required", "dependentRequired")


def _place(shape: Shape, name: str) -> str:
    return cut(shape.properties[name][0])
