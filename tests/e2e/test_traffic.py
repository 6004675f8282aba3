"""The promise by name: no dropped request, whatever is added, changed and removed behind the gateway meanwhile."""

import itertools
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from registry.api.v1 import offering_service_pb2 as offerings
from registry.app import Running
from tests.components import gateways
from tests.components import upstream as services
from tests.e2e.street import ENDED, call, interface, offered, proven, reported, standing_order, subscriber, until
from tests.e2e.traffic import traffic
from tests.integration.api import Api

UPDATES = int(os.environ.get("GEMENSAM_TEST_UPDATES", "40"))  # the goal is 1,000: see docs/figures.md
# Caddy opens its port anew at each change and closes the old one. Connections that the kernel had not handed over by
# then are reset, unless it moves them; with that set, Caddy drops nothing either.
MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")
MIGRATES = MIGRATE.exists() and MIGRATE.read_text().strip() == "1"


class Provider:
    """Body `a`, which changes what it offers one thing at a time: its main service moves, others come, change and go."""

    def __init__(self, api: Api, urls: list[str]) -> None:
        self._api, self._urls = api, itertools.cycle(urls)
        self._numbers = itertools.count(1)
        self.moves = 0

    async def move(self) -> str:
        """The main service, to a new release at the other place."""
        self.moves += 1
        await self._api.publish("permits", f"1.{self.moves}.0", interfaces=[interface(next(self._urls))])
        return f"offerings/permits/releases/1.{self.moves}.0"

    def another(self) -> tuple[str, list[Callable[[], Awaitable[str]]]]:
        """The life of another service, as steps to take; each tells which release is served after it."""
        key = f"other-{next(self._numbers)}"

        async def come() -> str:
            await offered(self._api, next(self._urls), key)
            return f"offerings/{key}/releases/1.0.0"

        async def change() -> str:
            await self._api.publish(key, "2.0.0", interfaces=[interface(next(self._urls))])
            return f"offerings/{key}/releases/2.0.0"

        async def go() -> str:
            withdraw = offerings.WithdrawOfferingRequest(name=f"offerings/{key}")
            await self._api.offerings.WithdrawOffering(withdraw)
            return ""

        return key, [come, change, go]


async def served(gateway: gateways.Gateway, key: str, release: str) -> bool:
    with suppress(httpx.TransportError):
        return (await call(f"{gateway.url}/b/{key}/api")).headers.get("gemensam-release", "") == release
    return False


@pytest.mark.parametrize("kind", gateways.MAKERS)
async def test_fault_30_no_request_is_dropped_while_services_come_change_and_go(
    tmp_path: Path, registry_server: Running, api: Api, kind: str
) -> None:
    with (
        gateways.gateway(kind, tmp_path / "gateway") as gateway,
        services.upstream() as one,
        services.upstream() as two,
        subscriber(tmp_path / "b", registry_server.grpc_address, gateway, one.port, two.port) as body,
    ):
        await standing_order(api)
        body.start()
        provider = Provider(api, [f"{each.url}{path}" for each in (one, two) for path in ("", "/v2")])
        await api.offer("permits")
        await provider.move()
        await proven(api, "1.1.0")
        updates = 0
        async with traffic(gateway.port, "/b/permits/api") as callers:
            while updates < UPDATES:
                key, steps = provider.another()
                for step in steps:
                    for place, change in ((key, step), ("permits", provider.move)):
                        await until(partial(served, gateway, place, await change()))
                        updates += 1
            await proven(api, f"1.{provider.moves}.0")
        assert callers.failures == []
        assert len(callers.untaken) <= (updates if kind == "caddy" and not MIGRATES else 0)
        assert callers.releases.total() > 70 * callers.seconds
        assert len(callers.releases) > UPDATES / 4
        assert one.paths
        assert two.paths
        await reported(api, lambda it, _: it.state == ENDED, "other-1")
        assert body.stop() == 0
