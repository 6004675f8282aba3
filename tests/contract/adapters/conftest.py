"""Each adapter's real target, new for each check."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import Upstream
from tests.components import gateways
from tests.components import upstream as services
from tests.contract.adapters.targets import TARGETS, FilesTarget


@pytest.fixture(params=["files", *TARGETS])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A target of each adapter, new for each check."""
    with services.upstream() as service:
        if request.param == "files":
            yield FilesTarget(tmp_path / "services", service)
        else:
            with gateways.gateway(request.param, tmp_path / "gateway") as gateway:
                yield TARGETS[request.param](gateway, service)


@pytest.fixture(params=list(gateways.MAKERS), scope="module")
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A gateway of each product that runs for the tests of a module; each leaves nothing in it."""
    with gateways.gateway(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def adapter(gateway: Any) -> Iterator[Any]:
    """An adapter for the gateway."""
    with closing(gateway.adapter()) as made:
        yield made


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A place that answers."""
    with services.upstream() as running:
        yield Upstream("http", "127.0.0.1", running.port, "", ("127.0.0.1",))
