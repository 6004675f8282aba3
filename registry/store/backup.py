"""Copies a store, whatever its engine, into one SQLite file and back, with the generation renewed on the way back."""

import uuid
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, update
from sqlmodel import SQLModel

from registry.errors import AlreadyExists, NotFound, Precondition
from registry.store import ledger, migrate
from registry.store.dialects import make_engine, reached

PAGE = 1000
Progress = Callable[[int, int], None]


def backup(url: str, path: Path, progress: Progress = lambda _done, _total: None) -> int:
    """Copy every row, as of one revision, into a new file; returns the revision.

    The file appears whole or not at all. Errors: AlreadyExists; Precondition when the tables are not up to date.
    """
    if path.exists():
        raise AlreadyExists("RESOURCE_ALREADY_EXISTS", f"{path} exists: name a new file.", name=path)
    migrate.ensure(url, migrate=False)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    source = make_engine(url, writer=False)
    try:
        with source.connect() as connection:
            revision: int = ledger.head(connection).revision
            _into(f"sqlite:///{partial}", connection, progress)
    finally:
        source.dispose()
    partial.rename(path)
    return revision


def restore(path: Path, url: str, progress: Progress = lambda _done, _total: None) -> tuple[int, str]:
    """Copy a backup into an empty store; returns the revision and the new generation.

    Positions and leases are kept, so readers go on from there; tokens of the old generation are refused from now on.
    Errors: NotFound for the file; Precondition when the store has entries or the backup does not verify.
    """
    if not path.is_file():
        raise NotFound("RESOURCE_NOT_FOUND", f"There is no backup {path}.", name=path)
    source = make_engine(f"sqlite:///{path}", writer=False)
    try:
        with reached():
            report = ledger.verify(source)
        if report.problem:
            message = f"The backup does not verify: revision {report.revision}, {report.problem}."
            raise Precondition("STORE_DAMAGED", message, revision=report.revision, problem=report.problem)
        migrate.ensure(f"sqlite:///{path}", migrate=False)
        with source.connect() as connection:
            return report.head, _into(url, connection, progress, generation=str(uuid.uuid4()))
    finally:
        source.dispose()


def _into(url: str, source: Connection, progress: Progress, generation: str = "") -> str:
    migrate.ensure(url, migrate=True)
    engine = make_engine(url, writer=True)
    tables = SQLModel.metadata.sorted_tables
    try:
        with engine.begin() as target:
            here = ledger.head(target)
            if here.revision or here.floor != 1:
                message = f"The store has {here.revision} entries; restore into an empty one."
                raise Precondition("STORE_NOT_EMPTY", message, head_revision=here.revision)
            total = sum(source.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)
            done = 0
            target.execute(ledger.HEAD.delete())
            for table in tables:
                done = _copy(source, target, table, lambda count: progress(count, total), done)
            if generation:
                target.execute(update(ledger.HEAD).values(generation=generation))
    finally:
        engine.dispose()
    return generation


def _copy(source: Connection, target: Connection, table: Table, progress: Callable[[int], None], done: int) -> int:
    result = source.execution_options(yield_per=PAGE).execute(select(table))
    for rows in result.mappings().partitions(PAGE):
        target.execute(insert(table), [dict(row) for row in rows])
        done += len(rows)
        progress(done)
    return done
