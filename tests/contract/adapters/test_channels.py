"""Adapters for what is no gateway pass the same public suite, each against its real target."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import Upstream
from subscribers.conformance import CHECKS, run
from tests.components import receiver
from tests.components import upstream as services
from tests.components.prometheus import Prometheus
from tests.contract.adapters.channels import BackstageTarget, GitTarget, PrometheusTarget, WebhookTarget


@pytest.fixture(params=["git", "backstage", "prometheus", "webhook"])
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A target of each adapter, new for each check."""
    with services.upstream() as service:
        upstream = Upstream("http", "127.0.0.1", service.port, "", ("127.0.0.1",))
        if request.param == "git":
            yield GitTarget(tmp_path, upstream)
        elif request.param == "backstage":
            yield BackstageTarget(tmp_path, upstream)
        elif request.param == "webhook":
            with receiver.receiver() as endpoint:
                yield WebhookTarget(endpoint, tmp_path / "webhook", upstream)
        else:
            prometheus = Prometheus(tmp_path / "prometheus", service.url)
            yield PrometheusTarget(prometheus, upstream)
            prometheus.stop()


@pytest.mark.parametrize("check", CHECKS)
def test_adapters_conform(check: str, channel: Any) -> None:
    run(check, channel)
    assert channel.is_valid()
