"""What identity costs on the hottest read: the same server asked with an API key and without a credential."""

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
from tests.bench.reads import CALLERS, GET
from tests.bench.rows import Figure, Row

GOAL_US, TIMES, UNLIMITED, YEAR = 30.0, 9, "1000000000", 300 * 86400
SHORT = 0.4  # of a usual round: what disturbs the machine lasts seconds, and a difference of 5 % is looked for


def rows(bench: Bench) -> Iterator[Row]:
    """GetOffering, hot, with a key that may read and no more; the figure is the CPU that it costs more."""
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    title = "GetOffering, hot, by an API key"
    bench.tell(title)
    server = bench.serve(url, "--calls-per-second", UNLIMITED)
    secret = f"Bearer {_key(server)}"
    request = pb.GetOfferingRequest(name=seed.offering(7).name).SerializeToString()

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
    yield Row("identity-hot", title, "sqlite", CALLERS, middle(ours), figure=figure, note=note)


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
