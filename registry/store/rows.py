"""Many rows in few statements, each compiled once: what a group commit writes costs little per command.

One statement for many rows instead of one for each also keeps the writer from giving up the interpreter row by row.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, select

from registry.store.dialects import compiled

LARGEST = 64
T = TypeVar("T")
Form = Callable[[str, Table], Any]


def write(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], form: Form) -> None:
    """Insert rows that have every column of the table. `form` is the kind of INSERT: see `dialects`."""
    values = itemgetter(*(column.name for column in table.columns))
    for part in parts(rows):
        statement = _insert(connection.dialect.name, table, form, len(part))
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(map(values, part))))


def documents(connection: Connection, table: Table, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and document of the named rows that exist."""
    for part in parts(names):
        asked = _padded(part)
        found = connection.exec_driver_sql(_select(connection.dialect.name, table, len(asked)), asked)
        yield from ((row[0], row[1]) for row in found)


def remove(connection: Connection, table: Table, column: str, values: Sequence[str]) -> None:
    """Delete the rows in which the column has one of the values."""
    for part in parts(values):
        asked = _padded(part)
        connection.exec_driver_sql(_delete(connection.dialect.name, table, column, len(asked)), asked)


def parts(items: Sequence[T], most: int = LARGEST) -> Iterator[Sequence[T]]:
    """As many at a time as one statement takes."""
    return (items[start : start + most] for start in range(0, len(items), most))


def _padded(part: Sequence[str]) -> tuple[str, ...]:
    """The last value again and again up to a power of two, so that few statements serve every number of them."""
    return (*part, *[part[-1]] * ((1 << (len(part) - 1).bit_length()) - len(part)))


@lru_cache(maxsize=1024)
def _insert(dialect: str, table: Table, form: Form, count: int) -> str:
    """For any number of rows from the statement for one: compiling each would take longer than all the rest."""
    before, row, after = _one_row(dialect, table, form)
    return f"{before}{', '.join([row] * count)}{after}"


@lru_cache(maxsize=64)
def _one_row(dialect: str, table: Table, form: Form) -> tuple[str, str, str]:
    values = {column.name: bindparam(column.name, type_=column.type) for column in table.columns}
    statement = compiled(dialect, form(dialect, table).values(values))
    before, row, after = re.split(r"(?<= VALUES )(\([^()]*\))", statement, maxsplit=1)
    return before, row, after


@lru_cache(maxsize=128)
def _select(dialect: str, table: Table, count: int) -> str:
    return compiled(dialect, select(table.c.name, table.c.document).where(table.c.name.in_(_binds(count))))


@lru_cache(maxsize=128)
def _delete(dialect: str, table: Table, column: str, count: int) -> str:
    return compiled(dialect, delete(table).where(table.c[column].in_(_binds(count))))


def _binds(count: int) -> list[Any]:
    return [bindparam(f"n_{number}") for number in range(count)]
