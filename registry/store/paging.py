"""Keyset paging: a page token says where the last page ended and which query it belongs to."""

import base64
import hashlib
import json
from typing import Any

from sqlalchemy import Select, select, tuple_

from registry.errors import Invalid
from registry.store import Page, Query
from registry.store.filters import condition, field_of
from registry.store.kinds import KINDS, MEMBER, Kind, fold


def page(connection: Any, query: Query) -> Page:
    """One page of documents; the token is '' on the last one."""
    kind = KINDS[query.kind]
    column, descending = _order(kind, query.order_by)
    rows = connection.execute(_statement(kind, query, column, descending)).all()
    more = len(rows) > query.page_size
    rows = rows[: query.page_size]
    token = _encode(query, [rows[-1][1], rows[-1][2]]) if more else ""
    return Page([row[0] for row in rows], token)


def _statement(kind: Kind, query: Query, column: str, descending: bool) -> Select[Any]:
    table = kind.table
    order, name = table.c[column], table.c.name
    statement = select(table.c.document, order.label("k"), name).limit(query.page_size + 1)
    if query.parent and not query.parent.endswith("/-"):
        statement = statement.where(table.c.parent == query.parent)
    if query.filter is not None:
        statement = statement.where(condition(kind, query.filter))
    for word in query.words:
        statement = statement.where(table.c.words.contains(f" {fold(word)}", autoescape=True))
    if query.page_token:
        key, last = _decode(query)
        if column == "name":
            statement = statement.where(name < last if descending else name > last)
        else:
            here = tuple_(order, name)
            statement = statement.where(here < (key, last) if descending else here > (key, last))
    keys = [name] if column == "name" else [order, name]
    return statement.order_by(*(key.desc() if descending else key for key in keys))


def _order(kind: Kind, order_by: str) -> tuple[str, bool]:
    parts = order_by.split() or ["name"]
    field = field_of(kind, parts[0])
    if field is None or field.form == MEMBER or len(parts) > 2 or parts[1:] not in ([], ["asc"], ["desc"]):
        message = f"Cannot order by {order_by!r}: write a field that can be filtered, optionally followed by ' desc'."
        raise Invalid("ORDER_INVALID", message, order_by=order_by)
    return field.column, parts[1:] == ["desc"]


def _fingerprint(query: Query) -> str:
    parts = repr((query.kind, query.parent, query.filter, query.order_by, tuple(query.words)))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _encode(query: Query, key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([_fingerprint(query), *key]).encode()).decode()


def _decode(query: Query) -> tuple[Any, str]:
    try:
        fingerprint, key, name = json.loads(base64.urlsafe_b64decode(query.page_token.encode()))
    except (ValueError, TypeError):
        fingerprint, key, name = "", None, ""
    if fingerprint != _fingerprint(query) or not isinstance(name, str) or not isinstance(key, str | int | float):
        message = "The page token is malformed or of another query: start again without it."
        raise Invalid("PAGE_TOKEN_INVALID", message)
    return key, name
