"""Alternatives (`anyOf`, `oneOf`): each part of what comes must lie inside one of those that are taken."""

from collections.abc import Iterator
from typing import Any, Protocol

from registry.contracts.documents.alike import alike
from registry.contracts.documents.gap import PIECE, Gap, Pair, cut
from registry.contracts.documents.nodes import Node, Undecidable
from registry.contracts.documents.shape import Schema, Shape, shape
from registry.contracts.documents.values import NUMBERS, shown

PIECES, ALTERNATIVES = 100, 256


class Demands(Protocol):
    """What takes further demands, and tries them beside."""

    forward: bool
    hidden: str

    def push(self, sub: Schema, sup: Schema, at: str) -> None:
        """Demand that values of `sub` are values of `sup`."""

    def holds(self, sub: Schema, sup: Schema) -> bool | None:
        """Whether that would hold."""


def gaps(demands: Demands, sub: Shape, sup: Shape, at: str) -> Iterator[Gap]:
    """Everything that keeps values of `sub` from being values of `sup`, where either has alternatives."""
    if len(sub.leaves) == len(sup.leaves) and all(map(alike, sub.leaves, sup.leaves)):
        return
    if sub.unions:
        for alternative in _alternatives(sub):
            demands.push(alternative, sup.leaves, at)
        return
    alternatives = _alternatives(sup)
    first = sub.leaves[0] if sub.leaves else Node(sup.leaves[0].document, f"{at}{PIECE}", {})
    for piece in _pieces(sub, first):
        yield from _piece(demands, Pair(sub, sup, demands.forward, at), piece, alternatives)


def _alternatives(of: Shape) -> list[Schema]:
    """What the first of the unions makes of the shape, one schema for each alternative."""
    holder, word = of.unions[0]
    found = holder.children(word)
    if len(found) > ALTERNATIVES:
        raise Undecidable(f"There are more than {ALTERNATIVES} alternatives at one place.")
    others = tuple(leaf.masked(word) if leaf == holder else leaf for leaf in of.leaves)
    return [(*others, branch) for branch in found.values()]


def _pieces(sub: Shape, first: Node) -> list[Schema]:
    """The shape by its values or types, so that several alternatives together can take it."""
    if sub.enum is not None and len(sub.enum) <= PIECES:
        parts: list[dict[str, Any]] = [{"enum": [value]} for value in sub.enum.values()]
    else:
        whole = sub.types - (NUMBERS if sub.types >= NUMBERS else frozenset())
        words = sorted("number" if word == "fraction" else word for word in whole)
        parts = [{"type": word} for word in [*words, *(["number"] if sub.types >= NUMBERS else [])]]
    if len(parts) < 2:  # noqa: PLR2004 - one part is the whole
        return [sub.leaves or (first,)]
    made = [Node(first.document, f"{first.pointer}{PIECE}{number}", part) for number, part in enumerate(parts)]
    return [(*sub.leaves, node) for node in made]


def _piece(demands: Demands, pair: Pair, piece: Schema, alternatives: list[Schema]) -> Iterator[Gap]:
    found = [demands.holds(piece, each) for each in alternatives]
    if True in found:
        taken = found.index(True)
        yield from _taken_once(demands, pair, piece, [*alternatives[:taken], *alternatives[taken + 1 :]])
        return
    partner = _partner(demands.hidden, piece, alternatives)
    if partner is not None:
        demands.push(piece, partner, pair.place)
    else:
        what, why = shown(piece[-1].value), "Whether an alternative takes it is not worked out."
        before, after = (what, "") if pair.forward else ("", what)
        yield Gap("alternatives", cut(piece[-1]), before, after, why=why, sure=None not in found)


def _taken_once(demands: Demands, pair: Pair, piece: Schema, others: list[Schema]) -> Iterator[Gap]:
    """What more than one alternative of `oneOf` takes is refused (Core 2020-12, 10.2.1.3)."""
    word = pair.sup.unions[0][1]
    if word == "oneOf" and not pair.sup.said("discriminator") and not _apart(demands.hidden, piece, others):
        why = "More than one alternative of oneOf might take the same value, and then none does."
        yield pair.gap("alternatives", word, sure=False, why=why)


def _partner(hidden: str, piece: Schema, alternatives: list[Schema]) -> Schema | None:
    """The alternative that was probably meant for it, whose differences are worth telling one by one."""
    mine = shape(piece, hidden)
    fitting = [each for each in alternatives if shape(each, hidden).types & mine.types]
    if len(fitting) == 1:
        return fitting[0]
    targets = {node.target().pointer for node in piece}
    same = [each for each in fitting if each[-1].target().pointer in targets]
    return same[0] if same else None


def _apart(hidden: str, piece: Schema, others: list[Schema]) -> bool:
    mine = shape(piece, hidden)
    return all(_disjoint(mine, shape(each, hidden), hidden) for each in others)


def _disjoint(left: Shape, right: Shape, hidden: str) -> bool:
    """Whether no value can be both, as far as types, values and properties that tell alternatives apart say."""
    common = left.types & right.types
    if not common or (left.enum is not None and right.enum is not None and not left.enum.keys() & right.enum.keys()):
        return True
    if common != {"object"} or left.unions or right.unions:
        return False
    return _absent(left, right) or _absent(right, left, only_closed=True) or _told_apart(left, right, hidden)


def _absent(left: Shape, right: Shape, *, only_closed: bool = False) -> bool:
    """Whether `right` requires what is never in an object of `left` (see `members`)."""
    unnamed = right.required - left.properties.keys()
    shut = left.closed or not (only_closed or left.rest is not None or left.open_said)
    return bool(unnamed) and shut and not left.patterns


def _told_apart(left: Shape, right: Shape, hidden: str) -> bool:
    for name in (left.required | right.required) & left.properties.keys() & right.properties.keys():
        one, other = shape(left.properties[name], hidden), shape(right.properties[name], hidden)
        if not one.types & other.types:
            return True
        if one.enum is not None and other.enum is not None and not one.enum.keys() & other.enum.keys():
            return True
    return False
