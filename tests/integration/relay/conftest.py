"""A registry that announces on a real Kafka."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from registry.app import Running, running
from registry.settings import Settings
from tests.components.kafka import Kafka
from tests.integration.api import Api


@pytest.fixture
def settings(tmp_path: Path, kafka: Kafka) -> Settings:
    """Settings of a registry that announces on the broker."""
    return Settings(data=tmp_path / "data", grpc_address="127.0.0.1:0", web_address="", kafka_bootstrap=kafka.bootstrap)


@pytest.fixture
async def registry_server(settings: Settings) -> AsyncIterator[Running]:
    """A registry that serves and announces."""
    async with running(settings) as registry:
        yield registry


@pytest.fixture
async def api(registry_server: Running) -> AsyncIterator[Api]:
    """Its services."""
    async with grpc.aio.insecure_channel(registry_server.grpc_address) as channel:
        yield Api(channel)
