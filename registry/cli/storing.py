"""Commands that work on the store itself: `migrate`, `backup`, `restore`, `ledger verify`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import Failure
from registry.errors import Precondition

if TYPE_CHECKING:
    from registry.evidence.checkpoints import Checkpoint
    from registry.store.audit import Rewritten


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
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    *,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Compare with what was signed; several narrow it down.", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY|FILE",
            help="The public key that signed them, from elsewhere; else the one of the folder.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Recompute the ledger's chain, and name the first entry that was altered, removed or inserted.

    With a checkpoint that was saved before, also when the whole chain was written anew.
    """
    saved = _saved(checkpoint, key, data, database_url)
    url = options.settings(data=data, database_url=database_url).url(existing=True)
    from registry.store import ledger, migrate  # noqa: PLC0415 - help and completion need none of it
    from registry.store.audit import audit  # noqa: PLC0415
    from registry.store.dialects import make_engine  # noqa: PLC0415

    migrate.ensure(url, migrate=False)
    engine = make_engine(url, writer=False)
    try:
        with render.progress("Recomputing the chain"):
            report = ledger.verify(engine)
            rewritten = None if report.problem else audit(engine, saved)
    finally:
        engine.dispose()
    if report.problem:
        found = {"revision": str(report.revision), "problem": report.problem}
        text = f"The ledger is broken at revision {report.revision}: {report.problem}."
        raise Failure(text, "STORE_DAMAGED", metadata=found)
    if rewritten:
        raise _rewritten(rewritten)
    if as_json:
        agrees = {"checkpoints": [each.size for each in saved]} if saved else {}
        render.json_line({"checked": report.checked, "floor": report.floor, "head": report.head, **agrees})
    else:
        render.line(f"The chain holds: {report.checked} entries, revision {report.floor} to {report.head}.")
        for each in saved:
            render.line(f"It is the ledger that was signed at size {each.size}.")


def _saved(
    files: list[Path] | None, key: str | None, data: Path | None, database_url: str | None
) -> "list[Checkpoint]":
    """The checkpoints in files, each signed by the key. Errors: EVIDENCE_INVALID, SIGNING_KEY_MISSING."""
    if not files:
        return []
    from registry.app import signing_key  # noqa: PLC0415 - help and completion need none of it
    from registry.cli import proofs  # noqa: PLC0415

    if key:
        trusted = proofs.verifier(key)
    elif signer := signing_key(options.settings(data=data, database_url=database_url), make=False):
        trusted = signer.verifier
    else:
        raise Failure("There is no key to check the checkpoints with.", remedy="Give the registry's public key: --key")
    return [proofs.saved(each, trusted) for each in files]


def _rewritten(found: "Rewritten") -> Precondition:
    where = f"revision {found.first}" if found.first == found.last else f"between {found.first} and {found.last}"
    whose = f"the checkpoint of size {found.size}" if found.size else "the hashes that were kept of it"
    text = f"The ledger was rewritten: the chain holds, but it is not that of {whose}. The first difference is {where}."
    numbers: dict[str, Any] = {"first_revision": found.first, "last_revision": found.last, "size": found.size}
    return Precondition("HISTORY_REWRITTEN", text, **numbers)


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
