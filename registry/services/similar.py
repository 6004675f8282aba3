"""Offerings that are very like one that is declared: most bodies that build a service could have joined one."""

from collections.abc import Iterator

from registry.api.v1.impact_pb2 import SimilarOffering
from registry.api.v1.offering_pb2 import Offering
from registry.domain import limits, wording
from registry.domain.filter import Comparison
from registry.domain.offering import WITHDRAWN
from registry.domain.resemblance import ALIKE, resemblance
from registry.store import Query, Search, View

MOST, COMPARED = 5, 100


def similar(view: View, declared: Offering) -> list[SimilarOffering]:
    """Those that are there and alike, the most like first. Found by their words and by what they realise."""
    known: dict[str, Offering] = {each.name: each for each in _candidates(view, declared)}
    known.pop(declared.name, None)
    scored = [(resemblance(declared, each), each) for each in known.values() if each.state != WITHDRAWN]
    alike = sorted((each for each in scored if each[0].score >= ALIKE), key=lambda each: (-each[0].score, each[1].name))
    return [SimilarOffering(offering=each.name, score=how.score, reasons=how.reasons) for how, each in alike[:MOST]]


def _candidates(view: View, declared: Offering) -> Iterator[Offering]:
    for title in {declared.title.sv, declared.title.en}:
        query = title[: limits.QUERY_CHARACTERS]
        if wording.asked(query):
            yield from map(Offering.FromString, view.search(Search(query, None, COMPARED, "")).documents)
    for name in declared.capabilities:
        having = Query("offering", filter=Comparison("capabilities", ":", name, 0), page_size=COMPARED)
        yield from map(Offering.FromString, view.page(having).documents)
