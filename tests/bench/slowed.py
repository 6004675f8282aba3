"""Group commit: with every commit made 5 ms slower, many callers must not wait for each other in a line."""

from collections.abc import Iterator
from statistics import median

from tests.bench import seed, writes
from tests.bench.bench import Bench
from tests.bench.measure import in_turn, middle
from tests.bench.rows import Figure, Row

SLOWER_MS, CALLERS, GOAL = 5, 64, 20.0


def rows(bench: Bench) -> Iterator[Row]:
    """Throughput of 64 callers to that of one, on each engine."""
    for engine in bench.databases.engines:
        bench.tell(f"commits made {SLOWER_MS} ms slower, {engine}")
        url = bench.databases.new(engine)
        seed.fill(url, 10)
        server = bench.serve(url, "--slow-commit-ms", str(SLOWER_MS))
        writes.warm(bench, server, "create")
        one, many = in_turn(bench.rounds, *(writes.writing(bench, server, "create", n) for n in (1, CALLERS)))
        gain = median(
            each.requests_per_second / other.requests_per_second for each, other in zip(many, one, strict=True)
        )
        title = f"create, every commit {SLOWER_MS} ms slower"
        yield Row(f"slow-1-{engine}", title, engine, 1, middle(one))
        figure = Figure("64 / 1 caller", gain, GOAL, least=True)
        yield Row(f"slow-{CALLERS}-{engine}", title, engine, CALLERS, middle(many), figure=figure)
        server.stop()
