"""The few lines in which SQLite and PostgreSQL differ."""

import sqlite3
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Table, create_engine, event, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from registry.errors import RegistryError, TooLarge, Unavailable

BUSY_TIMEOUT_MS = 5000
RETRY_AFTER_MS = 250
POOL_SIZE = 8


def make_engine(url: str, *, writer: bool) -> Engine:
    """An engine whose transactions are snapshots (readers) or take the write lock at once (the writer)."""
    if url.startswith("sqlite"):
        return _sqlite(url, "BEGIN IMMEDIATE" if writer else "BEGIN")
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    isolation = "READ COMMITTED" if writer else "REPEATABLE READ"
    return create_engine(url, isolation_level=isolation, pool_size=POOL_SIZE, pool_pre_ping=True)


def _sqlite(url: str, begin: str) -> Engine:
    engine = create_engine(url, pool_size=POOL_SIZE, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_sqlite(engine: Engine) -> bool:
    """Whether the engine speaks SQLite."""
    return engine.dialect.name == "sqlite"


def upsert(engine: Engine, table: Table, key: str = "name") -> Any:
    """INSERT that replaces the row of the same key."""
    insert = (sqlite.insert if is_sqlite(engine) else postgresql.insert)(table)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name != key}
    return insert.on_conflict_do_update(index_elements=[key], set_=rest)


def insert_missing(engine: Engine, table: Table) -> Any:
    """INSERT that leaves a row of the same key alone."""
    return (sqlite.insert if is_sqlite(engine) else postgresql.insert)(table).on_conflict_do_nothing()


def locked(engine: Engine, select: Select[Any]) -> Select[Any]:
    """The row lock that makes commits follow each other; SQLite holds its write lock already."""
    return select if is_sqlite(engine) else select.with_for_update()


def clock_us(engine: Engine) -> ColumnElement[int]:
    """The database's own clock, in microseconds since 1970."""
    text = (
        "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)"
        if is_sqlite(engine)
        else "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
    )
    return literal_column(text)


def is_serialisation_failure(error: DBAPIError) -> bool:
    """PostgreSQL asks to run the transaction again (40001, 40P01)."""
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def translate(error: DBAPIError) -> RegistryError:
    """What a caller may know of a driver's error; the full one goes to the log."""
    text = str(error.orig).lower()
    if "full" in text or getattr(error.orig, "sqlstate", None) == "53100":
        return TooLarge("STORE_FULL", "The store has no room: free space, then try again. Reads go on.")
    return Unavailable(
        "STORE_UNAVAILABLE",
        f"The store is busy or cannot be reached; try again in {RETRY_AFTER_MS} ms.",
        retry_after_ms=RETRY_AFTER_MS,
    )
