"""Pages of ten thousand subscriptions for whoever runs the registry: as counted before, and when all is counted anew."""

import time
from collections.abc import Callable, Iterator

import httpx
from google.protobuf.message import Message

from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Campaign
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.processes import Server
from tests.bench.rows import Figure, Row

BODIES, OFFERINGS, CAMPAIGNS = 200, 50, 5
GOAL_MS, TIMES = 100.0, 20
STATES = ((5, 4), (5, 4), (5, 4), (4, 2), (6, 3))  # state and phase: three of five are there
PATHS = {
    "ops": ("operations page", "/ops"),
    "subscription": ("a subscription's page", "/ops/subscriptions/s7/use-7"),
    "metrics": ("/metrics", "/metrics"),
}


def rows(bench: Bench) -> Iterator[Row]:
    """Each page again and again with nothing new, and each after a report, which makes everything be counted anew."""
    for engine in bench.databases.engines:
        url = bench.databases.new(engine)
        bench.tell(f"writing {BODIES * OFFERINGS:,} subscriptions")
        for messages in _world():
            seed.put(url, messages)
        server = bench.serve(url, "--web")
        server.settled_cpu()
        yield from _pages(bench, server, url, engine)
        server.stop()


def _pages(bench: Bench, server: Server, url: str, engine: str) -> Iterator[Row]:
    with httpx.Client(base_url=f"http://{server.address}", trust_env=False, timeout=60) as web:
        for name, (title, path) in PATHS.items():
            shown = f"{title}, {BODIES * OFFERINGS:,} subscriptions"
            bench.tell(shown)
            yield _row(f"{name}-known", shown, engine, _measured(bench, server, web, path, lambda _: None))
            after = _measured(bench, server, web, path, lambda number: _report(url, number))
            yield _row(f"{name}-anew", f"{shown}, after a report", engine, after)


def _row(name: str, title: str, engine: str, sample: Sample) -> Row:
    return Row(name, title, engine, 1, sample, figure=Figure("p99", sample.p99_ms, GOAL_MS, "ms"))


def _measured(bench: Bench, server: Server, web: httpx.Client, path: str, before: Callable[[int], None]) -> Sample:
    web.get(path).raise_for_status()
    times, size, cpu = list[float](), 0, 0.0
    for number in range(TIMES * bench.rounds):
        before(number)
        used, start = server.cpu(), time.perf_counter()
        size = len(web.get(path).raise_for_status().content)
        times.append(time.perf_counter() - start)
        cpu += server.cpu() - used
    half, most = percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000
    return Sample(0.0, half, most, cpu / len(times) * 1_000_000, size)


def _world() -> Iterator[list[Message]]:
    title = LocalizedText(sv="Gateway")
    yield [
        *(Organisation(name=f"organisations/s{body}", kind=1, title=title) for body in range(BODIES)),  # type: ignore[arg-type]
        *(System(name=f"organisations/s{body}/systems/gw", title=title, environment=3) for body in range(BODIES)),  # type: ignore[arg-type]
    ]
    yield [each for number in range(OFFERINGS) for each in _offered(number)]
    for body in range(BODIES):
        yield [_subscribed(body, number) for number in range(OFFERINGS)]


def _offered(number: int) -> Iterator[Message]:
    offering = seed.offering(number)
    offering.ClearField("capabilities")
    offering.provider = f"organisations/s{number}"
    release = f"{offering.name}/releases/1.0.0"
    if number < CAMPAIGNS:
        campaign = Campaign(id="safe", title=offering.title, release=release, party_class="kind = MUNICIPALITY")
        campaign.deadline.FromSeconds(1_600_000_000)
        offering.campaigns.append(campaign)
    yield offering
    yield Release(name=release, version="1.0.0", state=3)  # type: ignore[arg-type]


def _subscribed(body: int, number: int, attempts: int = 0) -> Subscription:
    state, phase = STATES[(body + number) % len(STATES)]
    made = Subscription(
        name=f"organisations/s{body}/subscriptions/use-{number}",
        offering=f"offerings/bygglov-{number}",
        system=f"organisations/s{body}/systems/gw",
        environment=3,  # type: ignore[arg-type]
        state=state,  # type: ignore[arg-type]
    )
    report = made.convergence
    report.phase, report.observed_release = phase, f"offerings/bygglov-{number}/releases/1.0.0"  # type: ignore[assignment]
    report.report_time.FromSeconds(1_700_000_000 + body)
    report.attempts = attempts
    if state == STATES[-1][0]:
        report.last_error.reason, report.last_error.message = "TARGET_REFUSED", "Gatewayen svarade 503."
    return made


def _report(url: str, number: int) -> None:
    seed.put(url, [_subscribed(7, 7, number + 1)])
