"""Databases of both engines for tests. Tables are made once and copied: migrating takes longer than most tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.store import migrate
from tests.components.postgres import Postgres, own_postgres


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that the session shares and no test stops."""
    with own_postgres() as server:
        server.forget()
        yield server


@pytest.fixture(scope="session")
def postgres_uri(shared_postgres: Postgres) -> str:
    """Where it is."""
    return shared_postgres.uri


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, that nobody writes to."""
    file = tmp_path_factory.mktemp("template") / "gemensam.db"
    migrate.ensure(f"sqlite:///{file}", migrate=True)
    return file


@pytest.fixture(scope="session")
def postgres_template(shared_postgres: Postgres) -> str:
    """A database with all tables, that nobody writes to."""
    url = shared_postgres.database()
    migrate.ensure(url, migrate=True)
    return url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new SQLite file with all tables."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gemensam.db')}"


@pytest.fixture
def postgres_url(shared_postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A new PostgreSQL database with all tables."""
    url = shared_postgres.database(postgres_template)
    yield url
    shared_postgres.drop(url)


@pytest.fixture
def bare_sqlite_url(tmp_path: Path) -> str:
    """An SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/gemensam.db"


@pytest.fixture
def bare_postgres_url(shared_postgres: Postgres) -> Iterator[str]:
    """A new PostgreSQL database without tables."""
    url = shared_postgres.database()
    yield url
    shared_postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A new database with all tables, once of each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest) -> str:
    """A new database without tables, once of each engine."""
    url: str = request.getfixturevalue(f"bare_{request.param}_url")
    return url
