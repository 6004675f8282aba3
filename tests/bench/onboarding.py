"""The whole street: from a publication to a call through another body's real gateway that proves it, and back out."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import grpc
import httpx

from registry.api.v1 import offering_service_pb2 as offerings
from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.subscription_pb2 import Subscription
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.rows import Figure, Row
from tests.components.gateways import MAKERS, gateway
from tests.components.upstream import upstream
from tests.e2e.street import PROVEN, call, interface, standing_order, subscriber
from tests.integration.api import Api

PROVEN_MS, REFUSED_MS, WAIT_SECONDS, PAUSE_SECONDS = 500.0, 2000.0, 30, 0.005
FIRST, NEXT = "1.0.0", "1.1.0"


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds from the call that publishes to the change that says PROVEN, and from withdrawing to the first refusal.

    A registry, a subscriber and a gateway, each a process of its own; a new offering, a next release of it, its end.
    """
    count = 5 if bench.quick else 20
    for kind in MAKERS:
        bench.tell(f"publishing to a real {kind}")
        server = bench.serve(bench.databases.new("sqlite"))
        folder = bench.folder / f"street-{kind}"
        with (
            upstream() as service,
            gateway(kind, folder / "gateway") as running,
            subscriber(folder / "subscriber", server.address, running, service.port) as program,
        ):
            program.start()
            new, following, gone = asyncio.run(_publish(server.address, running.url, service.url, count))
            program.stop()
        server.stop()
        yield _row(f"publish-new-{kind}", f"a new offering: published to proven ({kind})", "p50", new)
        yield _row(f"publish-next-{kind}", f"a next release: published to proven ({kind})", "p50", following)
        yield _row(f"retire-{kind}", f"an offering withdrawn: to refused ({kind})", "p99", gone)


def _row(name: str, title: str, of: str, millis: list[float]) -> Row:
    middle, most = percentile(millis, 0.5), percentile(millis, 0.99)
    sample = Sample(0.0, middle, most, 0.0, 0.0)
    figure = Figure(of, middle, PROVEN_MS, "ms") if of == "p50" else Figure(of, most, REFUSED_MS, "ms")
    return Row(name, title, "sqlite", 1, sample, figure=figure, note=f"{len(millis)} times, one after the other")


async def _publish(address: str, entry: str, url: str, count: int) -> tuple[list[float], list[float], list[float]]:
    async with grpc.aio.insecure_channel(address) as channel:
        api = Api(channel)
        await standing_order(api)
        feed = api.feed.Watch(WatchRequest(kinds=["subscription"]))
        await feed.initial_metadata()
        proven = partial(_proven, api, feed, url)
        await proven("first", FIRST)  # the subscriber has started, everything is made once
        keys = [f"service-{number}" for number in range(count)]
        new = [await proven(key, FIRST) for key in keys]
        following = [await proven(key, NEXT) for key in keys]
        return new, following, [await _refused(api, entry, key) for key in keys]


async def _proven(api: Api, feed: Any, url: str, key: str, version: str) -> float:
    if version == FIRST:
        await api.offer(key)
    start = time.perf_counter()
    await api.publish(key, version, interfaces=[interface(url)])
    release = f"offerings/{key}/releases/{version}"
    async with asyncio.timeout(WAIT_SECONDS):
        while not _says(await feed.read(), release):
            pass
    return (time.perf_counter() - start) * 1000


async def _refused(api: Api, entry: str, key: str) -> float:
    start = time.perf_counter()
    await api.offerings.WithdrawOffering(offerings.WithdrawOfferingRequest(name=f"offerings/{key}"))
    async with asyncio.timeout(WAIT_SECONDS):
        while await _answers(f"{entry}/b/{key}/api"):
            await asyncio.sleep(PAUSE_SECONDS)
    return (time.perf_counter() - start) * 1000


async def _answers(url: str) -> bool:
    try:
        return (await call(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return True  # not told: asked again


def _says(message: Any, release: str) -> bool:
    subscription: Subscription = message.change.resource.subscription
    return (subscription.convergence.phase, subscription.convergence.observed_release) == (PROVEN, release)
