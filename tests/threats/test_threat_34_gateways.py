"""Threats 34 and 35 at real gateways: neither a name nor a published address gets anything into what they run by."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from subscribers.adapter import AdapterError, Service, Upstream
from subscribers.conformance import bring, holds, service
from subscribers.rehearsal import published, rehearsal
from tests.components import gateways
from tests.components import upstream as services
from tests.components.upstream import Upstream as Running
from tests.threats.test_threat_34_traversal import KEYS

INSIDE = Upstream("http", "127.0.0.1", 8500)


@pytest.fixture(scope="module", params=gateways.MAKERS)
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A gateway of each kind."""
    with gateways.gateway(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    """A provider's service."""
    with services.upstream() as running:
        yield running


@pytest.mark.parametrize("key", KEYS)
def test_threat_34_a_hostile_name_leaves_the_gateway_as_it_is(gateway: Any, upstream: Running, key: str) -> None:
    with closing(gateway.adapter()) as adapter:
        good = service(0, Upstream("http", "127.0.0.1", upstream.port, "", ("127.0.0.1",)))
        bring(adapter, [good])
        bad = Service(key, good.offering, good.release, "x", "production", good.routes)
        with pytest.raises(AdapterError) as caught:
            bring(adapter, [good, bad])
        assert (caught.value.reason, set(caught.value.keys)) == ("NAME_REFUSED", {key})
        holds(adapter, [good])
        assert httpx.get(f"{gateway.url}/b/s0/api/cases", trust_env=False).text == "/cases"
        adapter.remove()


def test_threat_35_a_published_address_inside_is_never_routed_to(gateway: Any) -> None:
    allowed = Upstream("http", "127.0.0.1", INSIDE.port)  # by host and port, not as an address
    with rehearsal({"kind": gateway.kind, **gateway.options()}, allowed) as (state, reconciler, found):
        state.take(published(service(0, INSIDE)))
        reconciler.run()
    with closing(gateway.adapter()) as adapter:
        assert [each.problem.reason for each in found if each.problem] == ["ADDRESS_NOT_ALLOWED"]
        assert dict(adapter.observe()) == {}
        assert httpx.get(f"{gateway.url}/b/s0/api", trust_env=False).status_code == 404
