"""From a change to all that watch: one change at a time, received by 1, 200 and 1,000 watchers in two processes."""

import json
import time
from collections.abc import Iterator

import grpc

from registry.api.v1 import offering_service_pb2_grpc as pb_grpc
from tests.bench import seed, writes
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.processes import Child, Server
from tests.bench.rows import Figure, Row

WATCHERS, PROCESSES, GOAL_MS = (1, 200, 1000), 2, 250.0
PAUSE_SECONDS = 0.3


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds from the time of a change, which is taken before its commit, to its receipt by every watcher."""
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    server = bench.serve(url)
    writes.warm(bench, server, "create")
    for count in WATCHERS:
        bench.tell(f"{count} watchers")
        yield _row(bench, server, count)
    server.stop()


def _row(bench: Bench, server: Server, count: int) -> Row:
    changes = 5 if bench.quick else 15
    processes = [Child("watchers", server.address, str(share)) for share in _shares(count)]
    before = server.cpu()
    _change(server, f"watched-{count}", changes)
    cpu = server.settled_cpu() - before
    delays = [delay for process in processes for delay in json.loads(process.end())]
    if len(delays) != changes * count:
        raise RuntimeError(f"{count} watchers received {len(delays)} of {changes * count}")
    p99 = percentile(delays, 0.99)
    sample = Sample(0.0, percentile(delays, 0.5), p99, cpu / len(delays) * 1_000_000, 0.0)
    figure = Figure("p99", p99, GOAL_MS, "ms") if count == WATCHERS[-1] else None
    note = f"{changes} changes; CPU is per message sent"
    return Row(f"watch-{count}", f"a change to {count:,} watchers", "sqlite", count, sample, figure=figure, note=note)


def _shares(count: int) -> list[int]:
    return [share for share in (count // PROCESSES + count % PROCESSES, count // PROCESSES) if share]


def _change(server: Server, run: str, changes: int) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = pb_grpc.OfferingServiceStub(channel)
        for number in range(changes):
            stub.CreateOffering(writes.creation(run, number))
            time.sleep(PAUSE_SECONDS)  # each change is delivered before the next: this row is of latency, not of rate
