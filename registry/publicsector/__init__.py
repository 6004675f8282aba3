"""The Swedish public sector as organisations of the registry: real tables, with what they leave out said plainly."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import document, names
from registry.domain.nouns import NOUNS
from registry.domain.problem import Place, Problem, quoted
from registry.errors import RegistryError
from registry.publicsector.organisations import Draft, drafts
from registry.publicsector.tables import IMPORTED, Tables
from registry.publicsector.titles import segment


@dataclass(frozen=True, slots=True)
class Entry:
    """An organisation, and the row that it comes from."""

    organisation: Organisation
    place: Place


@dataclass(slots=True)
class Loaded:
    """`problems` are rows that are not taken; `unresolved` are hosts that no organisation answers to."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unresolved: list[Problem] = field(default_factory=list)


def load(folder: Path | None = None) -> Loaded:
    """The organisations of the tables in a folder, or of those kept here. Never raises for what a table holds."""
    loaded = Loaded()
    tables = Tables(folder, loaded.problems)
    if not tables.given():
        wrong = f"There is none of the tables {', '.join(IMPORTED)} in this folder."
        loaded.problems.append(Problem(Place(str(folder)), wrong))
    found = _named(list(drafts(tables)), loaded)
    _hosts(found, loaded)
    for draft in found:
        faults = _faults(draft.organisation)
        loaded.problems.extend(Problem(draft.place, each) for each in faults)
        if not faults:
            loaded.entries.append(Entry(draft.organisation, draft.place))
    loaded.problems.sort()
    return loaded


def _named(found: list[Draft], loaded: Loaded) -> list[Draft]:
    """Give names: of the title, and where titles meet, of the title and the code."""
    by_segment = defaultdict(list)
    for draft in found:
        by_segment[segment(draft.organisation.title.sv)].append(draft)
    first: dict[str, Draft] = {}
    for key, same in by_segment.items():
        one = len({draft.code for draft in same}) == 1
        for draft in same:
            own = key if one else segment(f"{key[:50]}-{draft.code}")
            draft.organisation.name = f"organisations/{own}"
            other = first.setdefault(draft.organisation.name, draft)
            if other is not draft:
                wrong = f"The row is of the same organisation as {other.place}."
                loaded.problems.append(Problem(draft.place, wrong))
    kept = {id(draft) for draft in first.values()}
    return [draft for draft in found if id(draft) in kept]


def _hosts(found: list[Draft], loaded: Loaded) -> None:
    known = {segment(called): draft.organisation.name for draft in found for called in draft.called if called}
    known |= {segment(draft.organisation.title.sv): draft.organisation.name for draft in found}
    for draft in found:
        host = known.get(segment(draft.host), "") if draft.host else ""
        if host == draft.organisation.name:
            host = ""
        if draft.host and not host:
            wrong = f"The host of {draft.organisation.name}, {quoted(draft.host)}, is none of the organisations."
            loaded.unresolved.append(Problem(draft.place, wrong))
        draft.organisation.host = host


def _faults(organisation: Organisation) -> list[str]:
    try:
        names.check(organisation.name, "organisation")
        document.check(NOUNS["organisation"], organisation)
    except RegistryError as error:
        return [f"{path}: {what}." for path, what in error.violations] or [error.message]
    return []


def merge(existing: Organisation, imported: Organisation) -> Organisation:
    """The existing organisation with what the tables say of it; what they do not say stays as somebody set it."""
    merged = Organisation()
    merged.CopyFrom(existing)
    for part, _ in imported.ListFields():
        if part.name not in {"labels", "annotations"}:
            merged.ClearField(part.name)  # type: ignore[arg-type]
    merged.MergeFrom(imported)
    return merged


def merged(entries: Iterable[Entry], existing: Iterable[Organisation]) -> list[Organisation]:
    """What to apply: the imported organisations over those that exist, with the etags that were read."""
    by_name = {organisation.name: organisation for organisation in existing}
    return [
        merge(by_name[entry.organisation.name], entry.organisation)
        if entry.organisation.name in by_name
        else entry.organisation
        for entry in entries
    ]
