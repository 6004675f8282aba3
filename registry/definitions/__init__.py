"""Definition files: resources as architects keep them in git, read with all problems in place, and written back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce

import yaml

from registry.api.v1.release_pb2 import SpecContent
from registry.contracts.compose import documents
from registry.definitions import document
from registry.definitions.contracts import Contracts
from registry.definitions.document import Definition
from registry.definitions.overlays import Layer
from registry.definitions.sources import sources
from registry.domain.problem import Problem


@dataclass(slots=True)
class Definitions:
    """What files hold: send nothing while there are problems."""

    items: list[Definition] = field(default_factory=list)
    contracts: dict[str, SpecContent] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(paths: Iterable[str], overlays: Iterable[str] = ()) -> Definitions:
    """Every definition of files, folders and `-`, in a fixed order, with everything that is wrong with any of them.

    `overlays` are files or folders that are laid over them, one after the other.
    """
    found, contracts = Definitions(), Contracts()
    layers = [Layer(_roots([each], contracts, found), found.problems) for each in overlays]
    for root in _roots(list(paths), contracts, found):
        whole = reduce(lambda under, layer: layer.over(under), layers, root)
        definition = document.read(whole, contracts, found.problems)
        if definition is not None:
            found.items.append(definition)
    for layer in layers:
        layer.finish()
    _twice(found)
    found.contracts = contracts.by_hash
    found.problems.sort()
    return found


def _roots(paths: list[str], contracts: Contracts, found: Definitions) -> Iterator[yaml.Node]:
    """The root of every document."""
    for source in sources(paths, found.problems):
        if source.folder and source.root:
            contracts.allow(source.name, source.folder, source.root)
        yield from documents(source.name, source.text, found.problems)


def _twice(found: Definitions) -> None:
    first: dict[str, Definition] = {}
    for each in found.items:
        before = first.setdefault(each.name, each)
        if before is not each:
            found.problems.append(Problem(each.place("name"), f"{each.name} is defined twice; first at {before.at}."))


__all__ = ["Definition", "Definitions", "read"]
