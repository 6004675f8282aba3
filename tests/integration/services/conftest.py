"""A registry on each engine, called over a real channel. Tables are made once and copied: these tests are many."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
import psycopg
import pytest

from registry.settings import Settings
from registry.store import migrate
from tests.integration.api import Api


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, that nobody writes to."""
    file = tmp_path_factory.mktemp("template") / "gemensam.db"
    migrate.ensure(f"sqlite:///{file}", migrate=True)
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_uri: str) -> str:
    """A database with all tables, that nobody writes to."""
    name = f"template{uuid.uuid4().hex}"
    _run(postgres_uri, f'CREATE DATABASE "{name}"')
    migrate.ensure(_database(postgres_uri, name), migrate=True)
    return name


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A copy for one test."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gemensam.db')}"


@pytest.fixture
def postgres_url(postgres_uri: str, postgres_template: str) -> Iterator[str]:
    """A copy for one test."""
    name = f"t{uuid.uuid4().hex}"
    _run(postgres_uri, f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    yield _database(postgres_uri, name)
    _run(postgres_uri, f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement.encode())


def _database(uri: str, name: str) -> str:
    base, _, query = uri.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}?{query}"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a registry on a free port."""
    return Settings(data=tmp_path / "data", database_url=database_url, grpc_address="127.0.0.1:0", web_address="")


@pytest.fixture
def api(channel: grpc.aio.Channel) -> Api:
    """A stub of every service."""
    return Api(channel)
