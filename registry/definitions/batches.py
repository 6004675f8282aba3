"""Cuts many resources into requests that the registry takes, in an order in which references come first."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import limits, order
from registry.errors import TooLarge

_FIELD_BYTES = 16  # tag and length around a resource or a contract
Contracts = Mapping[str, SpecContent]


@dataclass(slots=True)
class Batch:
    """A request, and the places of its resources in what was asked for."""

    request: ApplyRequest = field(default_factory=lambda: ApplyRequest(request_id=str(uuid.uuid4())))
    places: list[int] = field(default_factory=list)
    size: int = _FIELD_BYTES * 4


@dataclass(frozen=True, slots=True)
class Load:
    """Resources that go into one request together, with contracts by hash. `size` is in bytes."""

    places: Sequence[int]
    specs: Sequence[str]
    size: int


class Stock:
    """The resources and contracts that are to be sent; `most` resources go into a request."""

    def __init__(self, resources: Sequence[Resource], contracts: Contracts, most: int) -> None:
        self._resources, self._contracts, self._most = resources, contracts, most

    def load(self, places: Sequence[int], sent: Collection[str]) -> Load:
        """The resources of some places with the contracts that they need and that have not been sent."""
        named = dict.fromkeys(sha256 for place in places for sha256 in _named(self._resources[place]))
        specs = [sha256 for sha256 in named if sha256 in self._contracts and sha256 not in sent]
        parts = (*(self._resources[place] for place in places), *(self._contracts[sha256] for sha256 in specs))
        return Load(places, specs, sum(each.ByteSize() + _FIELD_BYTES for each in parts))

    def fits(self, load: Load, batch: Batch) -> bool:
        """Whether the batch has room for it."""
        return len(batch.places) + len(load.places) <= self._most and batch.size + load.size <= limits.MESSAGE_BYTES

    def put(self, load: Load, batch: Batch) -> None:
        """Put it into the batch."""
        batch.places += load.places
        batch.size += load.size
        batch.request.resources.extend(self._resources[place] for place in load.places)
        batch.request.specs.extend(self._contracts[sha256] for sha256 in load.specs)


def whole(resources: Sequence[Resource], contracts: Contracts) -> Batch:
    """One batch with everything. Errors: LIMIT_EXCEEDED when one does not hold it."""
    found = cut(resources, contracts)
    if len(found) > 1:
        text = (
            f"{len(resources)} resources with their contracts need {len(found)} requests, and what is all or nothing"
            f" must fit into one ({limits.BATCH_SIZE} resources, {limits.MESSAGE_BYTES} bytes): apply a part of them,"
            " or use --best-effort."
        )
        raise TooLarge("LIMIT_EXCEEDED", text, limit="requests", maximum=1, actual=len(found))
    return found[0] if found else Batch()


def cut(resources: Sequence[Resource], contracts: Contracts, most: int = limits.BATCH_SIZE) -> list[Batch]:
    """Batches to send one after the other; each contract goes with the first release that names it.

    An offering goes with the releases that its campaigns name, since neither can be there before the other.
    Errors: LIMIT_EXCEEDED when a request does not hold them.
    """
    stock, found, sent = Stock(resources, contracts, most), list[Batch](), set[str]()
    for unit in _units(resources):
        load = stock.load(unit, sent)
        if len(unit) > 1 and not stock.fits(load, Batch()):
            raise _too_large(resources[unit[0]], len(unit) - 1)
        if not found or not stock.fits(load, found[-1]):
            found.append(Batch())
        stock.put(load, found[-1])
        sent.update(load.specs)
    return found


def _units(resources: Sequence[Resource]) -> Iterator[list[int]]:
    """What must go together, in an order in which references come first."""
    releases = {order.name(each): place for place, each in enumerate(resources) if each.HasField("release")}
    taken: set[int] = set()
    for place in order.by_reference(resources):
        if place not in taken:
            wanted = (releases.get(each.release) for each in resources[place].offering.campaigns)
            unit = [place, *dict.fromkeys(each for each in wanted if each is not None and each not in taken)]
            taken.update(unit)
            yield unit


def _too_large(offering: Resource, count: int) -> TooLarge:
    text = (
        f"{order.name(offering)} and the releases that its campaigns name ({count}, with their contracts) do not fit"
        " into one request: apply it without those campaigns first, then as it is."
    )
    return TooLarge("LIMIT_EXCEEDED", text, limit="requests", maximum=1, actual=2)


def _named(resource: Resource) -> list[str]:
    """Hashes of the contracts that a release names, each once."""
    return list(dict.fromkeys(each.spec.sha256 for each in resource.release.interfaces if each.HasField("spec")))
