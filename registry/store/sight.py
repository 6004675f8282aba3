"""The row filter: what a caller sees of each table, as a condition. The rule is `registry.domain.shown`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select

from registry.api.v1.offering_pb2 import Visibility
from registry.domain.authority import Sight
from registry.store.access_tables import OfferingReaderRow
from registry.store.dialects import Unsearched
from registry.store.kinds import KINDS

READERS: Any = OfferingReaderRow.__table__  # type: ignore[attr-defined]
OPEN_TO_ALL = (0, Visibility.VISIBILITY_PUBLIC)
_SEES: Any = bindparam("sees", expanding=True)
_CIRCLE: Any = bindparam("circle", expanding=True)
_GRANTS: Any = bindparam("grants", expanding=True)


def values(sight: Sight) -> dict[str, Any]:
    """What the conditions are bound to."""
    return {"sees": sorted(sight.organisations), "circle": sorted(sight.circle), "grants": sorted(sight.grants)}


@lru_cache(maxsize=64)
def condition(noun: str, members: bool) -> ColumnElement[bool] | None:
    """Which rows of a noun are shown; None for all. `members`: the caller acts for an organisation."""
    made = _CONDITIONS.get(noun)
    return made(members) if made is not None else None


def is_filtered(sight: Sight, noun: str) -> bool:
    """Whether there may be rows of the noun that are not shown."""
    return not sight.everything and condition(noun, bool(sight.organisations)) is not None


def document(connection: Connection, sight: Sight, noun: str, name: str) -> bytes | None:
    """The document of one row that is shown, or None."""
    wanted = {"wanted": name, **values(sight)}
    found: bytes | None = connection.execute(_document(noun, bool(sight.organisations)), wanted).scalar()
    return found


@lru_cache(maxsize=64)
def _document(noun: str, members: bool) -> Select[tuple[bytes]]:
    """Made once: to make the statement costs seven times what it takes to run it."""
    table, shown = KINDS[noun].table, condition(noun, members)
    query = select(table.c.document).where(table.c.name == bindparam("wanted"))
    return query if shown is None else query.where(shown)


def shown_to(sight: Sight, noun: str) -> ColumnElement[bool] | None:
    """The condition for a caller, with its values; None for all rows."""
    if sight.everything or (made := condition(noun, bool(sight.organisations))) is None:
        return None
    return made.params(values(sight))


def _none(noun: str) -> ColumnElement[bool]:
    """No row: `false()` takes no values."""
    return KINDS[noun].table.c.name.in_(())


def _offerings(members: bool) -> ColumnElement[bool]:
    table, subscriptions, agreements = (KINDS[each].table for each in ("offering", "subscription", "agreement"))
    open_to = (*OPEN_TO_ALL, *([Visibility.VISIBILITY_MEMBERS] if members else ()))
    if not members:
        return Unsearched(table.c.visibility).in_(open_to)
    theirs = (
        select(READERS.c.offering).where(READERS.c.reader.in_(_CIRCLE)),
        select(subscriptions.c.offering).where(subscriptions.c.parent.in_(_SEES)),
        select(agreements.c.offering).where(agreements.c.party.in_(_SEES)),
    )
    restricted = or_(*(table.c.name.in_(each) for each in theirs))
    return or_(Unsearched(table.c.visibility).in_(open_to), table.c.provider.in_(_SEES), restricted)


def _shown_offering(name: ColumnElement[str], members: bool) -> ColumnElement[bool]:
    """Whether the one offering that a row names is shown: all that are need not be looked for."""
    offerings = KINDS["offering"].table
    return select(offerings.c.name).where(offerings.c.name == name, _offerings(members)).correlate(name.table).exists()


def _provided() -> Any:
    table = KINDS["offering"].table
    return select(table.c.name).where(table.c.provider.in_(_SEES))


def _releases(members: bool) -> ColumnElement[bool]:
    return _shown_offering(KINDS["release"].table.c.parent, members)


def _agreements(members: bool) -> ColumnElement[bool]:
    table = KINDS["agreement"].table
    of_class = (table.c.party == "") & _shown_offering(table.c.offering, members)
    return or_(of_class, table.c.party.in_(_SEES), table.c.offering.in_(_provided())) if members else of_class


def _subscriptions(members: bool) -> ColumnElement[bool]:
    table, systems = KINDS["subscription"].table, KINDS["system"].table
    if not members:
        return _none("subscription")
    theirs = select(systems.c.name).where(systems.c.parent.in_(_SEES))
    return or_(table.c.parent.in_(_SEES), table.c.system.in_(theirs), table.c.offering.in_(_provided()))


def _below(noun: str) -> Callable[[bool], ColumnElement[bool]]:
    return lambda members: KINDS[noun].table.c.parent.in_(_SEES) if members else _none(noun)


def _access(noun: str) -> Callable[[bool], ColumnElement[bool]]:
    return lambda _members: KINDS[noun].table.c.organisation.in_(_GRANTS)


_CONDITIONS: Mapping[str, Callable[[bool], ColumnElement[bool]]] = {
    "system": _below("system"),
    "interest": _below("interest"),
    "offering": _offerings,
    "release": _releases,
    "agreement": _agreements,
    "subscription": _subscriptions,
    "grant": _access("grant"),
    "key": _access("key"),
}
