"""Adapters whose targets need no other program, and an endpoint."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components.receiver import Receiver, receiver
from tests.contract.adapters.channels import webhook_options
from tests.threats.guarded import Guarded, guarded, populate

KINDS = ("files", "git", "backstage", "prometheus", "webhook")


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    """A body's endpoint."""
    with receiver() as running:
        yield running


@pytest.fixture(params=KINDS)
def options(request: pytest.FixtureRequest, tmp_path: Path, endpoint: Receiver) -> dict[str, Any]:
    """What an adapter of each kind is made with; its target is below `target`."""
    folder = tmp_path / "inner" / "target"
    rest: dict[str, Any] = {
        "backstage": {"owner": "group:default/it"},
        "prometheus": {"url": "http://127.0.0.1:1", "gateway": "http://127.0.0.1:2"},
    }
    if request.param == "webhook":
        return webhook_options(folder, endpoint.url, endpoint.port)
    return {"kind": request.param, "directory": str(folder), **rest.get(request.param, {})}


@pytest.fixture
async def registry(data: Path) -> AsyncIterator[Guarded]:
    """A registry that lets nobody in without a credential, with its operators and nothing else."""
    async with guarded(data.parent) as opened:
        yield opened


@pytest.fixture
async def town(registry: Guarded) -> Guarded:
    """The same with the organisations a, b, c (hosted by a) and d, and what they have."""
    await populate(registry)
    return registry
