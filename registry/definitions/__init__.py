"""Definition files: resources as architects keep them in git, read with all problems in place, and written back."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.api.v1.release_pb2 import SpecContent
from registry.contracts.compose import documents
from registry.definitions import document
from registry.definitions.contracts import Contracts, Folder
from registry.definitions.document import Definition
from registry.definitions.sources import sources
from registry.domain.problem import Problem


@dataclass(slots=True)
class Definitions:
    """What files hold: send nothing while there are problems."""

    items: list[Definition] = field(default_factory=list)
    contracts: dict[str, SpecContent] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(paths: Iterable[str]) -> Definitions:
    """Every definition of files, folders and `-`, in a fixed order, with everything that is wrong with any of them."""
    found, contracts = Definitions(), Contracts()
    for source in sources(list(paths), found.problems):
        folder = Folder(contracts, source.folder, source.root)
        for root in documents(source.name, source.text, found.problems):
            definition = document.read(source.name, root, folder, found.problems)
            if definition is not None:
                found.items.append(definition)
    _twice(found)
    found.contracts = contracts.by_hash
    found.problems.sort()
    return found


def _twice(found: Definitions) -> None:
    first: dict[str, Definition] = {}
    for each in found.items:
        before = first.setdefault(each.name, each)
        if before is not each:
            found.problems.append(Problem(each.place("name"), f"{each.name} is defined twice; first at {before.at}."))


__all__ = ["Definition", "Definitions", "read"]
