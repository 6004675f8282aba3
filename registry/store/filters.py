"""AIP-160 expressions as SQL conditions over a kind's columns."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_, select

from registry.domain.filter import LARGEST, And, Comparison, Node, Not, Or, enum_value
from registry.errors import Invalid
from registry.store import kinds
from registry.store.kinds import COMMON, Field, Kind
from registry.store.tables import OfferingCapabilityRow

MEMBERS: Any = OfferingCapabilityRow.__table__  # type: ignore[attr-defined]


def condition(kind: Kind, node: Node) -> ColumnElement[bool]:
    """The condition; Invalid FILTER_INVALID where the field or the value does not fit."""
    if isinstance(node, And):
        return and_(*(condition(kind, child) for child in node.children))
    if isinstance(node, Or):
        return or_(*(condition(kind, child) for child in node.children))
    if isinstance(node, Not):
        return not_(condition(kind, node.child))
    return _comparison(kind, node)


def needs(kind: Kind, node: Node | None) -> list[tuple[str, str]]:
    """Columns with the value that a row must have: a quick look that spares matching most documents."""
    parts = node.children if isinstance(node, And) else (node,)
    return [need for part in parts if (need := _need(kind, part))]


def _need(kind: Kind, node: Node | None) -> tuple[str, str] | None:
    if not isinstance(node, Comparison) or node.operator != "=":
        return None
    field = field_of(kind, node.field)
    return (field.column, node.value) if field is not None and field.form == kinds.TEXT else None


def member_of(kind: Kind, node: Node | None) -> tuple[str, Node | None] | None:
    """A capability that all of the answer must have, and the rest of the filter; None when there is no such one."""
    parts = node.children if isinstance(node, And) else (node,)
    for place, part in enumerate(parts):
        field = field_of(kind, part.field) if isinstance(part, Comparison) and part.operator == ":" else None
        if isinstance(part, Comparison) and field is not None and field.form == kinds.MEMBER:
            rest = tuple(each for each in (*parts[:place], *parts[place + 1 :]) if each is not None)
            return part.value, And(rest) if rest else None
    return None


def field_of(kind: Kind, name: str) -> Field | None:
    """The filterable field of that name."""
    return kind.fields.get(name) or COMMON.get(name)


def _comparison(kind: Kind, node: Comparison) -> ColumnElement[bool]:
    field = field_of(kind, node.field)
    if field is None:
        known = ", ".join(sorted({**COMMON, **kind.fields}))
        raise _invalid(node, f"cannot be filtered; use one of {known}")
    if field.form == kinds.MEMBER:
        return _member(kind, node)
    column = kind.table.c[field.column]
    if field.form == kinds.LISTED:
        return _listed(column, node)
    value = _value(field, node)
    if node.operator == ":":
        texts = field.form in {kinds.TEXT, kinds.FOLDED}
        found: ColumnElement[bool] = column.contains(value, autoescape=True) if texts else column == value
        return found
    operators: dict[str, Any] = {"=": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__"}
    operators |= {">": "__gt__", ">=": "__ge__"}
    result: ColumnElement[bool] = getattr(column, operators[node.operator])(value)
    return result


def _listed(column: Any, node: Comparison) -> ColumnElement[bool]:
    _asks_for_one(node)
    found: ColumnElement[bool] = column.contains(kinds.listed([node.value]), autoescape=True)
    return found


def _asks_for_one(node: Comparison) -> None:
    if node.operator != ":":
        raise _invalid(node, f'is a list; write {node.field}:"{node.value}"')


def _member(kind: Kind, node: Comparison) -> ColumnElement[bool]:
    _asks_for_one(node)
    wanted = select(MEMBERS.c.offering).where(MEMBERS.c.capability == node.value)
    return kind.table.c.name.in_(wanted)


def _value(field: Field, node: Comparison) -> Any:
    try:
        if field.form == kinds.NUMBER:
            return _number(node.value)
        if field.form == kinds.TIME:
            return round(datetime.fromisoformat(node.value).timestamp() * 1_000_000)
        if field.form == kinds.ENUM and field.enum is not None:
            return enum_value(field.enum, node.value)
    except (ValueError, KeyError) as error:
        raise _invalid(node, f"cannot be compared with {node.value!r}") from error
    return kinds.fold(node.value) if field.form == kinds.FOLDED else node.value


def _number(text: str) -> float | int:
    """A number that every engine can compare. Errors: ValueError."""
    number = float(text) if re.search(r"[^\d+-]", text) else int(text)
    if not -LARGEST <= number <= LARGEST:
        raise ValueError(text)
    return number


def _invalid(node: Comparison, why: str) -> Invalid:
    return Invalid(
        "FILTER_INVALID",
        f"The filter's field {node.field!r} at position {node.position} {why}.",
        filter=f"{node.field}{node.operator}{node.value}",
        field=node.field,
        position=node.position,
    )
