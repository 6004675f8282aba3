"""Cuts many resources into requests that are only validated: what is kept of none of them, each brings by itself."""

from collections.abc import Collection, Mapping, Sequence

from registry.api.v1.resource_pb2 import Resource
from registry.definitions.batches import Batch, Contracts, Stock
from registry.domain import limits, order


def previews(resources: Sequence[Resource], contracts: Contracts, most: int = limits.BATCH_SIZE) -> list[Batch]:
    """Batches in any order; a resource goes along wherever it is named, and is answered the same each time."""
    stock, found, sent = Stock(resources, contracts, most), list[Batch](), set[str]()
    places = {order.name(each): place for place, each in enumerate(resources)}
    members, covered = set[int](), set[int]()
    for place in sorted(range(len(resources)), key=lambda each: _family(resources[each])):
        if place in covered:
            continue
        load = stock.load(_needed(place, members, resources, places), sent)
        if not found or not stock.fits(load, found[-1]):
            found.append(Batch())
            members, sent = set(), set()
            load = stock.load(_needed(place, members, resources, places), sent)
        stock.put(load, found[-1])
        members.update(load.places)
        covered.update(load.places)
        sent.update(load.specs)
    return found


def _needed(
    place: int, members: Collection[int], resources: Sequence[Resource], places: Mapping[str, int]
) -> list[int]:
    """A resource and all that it names, directly or not, but for those that are members."""
    found: dict[int, None] = {}
    left = [place]
    while left:
        at = left.pop()
        if at not in members and at not in found:
            found[at] = None
            left += (places[name] for name in order.named(resources[at]) if name in places)
    return list(found)


def _family(resource: Resource) -> list[str]:
    """What those that name each other most have in common: an offering with its releases, a body with its systems."""
    return order.name(resource).split("/")[:2]
