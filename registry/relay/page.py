"""A page of the ledger as records: made where it is read, on a reader's thread, so that the loop only sends."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog

from registry.relay.envelope import Record, record
from registry.relay.hidden import is_restricted, turned
from registry.store import Entry, View

ENTRIES, BYTES, CHUNK = 2000, 8 * 1024 * 1024, 250
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A change that cannot be announced as it is, from which on its resource is parked."""

    name: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What follows revision `after` up to revision `reached`; `more` does. `parked` are held back, as of then.

    `released`: an operator has let some of those go.
    """

    after: int
    reached: int
    more: bool
    entries: Sequence[Record | Unfit]
    parked: AbstractSet[str] = frozenset()
    released: bool = False

    def free(self, held: AbstractSet[str]) -> tuple[list[Record], list[Unfit]]:
        """What is to be sent, and what is to be parked; nothing of a name that is held, or after one that is unfit."""
        records: list[Record] = []
        unfit: dict[str, Unfit] = {}
        for each in self.entries:
            name = each.name
            if name in held or name in self.parked or name in unfit:
                continue
            if isinstance(each, Unfit):
                unfit[name] = each
            else:
                records.append(each)
        return records, list(unfit.values())


def page(view: View, after: int, name: str = "", last: int = 0) -> Page:
    """The next changes: of one resource with `name`, up to revision `last` when it is said."""
    parked, floor = view.parked(), view.head().floor
    end, reached = last or view.revision, max(after, floor - 1)
    if reached > after:
        log.error("relay.history_is_gone", after=after, floor=floor)
    entries: list[Record | Unfit] = []
    hidden, size = view.hidden(), 0
    while reached < end and len(entries) < ENTRIES and size < BYTES:
        found = view.entries(reached + 1, CHUNK, name)
        reached = min(found[-1].revision, end) if len(found) == CHUNK else end
        size += sum([len(each.document) for each in found])
        entries += _made(view, hidden, [each for each in found if each.revision <= end])
    names = frozenset(each.name for each in parked if each.name != name)
    return Page(after, reached, reached < end, entries, names, any(each.released for each in parked))


def _made(view: View, hidden: AbstractSet[str], found: Sequence[Entry]) -> list[Record | Unfit]:
    made: list[Record | Unfit] = []
    for each in found:
        try:
            restricted = is_restricted(each, hidden)
            made.append(record(each, view.generation, restricted=restricted))
            if each.kind == "offering":
                made += turned(view, each, restricted=restricted)
        except Exception as error:
            log.exception("relay.unfit", name=each.name, revision=each.revision)
            reason = f"it cannot be made an event: {type(error).__name__}"
            made.append(Unfit(each.name, each.revision, reason))
    return made
