"""Whether the ledger is still the one that checkpoints were signed for, told from its entries and not by its server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

from sqlalchemy import Connection, Engine, select

from registry.errors import Gone
from registry.evidence.checkpoints import Checkpoint
from registry.evidence.merkle import Growing
from registry.store import ledger
from registry.store.ledger import CHANGES, PAGE
from registry.store.tree import Tree, leaf


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The first revision that is not what it was lies from `first` to `last`; `size` is of the checkpoint that says so.

    `size` 0: no checkpoint does, but the hashes that were kept.
    """

    first: int
    last: int
    size: int


@dataclass(slots=True)
class Found:
    """Roots by size, of the entries as they are and of the hashes that were kept; the first revision that differs."""

    head: int
    now: dict[int, bytes] = field(default_factory=dict)
    kept: dict[int, bytes] = field(default_factory=dict)
    differs: int = 0


def audit(engine: Engine, checkpoints: Sequence[Checkpoint] = ()) -> Rewritten | None:
    """Compare the ledger with the hashes that were kept, and with checkpoints; None when all agree.

    The chain must hold (`ledger.verify`): an entry is taken by its hash. An entry is named when the kept hashes are
    those that the checkpoint was signed for, or else the revisions between two checkpoints. Errors: REVISION_COMPACTED.
    """
    with engine.connect() as connection, connection.begin():
        found = _look(connection, {each.size for each in checkpoints})
    good = 0
    for each in sorted(checkpoints, key=lambda one: one.size):
        if each.size > found.head:
            return Rewritten(found.head + 1, found.head + 1, each.size)
        if found.now[each.size] != each.root:
            named = found.differs if found.kept.get(each.size) == each.root else 0
            return Rewritten(named or good + 1, named or each.size, each.size)
        good = each.size
    return Rewritten(found.differs, found.differs, 0) if found.differs else None


def _look(connection: Connection, sizes: set[int]) -> Found:
    top, tree = ledger.head(connection), Tree(connection)
    if top.floor - 1 > tree.size:
        text = f"Entries before revision {top.floor} were dropped before a tree was kept: nothing is proven."
        raise Gone("REVISION_COMPACTED", text, requested_revision=1, floor_revision=top.floor)
    found, now, kept = Found(top.revision), Growing(), Growing()
    if 0 in sizes:
        found.now[0] = found.kept[0] = now.root()
    entries = chain(islice(tree.leaves(), top.floor - 1), _entries(connection, top.floor))
    for revision, (mine, was) in enumerate(zip_longest(entries, tree.leaves()), start=1):
        for growing, each, roots in ((now, mine, found.now), (kept, was, found.kept)):
            if each is not None:
                growing.add(each)
                if revision in sizes:
                    roots[revision] = growing.root()
        if was is not None and mine != was and not found.differs:
            found.differs = revision
    return found


def _entries(connection: Connection, start: int) -> Iterator[bytes]:
    while True:
        query = select(CHANGES.c.revision, CHANGES.c.hash).where(CHANGES.c.revision >= start)
        rows = connection.execute(query.order_by(CHANGES.c.revision).limit(PAGE)).all()
        yield from (leaf(row.hash, row.revision) for row in rows)
        if len(rows) < PAGE:
            return
        start = rows[-1].revision + 1
