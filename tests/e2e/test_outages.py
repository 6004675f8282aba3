"""A subscriber that is killed, a registry that is away, and one that comes back from a backup."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import grpc
import pytest

from registry.api.v1.feed_service_pb2 import GetHeadRequest
from registry.app import running
from registry.settings import Settings
from registry.store import backup
from tests.components import upstream as services
from tests.components.envoy import Gateway
from tests.components.ports import free_port
from tests.components.upstream import Upstream
from tests.e2e.street import (
    ACTIVE,
    DEGRADED,
    PROVEN,
    Subscriber,
    call,
    interface,
    offered,
    onboarded,
    proven,
    reported,
    subscriber,
    until,
)
from tests.e2e.traffic import traffic
from tests.integration.api import Api

KILLS = 6


class Place:
    """Where a registry stands: the same address each time it is started, on the data that it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, f"127.0.0.1:{free_port()}"

    @asynccontextmanager
    async def serving(self, data: str = "data") -> AsyncIterator[Api]:
        """A registry for as long as the block lasts."""
        settings = Settings(data=self.folder / data, grpc_address=self.address, web_address="")
        async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
            yield Api(channel)

    def url(self, data: str = "data") -> str:
        return Settings(data=self.folder / data).url()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An address for a registry."""
    return Place(tmp_path)


@contextmanager
def body(place: Place, gateway: Gateway, upstream: Upstream) -> Iterator[Subscriber]:
    with subscriber(place.folder / "b", place.address, gateway, upstream.port, probe_seconds=0.5) as made:
        yield made


async def test_a_subscriber_that_is_killed_anywhere_goes_on_and_nobody_notices(
    place: Place, gateway: Gateway, upstream: Upstream
) -> None:
    dice = random.Random(5)  # noqa: S311 - where the kills fall is chance
    async with place.serving() as api:
        with body(place, gateway, upstream) as here:
            await onboarded(api, here, upstream.url)
            async with traffic(gateway.port, "/b/permits/api", 50) as callers:
                for number in range(1, KILLS + 1):
                    for part in range(3):
                        await api.publish(
                            "permits", f"1.{number}.{part}", interfaces=[interface(f"{upstream.url}/v{part}")]
                        )
                        await offered(api, upstream.url, f"other-{number}-{part}")
                    await asyncio.sleep(dice.uniform(0, 1.5))
                    assert here.stop(signal.SIGKILL) == -signal.SIGKILL
                    here.start()
                await proven(api, f"1.{KILLS}.2")
                for number in range(1, KILLS + 1):
                    for part in range(3):
                        await proven(api, key=f"other-{number}-{part}")
            assert callers.failures == []
            assert here.stop() == 0


async def test_a_registry_that_is_away_is_waited_for_and_told_afterwards(
    place: Place, gateway: Gateway, upstream: Upstream
) -> None:
    with body(place, gateway, upstream) as here:
        async with place.serving() as api:
            await onboarded(api, here, upstream.url)
        upstream.stop()
        assert (await call(f"{gateway.url}/b/permits/api")).status_code == 503
        with services.upstream(port=upstream.port):

            async def answers() -> bool:
                return (await call(f"{gateway.url}/b/permits/api")).status_code == 200

            await until(answers)
        assert here.stop() == 0, "it may be stopped and started while the registry is away"
        here.start()

        async def waits() -> bool:
            return len(here.logged("source.interrupted")) >= 3

        await until(waits)
        async with place.serving() as api:
            down = await reported(api, lambda it, _: it.state == DEGRADED)
            assert down.convergence.last_error.reason == "UPSTREAM_UNAVAILABLE"
            with services.upstream(port=upstream.port) as back:
                await reported(api, lambda it, _: it.state == ACTIVE)
                await api.publish("permits", "1.1.0", interfaces=[interface(f"{back.url}/new")])
                await proven(api, "1.1.0")
            assert here.stop() == 0


async def test_a_registry_restored_from_a_backup_is_followed_from_a_snapshot(
    place: Place, gateway: Gateway, upstream: Upstream
) -> None:
    with body(place, gateway, upstream) as here:
        async with place.serving() as api:
            await onboarded(api, here, f"{upstream.url}/v1")
            copy = place.folder / "copy.db"
            await asyncio.to_thread(backup.backup, place.url(), copy)
            await api.publish("permits", "2.0.0", interfaces=[interface(f"{upstream.url}/v2")])
            await offered(api, upstream.url, "forgotten")
            await proven(api, "2.0.0")
            await proven(api, key="forgotten")
        _, generation = await asyncio.to_thread(backup.restore, copy, place.url("restored"))
        async with place.serving("restored") as api:
            await reported(api, lambda _, seen: seen.phase == PROVEN and seen.observed_release.endswith("/1.0.0"))

            async def back() -> bool:
                answer = await call(f"{gateway.url}/b/permits/api/x")
                return answer.text == "/v1/x" and answer.headers["gemensam-release"].endswith("/1.0.0")

            await until(back)
            assert (await call(f"{gateway.url}/b/forgotten/api")).status_code == 404
            await api.publish("permits", "2.0.0", interfaces=[interface(f"{upstream.url}/again")])
            subscription = await proven(api, "2.0.0")
            assert (await call(f"{gateway.url}/b/permits/api/x")).text == "/again/x"
            assert subscription.convergence.observed_revision <= subscription.revision
            assert [each["reason"] for each in here.logged("source.snapshot_needed")] == ["GENERATION_MISMATCH"]
            assert here.stop() == 0
            assert (await api.feed.GetHead(GetHeadRequest())).generation == generation
