"""The whole street: a registry, a provider's service, a body's Envoy, and its subscriber as a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.app import Running
from tests.components import envoy
from tests.components import upstream as services
from tests.e2e import street


@pytest.fixture
def upstream() -> Iterator[services.Upstream]:
    """A provider's service."""
    with services.upstream() as service:
        yield service


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[envoy.Gateway]:
    """A body's Envoy."""
    with envoy.gateway(tmp_path / "gateway") as started:
        yield started


@pytest.fixture
def subscriber(
    tmp_path: Path, registry_server: Running, gateway: envoy.Gateway, upstream: services.Upstream
) -> Iterator[street.Subscriber]:
    """The subscriber of body `b`, not started."""
    address = registry_server.grpc_address
    with street.subscriber(tmp_path / "subscriber", address, gateway, upstream.port, probe_seconds=0.5) as made:
        yield made
