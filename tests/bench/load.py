"""Load from a process of its own: callers that send requests serialised beforehand, one after the other, and note every latency."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

from tests.bench.http2 import DATA, ENDED, MESSAGE_HEAD, Calls


@dataclass(frozen=True, slots=True)
class Job:
    """Calls of one method by `callers` at once, for `seconds`. Requests repeat, unless `once`: then they may run out."""

    address: str
    path: str
    requests: Sequence[bytes]
    callers: int
    seconds: float
    once: bool = False
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a job: seconds of every call, how long it all took, and the size of a reply."""

    latencies: list[float]
    seconds: float
    reply_bytes: int


def pool() -> ProcessPoolExecutor:
    """A process that runs jobs; spawned, so that it shares nothing with the parent."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def drive(job: Job) -> Load:
    """Run the job in this process: each caller sends its next request when it has its reply."""
    calls = Calls(job.address, job.path, job.authorization)
    try:
        return _drive(calls, job)
    finally:
        calls.close()


def _drive(calls: Calls, job: Job) -> Load:
    requests: Iterator[bytes] = iter(job.requests) if job.once else cycle(job.requests)
    latencies: list[float] = []
    received = 0
    start = now = time.perf_counter()
    begun = dict.fromkeys(calls.send(islice(requests, job.callers)), start)
    while begun:
        events = calls.receive()
        now = time.perf_counter()
        received += sum(len(payload) for kind, _, payload in events if kind == DATA)
        ended = [stream for kind, stream, _ in events if kind == ENDED]
        latencies += [now - begun.pop(stream) for stream in ended]
        if now - start < job.seconds:
            begun |= dict.fromkeys(calls.send(islice(requests, len(ended))), now)
    return Load(latencies, now - start, received // max(len(latencies), 1) - MESSAGE_HEAD)
