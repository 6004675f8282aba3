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
    bare = bench.serve(url, "--without-telemetry")
    with sink() as receiver:
        seen = bench.serve(url, "--export", receiver.address, "--share", SHARE)
        plain, ours = in_turn(TIMES * bench.rounds, lambda _: _hot(bench, bare), lambda _: _hot(bench, seen))
        seen.stop()
        bare.stop()
        count = len(receiver.named("/GetOffering"))
    if not count:
        raise RuntimeError("no span was exported")
    more = median(each.cpu_us - other.cpu_us for each, other in zip(ours, plain, strict=True))
    figure = Figure("CPU more", more, GOAL_US, "us")
    note = f"without telemetry {middle(plain).cpu_us:.0f} us, x {ratio(ours, plain):.2f}; {count} spans were exported"
    yield Row("telemetry-hot", title, "sqlite", CALLERS, middle(ours), figure=figure, note=note)


def _hot(bench: Bench, server: Server) -> Sample:
    request = pb.GetOfferingRequest(name=seed.offering(7).name).SerializeToString()
    return once(server, bench.clients, Job(server.address, GET, [request], CALLERS, SHORT * bench.seconds))
