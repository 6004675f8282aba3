"""`/metrics` for Prometheus: what this process has counted, and how the ledger stands now."""

import asyncio
import time
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.errors import RegistryError
from registry.services.measures import RELAY, Measures, Measuring
from registry.telemetry.metrics import FAMILIES

LOOK_SECONDS = 2.0  # a store that does not answer must not take the process's own numbers away
log = structlog.get_logger(__name__)


def route(measuring: Measuring) -> Route:
    """The page. OpenMetrics, with exemplars, for whoever asks for it by Accept."""

    async def metrics(request: Request) -> Response:
        found = await _look(measuring)
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        body = await asyncio.to_thread(encode, Page(found, time.time()))
        return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    return Route("/metrics", metrics)


async def _look(measuring: Measuring) -> Measures | None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await measuring.look()
    except (RegistryError, TimeoutError) as error:
        log.warning("metrics.store_silent", error=type(error).__name__)
        return None


class Page(Collector):
    """Both together, for one answer."""

    def __init__(self, found: Measures | None, now: float) -> None:
        self._found, self._now = found, now

    def collect(self) -> Iterable[Metric]:
        """Every family."""
        yield from FAMILIES.collect()
        yield _gauge("gemensam_store_up", "Whether the store answers.", 0 if self._found is None else 1)
        if self._found is not None:
            yield from self._standing(self._found)

    def _standing(self, found: Measures) -> Iterator[Metric]:
        yield _gauge("gemensam_ledger_head_revision", "The newest revision.", found.head.revision)
        yield _gauge("gemensam_ledger_floor_revision", "The oldest revision that is kept.", found.head.floor)
        changes = GaugeMetricFamily(
            "gemensam_reader_lag_changes", "How many changes a reader of the ledger has before it.", labels=["reader"]
        )
        seconds = GaugeMetricFamily(
            "gemensam_reader_lag_seconds", "The age of the oldest change that it has not read.", labels=["reader"]
        )
        for name, lag in found.lags.items():
            changes.add_metric([name], lag.changes)
            seconds.add_metric([name], max(0.0, self._now - lag.oldest) if lag.oldest else 0.0)
        yield from (changes, seconds)
        yield _subscriptions(found)
        if relay := found.lags.get(RELAY):
            text = "When the oldest change that is not on Kafka was made; 0 when there is none."
            yield _gauge("gemensam_relay_oldest_unsent_timestamp_seconds", text, relay.oldest)
            text = "Resources whose events are held back until an operator lets them go."
            yield _gauge("gemensam_relay_parked_resources", text, found.parked)


def _subscriptions(found: Measures) -> Metric:
    text = "Subscriptions that are not over, by state and by how far they have come."
    family = GaugeMetricFamily("gemensam_subscriptions", text, labels=["state", "phase"])
    for state, phase, count in found.subscriptions:
        family.add_metric([state, phase], count)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)
