"""A broker that is away while changes go on: what the registry's memory does, and how soon all of it is announced after."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator

import grpc

from registry.api.v1 import offering_service_pb2_grpc as pb_grpc
from registry.relay.rebuild import READER
from registry.store import Store
from registry.store.sqlstore import open_store
from tests.bench import writes
from tests.bench.bench import Bench
from tests.bench.processes import Server
from tests.bench.rows import Figure, Row
from tests.components.kafka import Kafka

RATE, GROWTH_GOAL_MIB, DRAIN_GOAL_SECONDS, MEBIBYTE = 200, 50.0, 30.0, 2**20
POLL_SECONDS = 0.02


def rows(bench: Bench, server: Server, kafka: Kafka, url: str) -> Iterator[Row]:
    """Changes while the broker is there, then while it is stopped, then until the relay has caught up."""
    seconds = 5 if bench.quick else 60
    bench.tell("changes before the outage")
    steadily(server, "before", RATE, 5)  # whatever memory such a load takes by itself
    store = open_store(url)
    try:
        caught_up(store)
        kafka.brokers[0].signal(signal.SIGSTOP)
        bench.tell(f"{seconds} s without a broker")
        before, peak = server.memory(), 0
        for number in range(seconds):
            steadily(server, f"during-{number}", RATE, 1)
            peak = max(peak, server.memory())
        kafka.brokers[0].signal(signal.SIGCONT)
        start = time.perf_counter()
        caught_up(store)
        drained = time.perf_counter() - start
    finally:
        store.close()
    title = f"{seconds} s without a broker, {RATE} changes a second"
    growth = Figure("RSS growth", (peak - before) / MEBIBYTE, GROWTH_GOAL_MIB, "MiB")
    yield Row("relay-outage", title, "sqlite", figure=growth)
    yield Row("relay-drain", "and then", "sqlite", figure=Figure("drained in", drained, DRAIN_GOAL_SECONDS, "s"))


def steadily(server: Server, run: str, rate: int, seconds: int) -> None:
    """Creates at a rate; every one is acknowledged. Errors: the first refusal."""
    with grpc.insecure_channel(server.address) as channel:
        stub, start = pb_grpc.OfferingServiceStub(channel), time.perf_counter()
        waiting = []
        for number in range(rate * seconds):
            waiting.append(stub.CreateOffering.future(writes.creation(run, number), timeout=30))
            time.sleep(max(0.0, start + (number + 1) / rate - time.perf_counter()))  # the rate is what is asked for
        for each in waiting:
            each.result()


def caught_up(store: Store) -> None:
    """Wait until the relay has confirmed everything."""
    wait(store, lambda reached, head: reached == head)


def wait(store: Store, done: Callable[[int, int], bool], seconds: float = 300) -> None:
    """Wait until the relay's position and the head are as they should be. Errors: TimeoutError."""
    end = time.monotonic() + seconds
    while not done(*position(store)):
        if time.monotonic() > end:
            raise TimeoutError("the relay did not get there")
        time.sleep(POLL_SECONDS)


def position(store: Store) -> tuple[int, int]:
    """How far the relay has confirmed, and the head."""

    async def read() -> tuple[int, int]:
        reading, head = await store.read(lambda view: (view.reading(READER), view.head()))
        return (reading.revision if reading else 0), head.revision

    return asyncio.run(read())
