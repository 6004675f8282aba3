"""AIP-160 expressions as SQL conditions over a kind's columns."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_, select

from registry.domain.filter import And, Comparison, Node, Not, Or, enum_value
from registry.errors import Invalid
from registry.store import kinds
from registry.store.kinds import COMMON, Field, Kind
from registry.store.tables import OfferingCapabilityRow

_MEMBERS: Any = OfferingCapabilityRow.__table__  # type: ignore[attr-defined]


def condition(kind: Kind, node: Node) -> ColumnElement[bool]:
    """The condition; Invalid FILTER_INVALID where the field or the value does not fit."""
    if isinstance(node, And):
        return and_(*(condition(kind, child) for child in node.children))
    if isinstance(node, Or):
        return or_(*(condition(kind, child) for child in node.children))
    if isinstance(node, Not):
        return not_(condition(kind, node.child))
    return _comparison(kind, node)


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
    value = _value(field, node)
    if node.operator == ":":
        texts = field.form in {kinds.TEXT, kinds.FOLDED}
        found: ColumnElement[bool] = column.contains(value, autoescape=True) if texts else column == value
        return found
    operators: dict[str, Any] = {"=": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__"}
    operators |= {">": "__gt__", ">=": "__ge__"}
    result: ColumnElement[bool] = getattr(column, operators[node.operator])(value)
    return result


def _member(kind: Kind, node: Comparison) -> ColumnElement[bool]:
    if node.operator != ":":
        raise _invalid(node, f'is a list; write {node.field}:"{node.value}"')
    wanted = select(_MEMBERS.c.offering).where(_MEMBERS.c.capability == node.value)
    return kind.table.c.name.in_(wanted)


def _value(field: Field, node: Comparison) -> Any:
    try:
        if field.form == kinds.NUMBER:
            return float(node.value) if "." in node.value else int(node.value)
        if field.form == kinds.TIME:
            return round(datetime.fromisoformat(node.value).timestamp() * 1_000_000)
        if field.form == kinds.ENUM and field.enum is not None:
            return enum_value(field.enum, node.value)
    except (ValueError, KeyError) as error:
        raise _invalid(node, f"cannot be compared with {node.value!r}") from error
    return kinds.fold(node.value) if field.form == kinds.FOLDED else node.value


def _invalid(node: Comparison, why: str) -> Invalid:
    return Invalid(
        "FILTER_INVALID",
        f"The filter's field {node.field!r} at position {node.position} {why}.",
        filter=f"{node.field}{node.operator}{node.value}",
        field=node.field,
        position=node.position,
    )
