"""An order of resources in which what is named comes before what names it."""

import contextlib
from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from registry.api.v1.resource_pb2 import Resource
from registry.domain.nouns import NOUNS

_ORDER = {noun: number for number, noun in enumerate(NOUNS)}


def name(resource: Resource) -> str:
    """Name of whatever resource it is; '' for none."""
    noun = resource.WhichOneof("resource")
    return getattr(resource, noun).name if noun else ""


def named(resource: Resource) -> Iterable[str]:
    """Names of all that the resource names, of whatever noun."""
    noun = resource.WhichOneof("resource")
    return (each.name for each in NOUNS[noun].references(getattr(resource, noun))) if noun else ()


def by_reference(resources: Sequence[Resource]) -> list[int]:
    """Places of the resources by noun; capabilities and organisations after those of their noun that they name."""
    levels = _levels(resources)

    def key(index: int) -> tuple[int, int, int]:
        noun = resources[index].WhichOneof("resource") or ""
        return _ORDER.get(noun, len(_ORDER)), levels.get(name(resources[index]), len(resources)), index

    return sorted(range(len(resources)), key=key)


def _levels(resources: Sequence[Resource]) -> dict[str, int]:
    """How deep each stands below the others. Those that name each other in a circle have none."""
    known = {name(each) for each in resources}
    sorter = TopologicalSorter({name(each): known.intersection(_above(each)) for each in resources})
    with contextlib.suppress(CycleError):
        sorter.prepare()
    levels: dict[str, int] = {}
    level = 0
    while sorter.is_active() and (ready := sorter.get_ready()):
        levels |= dict.fromkeys(ready, level)
        sorter.done(*ready)
        level += 1
    return levels


def _above(resource: Resource) -> Iterable[str]:
    noun, body = resource.WhichOneof("resource"), resource.organisation
    if noun == "organisation":
        return (body.host, *body.memberships, *body.predecessors)
    return (resource.capability.parent,) if noun == "capability" else ()
