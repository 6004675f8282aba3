"""Settings of a registry on free ports, and parents of relays."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest

from registry.app import Running, running
from registry.settings import Settings
from registry.store.sqlstore import SqlStore, open_store
from tests.components.kafka import Kafka
from tests.components.postgres import Postgres, own_postgres
from tests.components.topics import empty
from tests.faults.process import launch, server_family
from tests.integration.api import Api


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A registry on SQLite in the test's own loop."""
    return Settings(data=tmp_path / "data", grpc_address="127.0.0.1:0", web_address="")


@pytest.fixture(scope="session")
def relay_parent() -> Iterator["subprocess.Popen[str]"]:
    """A process that forks relays: it has imported everything, once for the session."""
    parent = launch("tests.relay")
    yield parent
    parent.communicate()


@pytest.fixture(scope="session")
def other_relay_parent() -> Iterator["subprocess.Popen[str]"]:
    """A second one, for relays that run beside those of the first."""
    parent = launch("tests.relay")
    yield parent
    parent.communicate()


@pytest.fixture(scope="session")
def server_parents() -> Iterator[list["subprocess.Popen[str]"]]:
    """Three processes that fork servers with short leases, each with the imports done, once for the session."""
    with server_family(3) as parents:
        yield parents


@pytest.fixture
async def registry(settings: Settings, kafka: Kafka) -> AsyncIterator[Running]:
    """A registry that serves and announces, in the test's own loop."""
    async with running(settings.model_copy(update={"kafka_bootstrap": kafka.bootstrap})) as serving:
        yield serving


@pytest.fixture
async def api(registry: Running) -> AsyncIterator[Api]:
    """Its services."""
    async with grpc.aio.insecure_channel(registry.grpc_address) as channel:
        yield Api(channel)


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker that tests stop, kill and start again."""
    cluster = Kafka(tmp_path_factory.mktemp("stopped") / "cluster")
    yield cluster
    cluster.stop()


@pytest.fixture
async def fragile(own_cluster: Kafka) -> Kafka:
    """That broker, up, without topics of ours."""
    own_cluster.brokers[0].signal(signal.SIGCONT)
    await asyncio.to_thread(own_cluster.start)
    await empty(own_cluster.bootstrap)
    return own_cluster


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    """A store that publications go to."""
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def own_database() -> Iterator[Postgres]:
    """One PostgreSQL that tests crash and start again."""
    with own_postgres() as postgres:
        yield postgres
