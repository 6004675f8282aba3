"""What telemetry costs on the hottest read: spans of a tenth of the calls, exported, and every duration measured."""

from collections.abc import Iterator
from statistics import median

from registry.api.v1 import offering_service_pb2 as pb
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.identified import SHORT
from tests.bench.load import Job
from tests.bench.measure import Sample, in_turn, middle, once, ratio
from tests.bench.processes import Server
from tests.bench.reads import CALLERS, GET
from tests.bench.rows import Figure, Row
from tests.components.otlp import sink

GOAL_US, SHARE, TIMES = 30.0, "0.1", 9


def rows(bench: Bench) -> Iterator[Row]:
    """GetOffering, hot, beside the same server without any telemetry; the figure is the CPU that it costs more."""
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    title = "GetOffering, hot, spans of 10 %"
    bench.tell(title)
    plain, ours, echo = list[Sample](), list[Sample](), list[Sample]()
    with sink() as receiver:
        for _ in range(bench.rounds):  # new processes: where things lie in memory is worth 10 us, too
            for all_of_it, some in zip((plain, ours, echo), _three(bench, url, receiver.address), strict=True):
                all_of_it.extend(some)
        count = len(receiver.named("/GetOffering"))
    if not count:
        raise RuntimeError("no span was exported")
    more = median(each.cpu_us - other.cpu_us for each, other in zip(ours, plain, strict=True))
    figure = Figure("CPU more", more, GOAL_US, "us")
    note = (
        f"without telemetry {middle(plain).cpu_us:.0f} us, x {ratio(ours, plain):.2f};"
        f" {more / middle(echo).cpu_us:.2f} of a bare echo; {count} spans were exported"
    )
    yield Row("telemetry-hot", title, "sqlite", CALLERS, middle(ours), figure=figure, note=note)


def _three(bench: Bench, url: str, receiver: str) -> list[list[Sample]]:
    bare = bench.serve(url, "--without-telemetry")
    seen = bench.serve(url, "--export", receiver, "--share", SHARE)
    size = int(_hot(bench, bare).reply_bytes)
    taken = in_turn(
        TIMES, lambda _: _hot(bench, bare), lambda _: _hot(bench, seen), lambda _: bench.at_floor(size, CALLERS)
    )
    seen.stop()
    bare.stop()
    return taken


def _hot(bench: Bench, server: Server) -> Sample:
    request = pb.GetOfferingRequest(name=seed.offering(7).name).SerializeToString()
    return once(server, bench.clients, Job(server.address, GET, [request], CALLERS, SHORT * bench.seconds))
