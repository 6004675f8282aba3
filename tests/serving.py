"""A registry inside the test's own loop, and a channel to it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from registry.app import Running, running
from registry.settings import Settings
from tests.integration.api import Api


@pytest.fixture
def data(sqlite_template: Path, tmp_path: Path) -> Path:
    """A registry's folder, with a store that nothing was written to."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(sqlite_template, folder)
    return folder


@pytest.fixture
def settings(data: Path) -> Settings:
    """Settings of a registry on free ports, without a web face."""
    return Settings(data=data, grpc_address="127.0.0.1:0", web_address="")


@pytest.fixture
async def registry_server(settings: Settings) -> AsyncIterator[Running]:
    """A registry that serves."""
    async with running(settings) as registry:
        yield registry


@pytest.fixture
async def channel(registry_server: Running) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to it, without limits of its own."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(registry_server.grpc_address, options=options) as opened:
        yield opened


@pytest.fixture
def api(channel: grpc.aio.Channel) -> Api:
    """A stub of every service."""
    return Api(channel)
