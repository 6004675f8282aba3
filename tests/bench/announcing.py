"""The relay: how fast it announces a long history beside a bare producer of the same bytes, and how late a change is.

Kafka is real and on this machine, so it takes its part of the CPU from everything measured here.
"""

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from statistics import median

from registry.relay.rebuild import start_again
from registry.store.sqlstore import open_store
from tests.bench import outage, seed, writes
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.outage import position, steadily, wait
from tests.bench.processes import Child, Server
from tests.bench.rows import Figure, Row
from tests.components.kafka import Kafka

BARE, GOAL = "bench.bare", 0.6
RATE = 50


def rows(bench: Bench) -> Iterator[Row]:
    """Catching up, latency, and an outage, against one broker."""
    bench.tell("starting Kafka")
    kafka = Kafka(bench.folder / "kafka")
    try:
        yield _catching_up(bench, kafka)
        url = bench.databases.new("sqlite")
        seed.fill(url, 10)
        server = bench.serve(url, "--kafka", kafka.bootstrap)
        writes.warm(bench, server, "create")
        yield _latency(bench, server, kafka)
        yield from outage.rows(bench, server, kafka, url)
        server.stop()
    finally:
        kafka.stop(signal.SIGKILL)


def _catching_up(bench: Bench, kafka: Kafka) -> Row:
    count = 10_000 if bench.quick else 100_000
    url = bench.databases.new("sqlite")
    seed.fill(url, count, progress=lambda done, total: bench.tell(f"writing offerings: {done} of {total}"))
    relayed, bare, used = list[float](), list[float](), list[float]()
    floor: Child | None = None
    for _ in range(2 if bench.quick else 3):
        bench.tell(f"relaying {count} changes")
        seconds, cpu = _relayed(url, kafka)
        relayed.append(count / seconds)
        used.append(cpu / count * 1_000_000)
        bench.tell(f"sending the same {count} by a bare producer")
        floor = floor or Child("producing", kafka.bootstrap, str(count), BARE)
        bare.append(count / float(floor.ask("send")))
    if floor:
        floor.end()
    gain = median(ours / other for ours, other in zip(relayed, bare, strict=True))
    sample = Sample(median(relayed), 0.0, 0.0, median(used), 0.0)
    figure = Figure("throughput / bare producer", gain, GOAL, least=True)
    note = f"caught up in {count / median(relayed):.1f} s; the bare producer sent {median(bare):.0f} a second"
    return Row("relay-catch-up", f"relay of {count:,} changes", "sqlite", 1, sample, figure=figure, note=note)


def _relayed(url: str, kafka: Kafka) -> tuple[float, float]:
    """Seconds and CPU seconds of a relay from its first confirmed page to its last."""
    store = open_store(url)
    try:
        asyncio.run(start_again(store))
        with Server("relaying", url, kafka.bootstrap) as relay:
            wait(store, lambda reached, _: reached > 0)
            first, start, cpu = position(store)[0], time.perf_counter(), relay.cpu()
            wait(store, lambda reached, head: reached == head)
            part = (position(store)[1] - first) / position(store)[1]
            return (time.perf_counter() - start) / part, (relay.cpu() - cpu) / part
    finally:
        store.close()


def _latency(bench: Bench, server: Server, kafka: Kafka) -> Row:
    bench.tell("from a change to a consumer")
    consumer = Child("consuming", kafka.bootstrap)
    steadily(server, "late", RATE, 3 if bench.quick else 10)
    delays = [float(each) for each in json.loads(consumer.end())]
    sample = Sample(RATE, percentile(delays, 0.5), percentile(delays, 0.99), 0.0, 0.0)
    note = f"{len(delays)} events"
    return Row("relay-latency", f"a change to a Kafka consumer, {RATE} a second", "sqlite", 1, sample, note=note)
