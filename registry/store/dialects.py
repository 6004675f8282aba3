"""The few lines in which SQLite and PostgreSQL differ."""

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Engine,
    Select,
    Table,
    cast,
    create_engine,
    event,
    literal_column,
    make_url,
    select,
    table,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from registry.errors import Invalid, Precondition, TooLarge, Unavailable

BUSY_TIMEOUT_MS = 5000
RETRY_AFTER_MS = 250
FTS5 = "ENABLE_FTS5"
POOL_SIZE = 8
STATEMENTS = 512  # that a connection keeps prepared: one for each size of a group commit
POSITIONAL: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
# How a server is given up that is gone without a word. A URL may say otherwise.
_REACH = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 4,
}
# After these nobody knows what the disk holds: what failed once may seem to succeed when it is tried again.
_NOT_KEPT = frozenset(
    {
        "SQLITE_IOERR_FSYNC",
        "SQLITE_IOERR_DIR_FSYNC",
        "SQLITE_IOERR_WRITE",
        "SQLITE_IOERR_TRUNCATE",
        "SQLITE_IOERR_CLOSE",
    }
)
_NO_DATABASE = frozenset({"SQLITE_NOTADB", "SQLITE_CORRUPT"})
log = structlog.get_logger(__name__)


def make_engine(url: str, *, writer: bool, serving: bool = False) -> Engine:
    """An engine whose transactions are snapshots (readers) or take the write lock at once (the writer).

    One that is `serving` gives up on a PostgreSQL that does not answer in time (`answering.py`).
    """
    if url.startswith("sqlite"):
        return _sqlite(url, "BEGIN IMMEDIATE" if writer else "BEGIN")
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    isolation = "READ COMMITTED" if writer else "REPEATABLE READ"
    reach = {key: value for key, value in _REACH.items() if key not in make_url(url).query}
    engine = create_engine(url, isolation_level=isolation, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=reach)
    if serving:
        _give_up_in_time(engine, writes=writer)
    return engine


def _give_up_in_time(engine: Engine, *, writes: bool) -> None:
    from registry.store import answering  # noqa: PLC0415 - psycopg is an extra

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, where: Any, options: Any) -> Any:
        return answering.connect(*where, writes=writes, **options)


def in_time(engine: Engine, since: float | None = None) -> contextlib.AbstractContextManager[None]:
    """Within the block, PostgreSQL must give its first answer soon after `since` (monotonic seconds; None: now)."""
    if is_sqlite(engine):  # its busy timeout is the limit
        return contextlib.nullcontext()
    from registry.store import answering  # noqa: PLC0415 - psycopg is an extra

    return answering.first(time.monotonic() if since is None else since)


def _sqlite(url: str, begin: str) -> Engine:
    engine = create_engine(
        url, pool_size=POOL_SIZE, connect_args={"check_same_thread": False, "cached_statements": STATEMENTS}
    )

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


def compiled(dialect: str, statement: Any) -> str:
    """A statement as the driver takes it, with the parameters in the order that they stand in."""
    return str(statement.compile(dialect=POSITIONAL[dialect]))


@lru_cache(maxsize=64)
def text(dialect: str, statement: Any) -> str:
    """The same for what every call does: building and keying such a statement costs more than running it."""
    return compiled(dialect, statement)


def insert(dialect: str, table: Table) -> Any:
    """INSERT of new rows."""
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)


def upsert(dialect: str, table: Table) -> Any:
    """INSERT that replaces the row of the same key."""
    fresh, key = insert(dialect, table), [column.name for column in table.primary_key.columns]
    rest = {column.name: fresh.excluded[column.name] for column in table.columns if column.name not in key}
    return fresh.on_conflict_do_update(index_elements=key, set_=rest)


def insert_missing(dialect: str, table: Table) -> Any:
    """INSERT that leaves a row of the same key alone."""
    return insert(dialect, table).on_conflict_do_nothing()


def locked(engine: Engine, select: Select[Any]) -> Select[Any]:
    """The row lock that makes commits follow each other; SQLite holds its write lock already."""
    return select if is_sqlite(engine) else select.with_for_update()


