"""A filtered page beside an unfiltered one, at ten thousand and at a hundred thousand offerings."""

from collections.abc import Iterator

from registry.api.v1 import offering_service_pb2 as pb
from tests.bench import reads
from tests.bench.bench import Bench
from tests.bench.rows import Figure, Row

FILTERS = {
    "provider": 'provider = "organisations/b7"',
    "capability": 'capabilities:"capabilities/c7"',
    "state": "state = OFFERING_STATE_ACTIVE",
}
GOAL = Figure("CPU / unfiltered", 0.0, 1.5)


def rows(bench: Bench) -> Iterator[Row]:
    """One in a hundred by provider, one in a hundred by capability, and all by state."""
    for size in (10_000,) if bench.quick else (10_000, 100_000):
        server = bench.catalogue(size)
        plain = pb.ListOfferingsRequest(page_size=reads.PAGE)
        for word, text in FILTERS.items():
            chosen = pb.ListOfferingsRequest(page_size=reads.PAGE, filter=text)
            title = f"page of 50 by {word}, of {size:,}"
            yield reads.beside(bench, server, (plain, chosen), f"filter-{word}-{size}", title, GOAL)
