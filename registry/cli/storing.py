"""Commands that work on the store itself: `migrate`, `backup`, `restore`, `ledger verify`."""

from pathlib import Path
from typing import Annotated

import typer

from registry.cli import options, render
from registry.cli.failure import Failure


def migrate(
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 when they are older.")] = False,
    as_json: options.Json = False,
) -> None:
    """Bring the store's tables to the version that this program needs."""
    url = options.settings(data=data, database_url=database_url).url(existing=check)
    from registry.store import migrate as tables  # noqa: PLC0415 - help and completion need none of it

    tables.ensure(url, migrate=not check)
    if as_json:
        render.json_line({"version": tables.newest()})
    else:
        render.line(f"The store's tables are of version {tables.newest()}, the newest.")


def verify(
    data: options.Data = None, database_url: options.DatabaseUrl = None, *, as_json: options.Json = False
) -> None:
    """Recompute the ledger's chain, and name the first entry that was altered, removed or inserted."""
    url = options.settings(data=data, database_url=database_url).url(existing=True)
    from registry.store import ledger, migrate  # noqa: PLC0415 - help and completion need none of it
    from registry.store.dialects import make_engine  # noqa: PLC0415

    migrate.ensure(url, migrate=False)
    engine = make_engine(url, writer=False)
    try:
        with render.progress("Recomputing the chain"):
            report = ledger.verify(engine)
    finally:
        engine.dispose()
    if report.problem:
        found = {"revision": str(report.revision), "problem": report.problem}
        text = f"The ledger is broken at revision {report.revision}: {report.problem}."
        raise Failure(text, "STORE_DAMAGED", metadata=found)
    if as_json:
        render.json_line({"checked": report.checked, "floor": report.floor, "head": report.head})
    else:
        render.line(f"The chain holds: {report.checked} entries, revision {report.floor} to {report.head}.")


def backup(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Copy the store, as of one revision, into a new file; the registry may go on serving."""
    url = options.settings(data=data, database_url=database_url).url(existing=True)
    from registry.store import backup as backups  # noqa: PLC0415 - help and completion need none of it

    with render.progress("Copying") as show:
        revision = backups.backup(url, file, show)
    if as_json:
        render.json_line({"file": str(file), "revision": revision})
    else:
        render.line(f"{file} holds everything up to revision {revision}.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `gemensam backup` made.")],
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Copy a backup into an empty store; its generation is renewed, so that old tokens are refused."""
    url = options.settings(data=data, database_url=database_url).url()
    from registry.store import backup as backups  # noqa: PLC0415 - help and completion need none of it

    with render.progress("Copying") as show:
        revision, generation = backups.restore(file, url, show)
    if as_json:
        render.json_line({"revision": revision, "generation": generation})
    else:
        render.line(f"Restored up to revision {revision}. The generation is new: {generation}.")
