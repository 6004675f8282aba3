"""Brings a store's tables up to date, and says so when it is not asked to."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from registry.errors import Precondition
from registry.store.dialects import make_engine, reached, searchable

log = structlog.get_logger(__name__)
_HERE = Path(__file__).parent / "migrations"


def ensure(url: str, *, migrate: bool) -> None:
    """Bring the tables to the newest version, or with `migrate=False` refuse when they are not there.

    Errors: Precondition STORE_OUTDATED with both versions and the remedy; those of a database that cannot be used.
    """
    with reached():
        _ensure(url, migrate=migrate)


def _ensure(url: str, *, migrate: bool) -> None:
    engine = make_engine(url, writer=True)
    try:
        searchable(engine)
        version = current(engine)
        if version == newest():
            return
        if version and version not in _known():
            _ahead(version)
            return
        if not migrate:
            message = (
                f"The store's tables are of version {version or 'none'}, and this program needs {newest()}:"
                " run `gemensam migrate` first."
            )
            raise Precondition("STORE_OUTDATED", message, found=version, needed=newest())
        upgrade(engine)
    finally:
        engine.dispose()


def _ahead(version: str) -> None:
    """Go on with tables that a newer program made, where it only added to them: so can servers be upgraded, and back.

    A version is `0007`, or `0009.0007`: nine, of which programs from seven on can make use. The first migration that
    contracts brings the second part, and those after it keep it.
    """
    number, _, least = version.partition(".")
    mine = newest().partition(".")[0]
    if not number.isdigit() or number < mine or mine < least:
        message = (
            f"The store's tables are of version {version}, which this program, of {newest()}, cannot use:"
            f" run the one that made them{f', or one of {least} or later' if least else ''}."
        )
        raise Precondition("STORE_OUTDATED", message, found=version, needed=newest())
    log.info("store.tables_ahead", found=version, known=newest())


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run the migrations up to a version in one transaction."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), to)


def current(engine: Engine) -> str:
    """Version of the tables; '' for an empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """The version that this program needs."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions())


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config
