"""The Merkle tree over the ledger: it grows from the entries that are there, and keeps the hashes of those that go.

Leaf number i is the entry hash of revision i + 1. What is kept follows from the ledger alone, so it does not matter
which process lets it grow, or when: before a checkpoint is signed, and before entries are dropped.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from registry.errors import Gone, Precondition
from registry.evidence import merkle
from registry.store.dialects import insert_missing, locked
from registry.store.tables import ChangeRow, PositionRow, TreeRow

CHANGES: Any = ChangeRow.__table__  # type: ignore[attr-defined]
POSITIONS: Any = PositionRow.__table__  # type: ignore[attr-defined]
TREE: Any = TreeRow.__table__  # type: ignore[attr-defined]
READER = "evidence"  # its position is the number of leaves
BITS = 8
WIDTH = 1 << BITS
AT_ONCE = 4096
_MINE = POSITIONS.c.name == READER
_KEPT = select(POSITIONS.c.revision).where(_MINE)
_TILE = select(TREE.c.hashes).where(TREE.c.level == bindparam("at_level"), TREE.c.place == bindparam("at_place"))


class Tree:
    """The kept tree in one snapshot. `size` is the number of leaves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], bytes] = {}
        self.size: int = connection.execute(_KEPT).scalar() or 0

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree at a level and place. Errors: STORE_DAMAGED when it is not kept."""
        tall, rest = divmod(level, BITS)
        first = index << rest
        hashes = self._hashes(tall, first // WIDTH)
        start = first % WIDTH
        under = hashes[start : start + (1 << rest)]
        if len(under) < 1 << rest:
            raise _damaged(self.size, "the tree lacks hashes that it should keep")
        return merkle.fold(under)

    def leaves(self) -> Iterator[bytes]:
        """The hash of every leaf, from the first."""
        for place in range(-(-self.size // WIDTH)):
            yield from _split(_tile(self._connection, 0, place))

    def _hashes(self, level: int, place: int) -> list[bytes]:
        if (level, place) not in self._tiles:
            self._tiles[level, place] = _tile(self._connection, level, place)
        return _split(self._tiles[level, place])


def grow(engine: Engine) -> None:
    """Bring the kept tree up to the head, some thousand entries in each transaction. Errors: as `extend`."""
    while True:
        with engine.begin() as connection:
            if extend(connection) < AT_ONCE:
                return


def extend(connection: Connection, most: int = AT_ONCE) -> int:
    """Add the entries that come next, in the open transaction; returns how many.

    Errors: REVISION_COMPACTED when they were dropped before the tree had them; STORE_DAMAGED.
    """
    size = _locked_size(connection)
    after = select(CHANGES.c.revision, CHANGES.c.hash).where(CHANGES.c.revision > size)
    found = connection.execute(after.order_by(CHANGES.c.revision).limit(most)).all()
    if found and found[0].revision > size + 1 and not size:
        text = f"Entries before revision {found[0].revision} were dropped before a tree was kept: nothing is proven."
        raise Gone("REVISION_COMPACTED", text, requested_revision=1, floor_revision=found[0].revision)
    leaves = [_leaf(row, size + number) for number, row in enumerate(found, start=1)]
    new, level = leaves, 0
    while new:
        new = _append(connection, level, size >> BITS * level, new)
        level += 1
    if found:
        connection.execute(update(POSITIONS).where(_MINE).values(revision=found[-1].revision))
    return len(found)


def _leaf(row: Any, expected: int) -> bytes:
    if row.revision != expected:
        raise _damaged(expected, f"removed: revision {expected} is missing")
    return leaf(row.hash, expected)


def leaf(entry_hash: str, revision: int) -> bytes:
    """The leaf of an entry. Errors: STORE_DAMAGED."""
    try:
        return merkle.leaf_hash(bytes.fromhex(entry_hash))
    except ValueError:
        raise _damaged(revision, "altered: its hash is none") from None


def _locked_size(connection: Connection) -> int:
    """The number of leaves; whoever else wants to add some waits until this transaction is over."""
    values = {"name": READER, "revision": 0, "owner": "", "epoch": 1, "expires_us": 0}
    connection.execute(insert_missing(connection.dialect.name, POSITIONS).values(values))
    return int(connection.execute(locked(connection.engine, _KEPT)).scalar_one())


def _append(connection: Connection, level: int, start: int, hashes: Sequence[bytes]) -> list[bytes]:
    """Put hashes behind the first `start` of a level; returns those of the tiles that became full."""
    full = []
    while hashes:
        place, inside = divmod(start, WIDTH)
        before = _tile(connection, level, place)
        if len(before) != inside * merkle.HASH_BYTES:
            raise _damaged(start, "the tree has other hashes than it should keep")
        fitting, hashes = hashes[: WIDTH - inside], hashes[WIDTH - inside :]
        after = before + b"".join(fitting)
        _write(connection, level, place, after, new=not before)
        start += len(fitting)
        if start % WIDTH == 0:
            full.append(merkle.fold(_split(after)))
    return full


def _write(connection: Connection, level: int, place: int, hashes: bytes, *, new: bool) -> None:
    if new:
        connection.execute(insert(TREE).values(level=level, place=place, hashes=hashes))
    else:
        here = (TREE.c.level == level, TREE.c.place == place)
        connection.execute(update(TREE).where(*here).values(hashes=hashes))


def _tile(connection: Connection, level: int, place: int) -> bytes:
    return connection.execute(_TILE, {"at_level": level, "at_place": place}).scalar() or b""


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + merkle.HASH_BYTES] for at in range(0, len(hashes), merkle.HASH_BYTES)]


def _damaged(revision: int, problem: str) -> Precondition:
    text = f"The ledger is broken at revision {revision}: {problem}."
    return Precondition("STORE_DAMAGED", text, revision=revision, problem=problem)
