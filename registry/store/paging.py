"""Keyset paging: a page token says where the last page ended and which query it belongs to."""

import base64
import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_

from registry.domain.authority import EVERYTHING, Sight
from registry.domain.filter import Node
from registry.errors import Invalid
from registry.store import Page, Query, Search
from registry.store.filters import MEMBERS, condition, field_of, member_of
from registry.store.kinds import KINDS, LISTED, MEMBER, Kind
from registry.store.sight import condition as shown_rows
from registry.store.sight import values as bound


def page(connection: Any, query: Query, sight: Sight = EVERYTHING) -> Page:
    """One page of the documents that are shown; the token is '' on the last one."""
    column, descending = _order(KINDS[query.kind], query.order_by)
    values: dict[str, Any] = {"most": query.page_size + 1, "parent": query.parent}
    if query.page_token:
        values["key"], values["last"] = place(query)
    below = bool(query.parent) and not query.parent.endswith("/-")
    limited = None if sight.everything else bool(sight.organisations)
    statement = _statement(query.kind, column, descending, below, bool(query.page_token), query.filter, limited)
    if limited is not None:
        values |= bound(sight)
    rows = connection.execute(statement, values).all()
    more = len(rows) > query.page_size
    rows = rows[: query.page_size]
    following = token(query, [rows[-1][1], rows[-1][2]]) if more else ""
    return Page([row[0] for row in rows], following)


@lru_cache(maxsize=512)
def _statement(  # noqa: PLR0917 - the key of the cache
    noun: str, column: str, descending: bool, below: bool, after: bool, where: Node | None, limited: bool | None
) -> Select[Any]:
    """The statement of a query, but for its place. Kept, because building one costs as much as running it."""
    kind = KINDS[noun]
    table = kind.table
    order, name = table.c[column], table.c.name
    statement = select(table.c.document, order.label("k"), name).limit(bindparam("most"))
    if column == "name" and (member := member_of(kind, where)):  # in the order of the members: only their rows are read
        statement = statement.join(MEMBERS, MEMBERS.c.offering == name).where(MEMBERS.c.capability == member[0])
        order, name, where = MEMBERS.c.offering, MEMBERS.c.offering, member[1]
    if below:
        statement = statement.where(table.c.parent == bindparam("parent"))
    if where is not None:
        statement = statement.where(condition(kind, where))
    if limited is not None and (shown := shown_rows(noun, limited)) is not None:
        statement = statement.where(shown)
    keys = [name] if column == "name" else [order, name]
    if after:
        statement = statement.where(_beyond(keys, descending))
    return statement.order_by(*(key.desc() if descending else key for key in keys))


def _beyond(keys: list[Any], descending: bool) -> Any:
    """The condition for what comes after the place `last`, or after `key` and `last`."""
    here: Any = tuple_(*keys) if len(keys) > 1 else keys[0]
    there: Any = tuple_(bindparam("key"), bindparam("last")) if len(keys) > 1 else bindparam("last")
    return here < there if descending else here > there


def _order(kind: Kind, order_by: str) -> tuple[str, bool]:
    parts = order_by.split() or ["name"]
    field = field_of(kind, parts[0])
    if field is None or field.form in {MEMBER, LISTED} or parts[1:] not in ([], ["asc"], ["desc"]):
        message = f"Cannot order by {order_by!r}: write a field that can be filtered, optionally followed by ' desc'."
        raise Invalid("ORDER_INVALID", message, order_by=order_by)
    return field.column, parts[1:] == ["desc"]


def token(query: Query | Search, key: list[Any]) -> str:
    """The page token of what comes after a key: what is ordered by, and the name."""
    return base64.urlsafe_b64encode(json.dumps([_fingerprint(query), *key]).encode()).decode()


def place(query: Query | Search) -> tuple[Any, str]:
    """The key in the query's page token. Errors: PAGE_TOKEN_INVALID, also for that of another query."""
    try:
        fingerprint, key, name = json.loads(base64.urlsafe_b64decode(query.page_token.encode()))
    except (ValueError, TypeError):
        fingerprint, key, name = "", None, ""
    if fingerprint != _fingerprint(query) or not isinstance(name, str) or not isinstance(key, str | int | float):
        message = "The page token is malformed or of another query: start again without it."
        raise Invalid("PAGE_TOKEN_INVALID", message)
    return key, name


def _fingerprint(query: Query | Search) -> str:
    return hashlib.sha256(repr(replace(query, page_size=0, page_token="")).encode()).hexdigest()[:16]
