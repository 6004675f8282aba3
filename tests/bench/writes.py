"""Durable writes: create and update by 1, 16 and 64 callers at once, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

from registry.api.v1 import offering_service_pb2 as pb
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.load import Job
from tests.bench.measure import Sample, in_turn, middle, once
from tests.bench.processes import Server
from tests.bench.rows import Figure, Row

SERVICE = "/gemensam.registry.v1.OfferingService"
CALLERS = (1, 16, 64)
MOST_PER_SECOND = 4_000
BEFORE = 1_000
CPU_GOAL_US = 500.0
REPLY_BYTES = 620  # what a create or an update answers, about


def rows(bench: Bench) -> Iterator[Row]:
    """Create and update, each beside the echo with as many callers; the CPU counts what readers of the ledger do."""
    for engine in bench.databases.engines:
        url = bench.databases.new(engine)
        seed.fill(url, BEFORE)
        server = bench.serve(url)
        server.settled_cpu()
        for verb in ("create",) if bench.quick else ("create", "update"):
            warm(bench, server, verb)
            for callers in (1, 64) if bench.quick else CALLERS:
                yield _row(bench, server, engine, verb, callers)
        server.stop()


def _row(bench: Bench, server: Server, engine: str, verb: str, callers: int) -> Row:
    title = f"{verb}, durable"
    bench.tell(f"{title}, {callers} callers, {engine}")
    writes = writing(bench, server, verb, callers)
    floor, ours = in_turn(bench.rounds, lambda _: bench.at_floor(REPLY_BYTES, callers), writes)
    sample, bare = middle(ours), middle(floor)
    figure = Figure("CPU", sample.cpu_us, CPU_GOAL_US, "us") if callers == CALLERS[-1] else None
    ratio = sample.cpu_us / bare.cpu_us
    return Row(f"{verb}-{callers}-{engine}", title, engine, callers, sample, bare.cpu_us, ratio, figure)


def writing(bench: Bench, server: Server, verb: str, callers: int) -> Callable[[int], Sample]:
    """A measure of durable writes: every request of every round is a new one."""

    def measure(number: int) -> Sample:
        count = round(MOST_PER_SECOND * bench.seconds) if callers > 1 else round(1_000 * bench.seconds)
        requests = [_REQUESTS[verb](f"{callers}x{number}", each) for each in range(count)]
        job = Job(server.address, PATHS[verb], requests, callers, bench.seconds, once=True)
        return once(server, bench.clients, job, settle=True)

    return measure


def warm(bench: Bench, server: Server, verb: str) -> None:
    """Everything that is made once is made before the first measure."""
    requests = [_REQUESTS[verb]("warm", each) for each in range(400)]
    once(server, bench.clients, Job(server.address, PATHS[verb], requests, CALLERS[-1], 60, once=True), settle=True)


def creation(run: str, number: int) -> pb.CreateOfferingRequest:
    """A request for an offering that no other run makes."""
    draft = seed.offering(number)
    draft.ClearField("name")
    draft.ClearField("state")
    return pb.CreateOfferingRequest(offering_id=f"new-{run}-{number}", offering=draft)


def _create(run: str, number: int) -> bytes:
    return creation(run, number).SerializeToString()


def _update(run: str, number: int) -> bytes:
    name = seed.offering(number % BEFORE).name
    changed = {"name": name, "title": {"sv": f"Bygglov {run} {number}"}}
    return pb.UpdateOfferingRequest(offering=changed, update_mask={"paths": ["title"]}).SerializeToString()  # type: ignore[arg-type]


_REQUESTS = {"create": _create, "update": _update}
PATHS = {"create": f"{SERVICE}/CreateOffering", "update": f"{SERVICE}/UpdateOffering"}
