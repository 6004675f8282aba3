"""From a change to all that watch: one change at a time, received by 1, 200 and 1,000 watchers in two processes.

And by 500 of them without and with one more that asks for everything and reads nothing (fault 19).
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from registry.api.v1 import feed_service_pb2_grpc as feed_grpc
from registry.api.v1 import offering_service_pb2_grpc as pb_grpc
from registry.api.v1.feed_service_pb2 import WatchRequest
from tests.bench import seed, writes
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.processes import Child, Server
from tests.bench.rows import Figure, Row

WATCHERS, PROCESSES, GOAL_MS = (1, 200, 1000), 2, 250.0
PAUSE_SECONDS = 0.3
HEALTHY, HISTORY, NOTICED = 500, 5000, 1.2
SMALL_WINDOW = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536)]


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds from the time of a change, which is taken before its commit, to its receipt by every watcher."""
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    server = bench.serve(url)
    writes.warm(bench, server, "create")
    for count in WATCHERS:
        bench.tell(f"{count} watchers")
        sample, changes = _measured(bench, server, count, f"watched-{count}")
        figure = Figure("p99", sample.p99_ms, GOAL_MS, "ms") if count == WATCHERS[-1] else None
        note = f"{changes} changes; CPU is per message sent"
        title = f"a change to {count:,} watchers"
        yield Row(f"watch-{count}", title, "sqlite", count, sample, figure=figure, note=note)
    server.stop()
    yield _stuck_row(bench)


def _stuck_row(bench: Bench) -> Row:
    url = bench.databases.new("sqlite")
    seed.fill(url, HISTORY)
    server = bench.serve(url)
    writes.warm(bench, server, "create")
    bench.tell(f"{HEALTHY} watchers, without and with a stuck one")
    alone, _ = _measured(bench, server, HEALTHY, "alone")
    with _stuck(server.address):
        beside, changes = _measured(bench, server, HEALTHY, "beside")
    server.stop()
    figure = Figure("p99 to that without it", beside.p99_ms / alone.p99_ms, NOTICED)
    note = f"{changes} changes; {alone.p99_ms:.0f} ms without it"
    title = f"a change to {HEALTHY} watchers beside a stuck one"
    return Row("watch-stuck", title, "sqlite", HEALTHY, beside, figure=figure, note=note)


@contextmanager
def _stuck(address: str) -> Iterator[None]:
    """A watcher that asks for the whole history and reads none of it."""
    with grpc.insecure_channel(address, options=SMALL_WINDOW) as channel:
        call = feed_grpc.FeedServiceStub(channel).Watch(WatchRequest(start_revision=1))
        call.initial_metadata()
        yield
        call.cancel()


def _measured(bench: Bench, server: Server, count: int, run: str) -> tuple[Sample, int]:
    """The delays of a few changes to so many watchers, and how many changes those were."""
    changes = 5 if bench.quick else 15
    processes = [Child("watchers", server.address, str(share)) for share in _shares(count)]
    before = server.cpu()
    _change(server, run, changes)
    cpu = server.settled_cpu() - before
    delays = [delay for process in processes for delay in json.loads(process.end())]
    if len(delays) != changes * count:
        raise RuntimeError(f"{count} watchers received {len(delays)} of {changes * count}")
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    return Sample(0.0, p50, p99, cpu / len(delays) * 1_000_000, 0.0), changes


def _shares(count: int) -> list[int]:
    return [share for share in (count // PROCESSES + count % PROCESSES, count // PROCESSES) if share]


def _change(server: Server, run: str, changes: int) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = pb_grpc.OfferingServiceStub(channel)
        for number in range(changes):
            stub.CreateOffering(writes.creation(run, number))
            time.sleep(PAUSE_SECONDS)  # each change is delivered before the next: this row is of latency, not of rate
