"""What identity costs: the same server asked with an API key and without a credential, for what it has at hand and not."""

import time
from collections.abc import Iterator, Sequence
from statistics import median

import grpc

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1 import access_service_pb2_grpc as access_pb2_grpc
from registry.api.v1 import offering_service_pb2 as pb
from registry.api.v1.access_pb2 import Action
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.load import Job
from tests.bench.measure import Sample, in_turn, middle, once, ratio
from tests.bench.processes import Server
from tests.bench.reads import CALLERS, GET, LIST, OFFERINGS, PAGE, Asked, distinct
from tests.bench.rows import Figure, Row

GOAL_US, GOAL, TIMES, UNLIMITED, YEAR = 30.0, 1.5, 9, "1000000000", 300 * 86400
NAME = seed.offering(7).name
STORED: Sequence[tuple[str, str, Asked]] = (
    ("GetOffering", GET, pb.GetOfferingRequest(name=NAME)),
    (f"page of {PAGE}", LIST, pb.ListOfferingsRequest(page_size=PAGE)),
)
SHORT = 0.4  # of a usual round: what disturbs the machine lasts seconds, and a difference of 5 % is looked for


def rows(bench: Bench) -> Iterator[Row]:
    """With a key that may read and no more: the CPU that it costs more when a reply is kept, and in parts when it is not."""
    yield _hot(bench)
    for engine in bench.databases.engines:
        url = bench.databases.new(engine)
        seed.fill(url, OFFERINGS, 0, lambda done, total: bench.tell(f"writing offerings: {done} of {total}"))
        server = bench.serve(url, "--calls-per-second", UNLIMITED)
        secret = f"Bearer {_key(server)}"
        for what, path, request in STORED:
            yield _stored(bench, server, secret, engine, what, path, request)
        server.stop()


def _hot(bench: Bench) -> Row:
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    title = "GetOffering, hot, by an API key"
    bench.tell(title)
    server = bench.serve(url, "--calls-per-second", UNLIMITED)
    secret = f"Bearer {_key(server)}"
    request = pb.GetOfferingRequest(name=NAME).SerializeToString()

    def hot(authorization: str) -> Job:
        return Job(server.address, GET, [request], CALLERS, SHORT * bench.seconds, authorization=authorization)

    size = int(once(server, bench.clients, hot("")).reply_bytes)
    plain, ours, echo, echo_with = in_turn(
        TIMES * bench.rounds,
        lambda _: once(server, bench.clients, hot("")),
        lambda _: once(server, bench.clients, hot(secret)),
        lambda _: bench.at_floor(size, CALLERS),
        lambda _: bench.at_floor(size, CALLERS, secret),
    )
    server.stop()
    figure = Figure("CPU more", _more(ours, plain), GOAL_US, "us")
    note = (
        f"without a credential {middle(plain).cpu_us:.0f} us, x {ratio(ours, plain):.2f};"
        f" the header costs a bare echo of {middle(echo).cpu_us:.0f} us {_more(echo_with, echo):.0f} us more"
    )
    return Row("identity-hot", title, "sqlite", CALLERS, middle(ours), figure=figure, note=note)


def _stored(bench: Bench, server: Server, secret: str, engine: str, what: str, path: str, request: Asked) -> Row:
    """What is shown is asked of the store each time: that must not cost as much again."""
    title = f"{what}, from the store, by an API key"
    bench.tell(title)
    requests = distinct(request)

    def read(authorization: str, place: int) -> Sample:
        asked = [*requests[place:], *requests[:place]]
        job = Job(server.address, path, asked, CALLERS, bench.seconds, authorization=authorization)
        return once(server, bench.clients, job)

    step = len(requests) // (2 * bench.rounds)  # what one has put into the cache, no other asks for
    plain, ours = in_turn(
        bench.rounds, lambda number: read("", 2 * number * step), lambda number: read(secret, (2 * number + 1) * step)
    )
    note = f"without a credential {middle(plain).cpu_us:.0f} us"
    figure = Figure("CPU / without", ratio(ours, plain), GOAL)
    return Row(f"identity-{path.rsplit('/', 1)[1]}", title, engine, CALLERS, middle(ours), figure=figure, note=note)


def _more(some: Sequence[Sample], others: Sequence[Sample]) -> float:
    return median(each.cpu_us - other.cpu_us for each, other in zip(some, others, strict=True))


def _key(server: Server) -> str:
    with grpc.insecure_channel(server.address) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        request = access_pb2.CreateKeyRequest(key_id="bench")
        request.key.organisation, request.key.purpose = seed.offering(7).provider, "bench"
        request.key.actions.append(Action.ACTION_READ)
        request.key.valid_to.FromSeconds(int(time.time()) + YEAR)
        return str(stub.CreateKey(request).secret)
