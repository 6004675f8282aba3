"""A registry that announces on a real Kafka."""

from pathlib import Path

import pytest

from registry.settings import Settings
from tests.components.kafka import Kafka


@pytest.fixture
def settings(data: Path, kafka: Kafka) -> Settings:
    """Settings of a registry that announces on the broker."""
    return Settings(data=data, grpc_address="127.0.0.1:0", web_address="", kafka_bootstrap=kafka.bootstrap)
