"""What a subscriber counts, and the small page where Prometheus reads it: what became of every call to a target."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server

FAMILIES = CollectorRegistry(auto_describe=True)
DONE = "ok"
log = structlog.get_logger(__name__)
_CALL = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

OUTCOMES = Counter(
    "gemensam_adapter_outcomes",
    "What became of calls to targets: `ok`, or the reason in capitals.",
    ("adapter", "operation", "outcome"),
    registry=FAMILIES,
)
DURATION = Histogram(
    "gemensam_adapter_duration_seconds",
    "How long calls to targets took.",
    ("adapter", "operation"),
    buckets=_CALL,
    registry=FAMILIES,
)
REPORTS = Counter(
    "gemensam_subscriber_reports",
    "Reports to the registry by what came of them: `ok`, or the status code.",
    ("outcome",),
    registry=FAMILIES,
)
ProcessCollector(registry=FAMILIES)


def count(adapter: str, operation: str, outcome: str) -> None:
    """One call has ended."""
    OUTCOMES.labels(adapter, operation, outcome).inc()


@contextmanager
def timed(adapter: str, operation: str) -> Iterator[None]:
    """One call."""
    start = perf_counter()
    try:
        yield
    finally:
        DURATION.labels(adapter, operation).observe(perf_counter() - start)


@contextmanager
def served(address: str) -> Iterator[str]:
    """The page at `host:port` for as long as the block lasts; gives its real address. Empty: none.

    A port alone is on loopback. Errors: ValueError when the address cannot be had.
    """
    if not address:
        yield ""
        return
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        server, thread = start_http_server(int(port), host, registry=FAMILIES)
    except OSError as error:
        raise ValueError(f"metrics_address: {address} cannot be listened on: {error.strerror}.") from None
    found = f"{host}:{server.server_port}"
    log.info("metrics.served", address=found)
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
