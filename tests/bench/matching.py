"""What a publication costs the matcher when ten thousand interests stand: filed ones, and those that must all be read."""

import time
from collections.abc import Iterator

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.services.standing import Standing
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.rows import Figure, Row

INTERESTS, JOIN, GOAL_MS = 10_000, 3, 100.0
FILTERS = {
    "by capability, provider or name": (
        'capabilities:"capabilities/c{0}"',
        "provider = organisations/p{0}",
        'name = "offerings/o{0}" OR capabilities:"capabilities/c{1}"',
        'information_class = OPEN AND capabilities:"capabilities/c{0}"',
    ),
    "by words alone": ('title.sv : "ord{0}"', 'NOT title.sv : "tjänst" AND title.sv : "ord{0}"'),
}


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds to find who wants an offering: many needs that differ, then none that can be filed."""
    for number, (words, filters) in enumerate(FILTERS.items()):
        bench.tell(f"{INTERESTS:,} interests {words}")
        standing = _standing(filters)
        message = Offering(name="offerings/o7", provider="organisations/p7", state=1)  # type: ignore[arg-type]
        message.title.sv = "Tjänst ord7"
        message.capabilities.extend(["capabilities/c7", "capabilities/c8"])
        times = [_timed(standing, message) for _ in range(bench.rounds * 10)]
        middle, most = percentile(times, 0.5), percentile(times, 0.99)
        found, read = sum(1 for _ in standing.wanting(message)), standing.evaluated // (len(times) + 1)
        yield Row(
            f"interests-{number}",
            f"who wants an offering, of {INTERESTS:,} interests {words}",
            sample=Sample(0.0, middle, most, 0.0, 0.0),
            figure=Figure("p50", middle, GOAL_MS, "ms"),
            note=f"{found} want it, {read} filters were run",
        )


def _standing(filters: tuple[str, ...]) -> Standing:
    standing = Standing(0)
    for number in range(INTERESTS):
        change = Change(revision=number + 1, kind="interest", name=f"organisations/b{number}/interests/i", etag="e")
        text = filters[number % len(filters)].format(number % 997, number % 499)
        change.resource.interest.CopyFrom(Interest(name=change.name, filter=text, mode=JOIN))  # type: ignore[arg-type]
        standing.learn([change])
    return standing


def _timed(standing: Standing, message: Offering) -> float:
    start = time.perf_counter()
    for _ in standing.wanting(message):
        pass
    return (time.perf_counter() - start) * 1000
