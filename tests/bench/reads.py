"""Reading: one offering and pages of fifty, from memory and from the store, at the beginning and far into the list."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import grpc

from registry.api.v1 import offering_service_pb2 as pb
from registry.api.v1 import offering_service_pb2_grpc as pb_grpc
from tests.bench.bench import Bench
from tests.bench.load import Job
from tests.bench.measure import Sample, in_turn, middle, once, ratio
from tests.bench.processes import Server
from tests.bench.rows import Figure, Row
from tests.bench.seed import offering

GET, LIST = "/gemensam.registry.v1.OfferingService/GetOffering", "/gemensam.registry.v1.OfferingService/ListOfferings"
Page = pb.ListOfferingsRequest | pb.SearchOfferingsRequest
Asked = Page | pb.GetOfferingRequest
CALLERS, SOME, OFFERINGS, PAGE, DEPTH, DISTINCT = 32, 1_000, 10_000, 50, 9_000, 9_000


def get(bench: Bench) -> Iterator[Row]:
    """GetOffering of one that is asked for again and again."""
    server = bench.catalogue(SOME)
    request = pb.GetOfferingRequest(name=offering(7).name).SerializeToString()
    yield _beside_floor(bench, server, GET, [request], "get-hot", "GetOffering, hot", 1.5)


def pages(bench: Bench) -> Iterator[Row]:
    """ListOfferings: fifty from memory, fifty from the store, fifty after the first 9,000."""
    server = bench.catalogue(OFFERINGS)
    first = pb.ListOfferingsRequest(page_size=PAGE)
    yield _beside_floor(bench, server, LIST, [first.SerializeToString()], "list-hot", "page of 50, hot", 5.0)
    yield _beside_floor(bench, server, LIST, distinct(first), "list-store", "page of 50, from the store", 10.0)
    deep = pb.ListOfferingsRequest(page_size=PAGE, page_token=token_at(server, DEPTH))
    title = f"page of 50 at depth {DEPTH:,} of {OFFERINGS:,}"
    yield beside(bench, server, (first, deep), "list-deep", title, Figure("CPU / first page", 0.0, 1.2))


def distinct(request: Asked) -> list[bytes]:
    """The same asked for in many ways, so that the reply cache cannot help: each is read from the store."""
    asked = deepcopy(request)
    made: list[bytes] = []
    for revision in range(1, DISTINCT + 1):
        asked.min_revision = revision
        made.append(asked.SerializeToString())
    return made


def token_at(server: Server, depth: int) -> str:
    """The page token after that many offerings."""
    token = ""
    with grpc.insecure_channel(server.address) as channel:
        stub = pb_grpc.OfferingServiceStub(channel)
        for _ in range(depth // 1000):
            token = stub.ListOfferings(pb.ListOfferingsRequest(page_size=1000, page_token=token)).next_page_token
    return token


def beside(
    bench: Bench,
    server: Server,
    requests: tuple[pb.ListOfferingsRequest, Page],
    name: str,
    title: str,
    goal: Figure,
    path: str = LIST,
) -> Row:
    """A page of a list beside another page, both from the store; the figure is their CPU per request."""
    bench.tell(title)
    paths = zip((LIST, path), requests, strict=True)
    plain, ours = in_turn(bench.rounds, *(_measure(bench, server, each, distinct(asked)) for each, asked in paths))
    figure = Figure(goal.of, ratio(ours, plain), goal.goal)
    return Row(name, title, "sqlite", CALLERS, middle(ours), figure=figure)


def _measure(bench: Bench, server: Server, path: str, requests: Sequence[bytes]) -> Callable[[int], Sample]:
    def measure(number: int) -> Sample:
        start = len(requests) * number // bench.rounds  # each round asks for what the others have not put in the cache
        job = Job(server.address, path, [*requests[start:], *requests[:start]], CALLERS, bench.seconds)
        return once(server, bench.clients, job)

    return measure


def _beside_floor(
    bench: Bench, server: Server, path: str, requests: Sequence[bytes], name: str, title: str, goal: float
) -> Row:
    bench.tell(title)
    size = int(once(server, bench.clients, Job(server.address, path, requests[:1], 1, 0.1)).reply_bytes)
    ours_in = _measure(bench, server, path, requests)
    floor, ours = in_turn(bench.rounds, lambda _: bench.at_floor(size, CALLERS), ours_in)
    value = ratio(ours, floor)
    figure = Figure("CPU / echo", value, goal)
    return Row(name, title, "sqlite", CALLERS, middle(ours), middle(floor).cpu_us, value, figure)
