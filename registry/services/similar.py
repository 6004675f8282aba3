"""Offerings that are very like one that is declared: most bodies that build a service could have joined one."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from registry.api.v1.impact_pb2 import SimilarOffering
from registry.api.v1.offering_pb2 import Offering
from registry.domain import limits
from registry.domain.filter import Comparison
from registry.domain.offering import WITHDRAWN
from registry.domain.resemblance import ALIKE, Traits, resemblance, traits
from registry.store import Query, View

MOST, COMPARED = 5, 100
KEPT = 4096  # offerings of which the traits are kept


class Shelf:
    """The offerings that are there. What was read for one that is declared serves the next one of the same request."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._traits = lru_cache(KEPT)(self._read_traits)
        self._realising = lru_cache(KEPT)(self._read_realising)

    def similar(self, declared: Offering) -> list[SimilarOffering]:
        """Those that are alike, the most like first. Found by words of their titles and by what they realise."""
        own, names = traits(declared), dict.fromkeys(self._candidates(declared))
        names.pop(declared.name, None)
        known = ((name, self._traits(name)) for name in names)
        scored = [(resemblance(own, each), name) for name, each in known if each is not None]
        alike = sorted((each for each in scored if each[0].score >= ALIKE), key=lambda each: (-each[0].score, each[1]))
        return [SimilarOffering(offering=name, score=how.score, reasons=how.reasons) for how, name in alike[:MOST]]

    def _candidates(self, declared: Offering) -> Iterator[str]:
        """So many at most for each title and each capability, however many there are."""
        for title in {declared.title.sv, declared.title.en}:
            yield from self._view.nearby(title[: limits.QUERY_CHARACTERS])
        for name in declared.capabilities:
            yield from self._realising(name)

    def _read_realising(self, capability: str) -> Sequence[str]:
        having = Query("offering", filter=Comparison("capabilities", ":", capability, 0), page_size=COMPARED)
        return [Offering.FromString(each).name for each in self._view.page(having).documents]

    def _read_traits(self, name: str) -> Traits | None:
        stored = Offering.FromString(self._view.get(name) or b"")
        return traits(stored) if stored.name and stored.state != WITHDRAWN else None
