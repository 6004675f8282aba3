"""A page of search beside an unfiltered page of a list, of ten thousand offerings that all have the word, and of few."""

from collections.abc import Iterator

from registry.api.v1 import offering_service_pb2 as pb
from tests.bench import reads
from tests.bench.bench import Bench
from tests.bench.rows import Figure, Row

SEARCH = "/gemensam.registry.v1.OfferingService/SearchOfferings"
QUERIES = {"one": "bygglov 4711", "all": "bygglov", "misspelt": "byglov 4711"}
PAGE = 20


def rows(bench: Bench) -> Iterator[Row]:
    """What search costs when its words are in one offering, in all of them, and when one is corrected."""
    server = bench.catalogue(reads.OFFERINGS)
    plain = pb.ListOfferingsRequest(page_size=PAGE)
    for word, text in QUERIES.items():
        asked = pb.SearchOfferingsRequest(query=text, page_size=PAGE)
        title = f"search, page of {PAGE}, {word} of {reads.OFFERINGS:,}"
        yield reads.beside(
            bench, server, (plain, asked), f"search-{word}", title, Figure("CPU / list", 0.0, 20.0), SEARCH
        )
