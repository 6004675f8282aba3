"""Why a message does not satisfy an expression: every condition that fails, with the value that it has."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from google.protobuf.message import Message

from registry.domain.filter import And, Comparison, Node, Not, Or, describe, find, matches

_WISHES = {"=": "be", "!=": "not be", "<": "be below", "<=": "be at most", ">": "be above", ">=": "be at least"}
_SHOWN = 200


class Unmet(NamedTuple):
    """A condition that fails. `<field> <what>` is a sentence; `condition` is it as it was written."""

    field: str
    what: str
    condition: str


def unmet(node: Node | None, message: Message) -> list[Unmet]:
    """The conditions that fail; of alternatives all, as one. Errors: FILTER_INVALID as `matches`."""
    if node is None or matches(node, message):
        return []
    match node:
        case And(children):
            return [each for child in children for each in unmet(child, message)]
        case Or(children):
            return [_alternatives(node, children, message)]
        case Not(child):
            return [_opposite(child, message)]
    return [Unmet(node.field, f"{_value(node, message)}, must {_wish(node, message)}", describe(node))]


def sentences(found: Iterable[Unmet]) -> str:
    """`county_code is 14, must be 01; kind is ...`."""
    return "; ".join(f"{each.field} {each.what}" for each in found)


def _alternatives(node: Or, children: tuple[Node, ...], message: Message) -> Unmet:
    first = next(iter(_comparisons(node)))
    if all(isinstance(child, Comparison) and child.field == first.field for child in children):
        wishes = " or ".join(_wish(child, message) for child in _comparisons(node))
        return Unmet(first.field, f"{_value(first, message)}, must {wishes}", describe(node))
    parts = [sentences(unmet(child, message)) for child in children]
    what = f"{_value(first, message)}, must {_wish(first, message)}"
    return Unmet(first.field, "; or ".join([what, *parts[1:]]), describe(node))


def _opposite(child: Node, message: Message) -> Unmet:
    first = next(iter(_comparisons(child)))
    if isinstance(child, Comparison):
        return Unmet(first.field, f"{_value(first, message)}, must not {_wish(first, message)}", describe(Not(child)))
    return Unmet(
        first.field, f"{_value(first, message)}, must be other than in {describe(child)}", describe(Not(child))
    )


def _comparisons(node: Node) -> Iterable[Comparison]:
    match node:
        case And(children) | Or(children):
            for child in children:
                yield from _comparisons(child)
        case Not(child):
            yield from _comparisons(child)
        case Comparison():
            yield node


def _wish(node: Comparison, message: Message) -> str:
    if node.operator == ":":
        value, field = find(node, message)
        return f"{'name' if field.is_repeated else 'contain' if isinstance(value, str) else 'be'} {node.value}"
    return f"{_WISHES[node.operator]} {node.value or 'empty'}"


def _value(node: Comparison, message: Message) -> str:
    value, field = find(node, message)
    if field.is_repeated:
        return f"names {', '.join(value)[:_SHOWN] or 'none'}"
    return f"is {_shown(value, field)}"


def _shown(value: Any, field: Any) -> str:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        return known.name.removeprefix(prefix) if known and value else "not set"
    if isinstance(value, Message):
        return value.ToJsonString()  # type: ignore[attr-defined,no-any-return]  # filters know no other than times
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)[:_SHOWN] if value != "" else "not set"
