"""The ledger: how an entry is hashed, read back and verified."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import BigInteger, Connection, Engine, bindparam, delete, func, select, update

from registry.api.v1.change_pb2 import Change
from registry.errors import Invalid
from registry.store import Entry, tree
from registry.store.dialects import text
from registry.store.tables import ChangeRow, HeadRow

CHANGES: Any = ChangeRow.__table__  # type: ignore[attr-defined]
HEAD: Any = HeadRow.__table__  # type: ignore[attr-defined]
GENESIS = "0" * 64
PAGE = 1000
_HEAD = select(HEAD)
_LOCKED_HEAD = _HEAD.with_for_update()
in_order = itemgetter(*(column.name for column in CHANGES.columns))
_hashed = itemgetter(*(column.name for column in CHANGES.columns if column.name != "hash"))


def entry_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over every column but the hash itself, each with its length, in the order of the table."""
    parts: list[bytes] = []
    for value in _hashed(row):
        data = value if isinstance(value, bytes) else str(value).encode()
        parts += (b"%d:" % len(data), data)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def to_change(row: Any, generation: str) -> Change:
    """A row, in the order of the table, as the message that feeds and events carry."""
    revision, batch_end, time_us, event_type, kind, name, document, etag, actor, behalf, request_id, trace, *chain = row
    change = Change(
        revision=revision,
        generation=generation,
        event_type=event_type,
        kind=kind,
        name=name,
        etag=etag,
        actor=actor,
        on_behalf_of=behalf,
        request_id=request_id,
        traceparent=trace,
        previous_hash=chain[0],
        hash=chain[1],
        batch_end_revision=batch_end,
    )
    time = change.time  # filled in place: a copy costs a microsecond
    time.seconds, time.nanos = time_us // 1_000_000, time_us % 1_000_000 * 1000
    getattr(change.resource, kind).MergeFromString(document)
    return change


def from_revision(connection: Connection, start: int, limit: int, kinds: Sequence[str]) -> Iterable[Any]:
    """Rows from a revision on, by revision; of the kinds only, when there are any."""
    statement = text(connection.dialect.name, _from_revision(len(kinds)))
    return connection.exec_driver_sql(statement, (start, *kinds, limit, 0))


@lru_cache(maxsize=16)
def _from_revision(kinds: int) -> Any:
    query = select(CHANGES).where(CHANGES.c.revision >= bindparam("start", type_=BigInteger))
    if kinds:
        query = query.where(CHANGES.c.kind.in_([bindparam(f"kind_{number}") for number in range(kinds)]))
    return _limited(query)


def as_stored(connection: Connection, start: int, limit: int, name: str) -> list[Entry]:
    """Entries from a revision on, by revision; of one resource with `name`."""
    statement = text(connection.dialect.name, _as_stored(named=bool(name)))
    rows = connection.exec_driver_sql(statement, (start, *filter(None, [name]), limit, 0)).all()
    return [Entry(*row) for row in rows]


@lru_cache(maxsize=2)
def _as_stored(*, named: bool) -> Any:
    query = select(*(CHANGES.c[field] for field in Entry._fields))
    query = query.where(CHANGES.c.revision >= bindparam("start", type_=BigInteger))
    return _limited(query.where(CHANGES.c.name == bindparam("name")) if named else query)


def _limited(query: Any) -> Any:
    most, offset = bindparam("most", type_=BigInteger), bindparam("offset", type_=BigInteger)
    return query.order_by(CHANGES.c.revision).limit(most).offset(offset)  # SQLite's compiler adds an offset anyway


def timestamp(micros: int) -> Timestamp:
    """Microseconds since 1970 as a Timestamp."""
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def head(connection: Connection) -> Any:
    """The head row."""
    return connection.exec_driver_sql(text(connection.dialect.name, _HEAD)).one()


def locked_head(connection: Connection) -> Any:
    """The head row, with its lock, which makes commits follow each other. SQLite holds its write lock already."""
    statement = _HEAD if connection.dialect.name == "sqlite" else _LOCKED_HEAD
    return connection.exec_driver_sql(text(connection.dialect.name, statement)).one()


@dataclass(frozen=True, slots=True)
class Report:
    """Outcome of a verification; `problem` is empty when the chain holds, else it names the first bad `revision`."""

    checked: int
    head: int
    floor: int
    revision: int = 0
    problem: str = ""


def verify(engine: Engine) -> Report:
    """Recompute the chain from the oldest entry kept to the head."""
    with engine.connect() as connection, connection.begin():
        top = head(connection)
        expected, previous, checked = top.floor, top.floor_hash, 0
        for row in _rows(connection):
            problem = _problem(row, expected, previous, top.revision)
            if problem:
                return Report(checked, top.revision, top.floor, min(row["revision"], expected), problem)
            expected, previous, checked = expected + 1, row["hash"], checked + 1
        if expected <= top.revision:
            return Report(checked, top.revision, top.floor, expected, f"removed: the head says {top.revision}")
        if previous != top.hash:
            return Report(checked, top.revision, top.floor, top.revision, "altered: its hash is not the head's")
        return Report(checked, top.revision, top.floor)


def _rows(connection: Connection) -> Iterator[Any]:
    last = -1
    while True:
        query = select(CHANGES).where(CHANGES.c.revision > last).order_by(CHANGES.c.revision).limit(PAGE)
        rows = connection.execute(query).mappings().all()
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1]["revision"]


def _problem(row: Mapping[str, Any], expected: int, previous: str, newest: int) -> str:
    if row["revision"] > expected:
        return f"removed: revision {expected} is missing"
    if row["revision"] < expected:
        return f"inserted: revision {row['revision']} is below the floor"
    if row["revision"] > newest:
        return f"inserted: the head says {newest}"
    if entry_hash(row) != row["hash"]:
        return "altered: its content does not give its hash"
    if row["previous_hash"] != previous:
        return "inserted: it does not follow from the entry before it"
    return ""


def compact(engine: Engine, floor: int) -> int:
    """Drop entries below `floor` (a revision; at most head + 1); returns how many. The chain goes on from there.

    The tree keeps their hashes. Errors: Invalid; as `tree.extend`.
    """
    with engine.begin() as connection:
        top = head(connection)
        if not top.floor <= floor <= top.revision + 1:
            message = f"The floor must lie between {top.floor} and {top.revision + 1}, and {floor} does not."
            raise Invalid("FIELD_INVALID", message, field="floor")
        while tree.extend(connection) == tree.AT_ONCE:
            pass
        anchor = connection.execute(select(CHANGES.c.hash).where(CHANGES.c.revision == floor - 1)).scalar()
        below = select(func.count()).select_from(CHANGES).where(CHANGES.c.revision < floor)
        count = connection.execute(below).scalar_one()
        connection.execute(delete(CHANGES).where(CHANGES.c.revision < floor))
        connection.execute(update(HEAD).values(floor=floor, floor_hash=anchor or top.floor_hash))
        return int(count)
