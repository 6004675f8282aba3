"""Measuring a method beside the floor: short rounds of both in turn, so that what disturbs one disturbs the other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from statistics import median

from tests.bench.load import Job, Load, drive
from tests.bench.processes import Server


@dataclass(frozen=True, slots=True)
class Sample:
    """One round, or the medians of several. CPU is the server's own."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    reply_bytes: float


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of all lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def once(server: Server, clients: ProcessPoolExecutor, job: Job, *, settle: bool = False) -> Sample:
    """Run the job. With `settle` the CPU counts what the server does after the last reply, too."""
    before = server.cpu()
    load: Load = clients.submit(drive, job).result()
    cpu = (server.settled_cpu() if settle else server.cpu()) - before
    count = len(load.latencies)
    return Sample(
        requests_per_second=count / load.seconds,
        p50_ms=percentile(load.latencies, 0.5) * 1000,
        p99_ms=percentile(load.latencies, 0.99) * 1000,
        cpu_us=cpu / count * 1_000_000,
        reply_bytes=load.reply_bytes,
    )


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each number."""
    return Sample(*(median(getattr(each, field.name) for each in samples) for field in fields(Sample)))


def in_turn(rounds: int, *measures: Callable[[int], Sample]) -> list[list[Sample]]:
    """Every measure once in each round (they are told its number); the samples of each."""
    taken: list[list[Sample]] = [[] for _ in measures]
    for number in range(rounds):
        for samples, measure in zip(taken, measures, strict=True):
            samples.append(measure(number))
    return taken


def ratio(ours: Sequence[Sample], floor: Sequence[Sample]) -> float:
    """CPU per request of ours to the floor's: the median over the rounds, each beside its own neighbour."""
    return median(each.cpu_us / other.cpu_us for each, other in zip(ours, floor, strict=True))