def searchable(engine: Engine) -> None:
    """Refuse an SQLite that cannot search. Errors: EXTRA_MISSING."""
    if not is_sqlite(engine):
        return
    with engine.connect() as connection:
        if not connection.exec_driver_sql("SELECT sqlite_compileoption_used(?)", (FTS5,)).scalar():
            message = (
                f"SQLite {sqlite3.sqlite_version} of this Python was built without FTS5, which search needs:"
                " use another build of Python, or PostgreSQL with the extra `postgres`."
            )
            raise Precondition("EXTRA_MISSING", message, extra="postgres")


def matching(dialect: str, words: Iterable[str], prefix: str) -> ColumnElement[bool]:
    """The rows of `texts` with one of the words, or with one that begins so. Words are letters and digits only."""
    if dialect == "sqlite":
        alternatives = [f'"{word}"' for word in words] + ([f'"{prefix}" *'] if prefix else [])
        found: Select[Any] = select(literal_column("rowid")).select_from(table("texts_index"))
        found = found.where(literal_column("texts_index").op("MATCH")(" OR ".join(alternatives)))
        return literal_column("texts.revision", BigInteger).in_(found)
    alternatives = [f"'{word}'" for word in words] + ([f"'{prefix}':*"] if prefix else [])
    filed = literal_column("array_to_tsvector(string_to_array(texts.words, ' '))", postgresql.TSVECTOR)
    return filed.op("@@", return_type=Boolean())(cast(" | ".join(alternatives), postgresql.TSQUERY))


class Unsearched(FunctionElement[Any]):
    """A column that most rows match: SQLite, which keeps no counts of values, shall not look for them in its index.

    It would sort all that it finds for each page, where reading in the page's order soon has enough.
    """

    inherit_cache = True


@compiles(Unsearched)
def _plain(element: Unsearched, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Unsearched, "sqlite")
def _unsearched(element: Unsearched, compiler: Any, **options: Any) -> str:
    return f"+{_plain(element, compiler, **options)}"


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


def is_not_kept(error: DBAPIError) -> bool:
    """The disk failed to keep a commit. PostgreSQL stops by itself then."""
    return getattr(error.orig, "sqlite_errorname", "") in _NOT_KEPT


def _has_no_room(error: DBAPIError) -> bool:
    """By what the driver names it: its text may quote a value, in which `full` says nothing."""
    return (
        getattr(error.orig, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error.orig, "sqlstate", "") == "53100"
    )


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Gives what a caller may know of a driver's error; the full one goes to the log."""
    try:
        yield
    except DBAPIError as error:
        log.warning("store.statement_failed", error=str(error.orig))
        raise translate(error) from error


@contextlib.contextmanager
def reached() -> Iterator[None]:
    """Explains a database that cannot be used at all. Errors: Invalid for its URL, Precondition, Unavailable."""
    try:
        yield
    except (ArgumentError, ImportError) as error:
        what = "must be sqlite:///PATH or postgresql://USER@HOST/NAME, the latter with the extra `postgres` installed"
        raise Invalid(
            "FIELD_INVALID", f"database_url {what}.", violations=[("database_url", what)], field="database_url"
        ) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorname", "") in _NO_DATABASE:
            text = "The file is no store, or it is damaged."
            raise Precondition("STORE_DAMAGED", text, revision=0, problem="not a database") from error
        raise translate(error) from error


def translate(error: DBAPIError) -> Exception:
    """What a caller may know of a driver's error. A statement that can never succeed is a fault of ours."""
    if _has_no_room(error):
        return TooLarge("STORE_FULL", "The store has no room: free space, then try again. Reads go on.")
    if isinstance(error, DataError):
        return Invalid(
            "FIELD_INVALID", "The request has a value that the store can neither keep nor compare.", field=""
        )
    if not (error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)):
        fault = RuntimeError("the store refused a statement")
        fault.__cause__ = error
        return fault
    return Unavailable(
        "STORE_UNAVAILABLE",
        f"The store is busy or cannot be reached; try again in {RETRY_AFTER_MS} ms.",
        retry_after_ms=RETRY_AFTER_MS,
    )
