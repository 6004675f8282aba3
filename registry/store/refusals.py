"""What was refused, and when keys were used: rows beside the ledger."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from registry.errors import Invalid
from registry.store.access_tables import KeyUseRow, RefusalRow

REFUSALS: Any = RefusalRow.__table__  # type: ignore[attr-defined]
USES: Any = KeyUseRow.__table__  # type: ignore[attr-defined]
KEPT_US = 90 * 24 * 3600 * 1_000_000
_PLACE = tuple(REFUSALS.c[name] for name in ("time_us", "principal", "peer", "method", "resource", "reason"))


def page(connection: Connection, size: int, token: str) -> tuple[list[Any], str]:
    """A page of refusals, the newest first."""
    query = select(REFUSALS).order_by(*(column.desc() for column in _PLACE)).limit(size + 1)
    if token:
        query = query.where(tuple_(*_PLACE) < tuple_(*_place(token)))
    rows = list(connection.execute(query))
    more = len(rows) > size
    return rows[:size], _token(rows[size - 1]) if more else ""


def key_uses(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """When keys were last used."""
    found = connection.execute(select(USES).where(USES.c.name.in_(list(names))))
    return {row.name: row.time_us for row in found}


def forget(connection: Connection, now_us: int) -> None:
    """Drop what is older than 90 days."""
    connection.execute(delete(REFUSALS).where(REFUSALS.c.time_us < now_us - KEPT_US))


def _token(row: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(row)[: len(_PLACE)]).encode()).decode()


def _place(token: str) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
        time, *texts = place
        if isinstance(time, int) and len(place) == len(_PLACE) and all(isinstance(each, str) for each in texts):
            return [time, *texts]
    except (ValueError, TypeError):
        pass
    raise Invalid("PAGE_TOKEN_INVALID", "The page token is malformed: start again without it.")
