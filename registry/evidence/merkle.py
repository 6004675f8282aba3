"""The Merkle tree of RFC 6962 with its proofs, and the checks of RFC 9162 that need nothing but the proofs.

A tree is met by its complete subtrees: `Node` gives the hash of the one at (level, index), which holds the leaves
index * 2**level up to the next one. Hashes are 32 bytes, SHA-256; leaves are counted from 0.
"""

import hashlib
from collections.abc import Callable, Sequence

EMPTY = hashlib.sha256(b"").digest()
HASH_BYTES = 32
Node = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of what stands over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(node: Node, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return _span(node, 0, size) if size else EMPTY


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """What proves that a leaf is among the first `size` (RFC 6962, 2.1.1), from the leaf upwards."""
    return _path(node, index, 0, size)


def consistency(node: Node, old: int, new: int) -> list[bytes]:
    """What proves that the first `new` leaves begin with the first `old` (RFC 6962, 2.1.2)."""
    return _subproof(node, old, 0, new, known=True) if 0 < old < new else []


def _span(node: Node, low: int, high: int) -> bytes:
    """The root over leaves low to high - 1, where `low` is a multiple of the power of two that holds them."""
    count = high - low
    level = (count - 1).bit_length()
    if count == 1 << level:
        return node(level, low >> level)
    middle = low + _below(count)
    return node_hash(_span(node, low, middle), _span(node, middle, high))


def _below(count: int) -> int:
    """The greatest power of two that is less."""
    return int(1 << ((count - 1).bit_length() - 1))


def _path(node: Node, index: int, low: int, high: int) -> list[bytes]:
    if high - low == 1:
        return []
    middle = low + _below(high - low)
    if index < middle:
        return [*_path(node, index, low, middle), _span(node, middle, high)]
    return [*_path(node, index, middle, high), _span(node, low, middle)]


def _subproof(node: Node, old: int, low: int, high: int, *, known: bool) -> list[bytes]:
    """`known`: whether who checks has the root of this part from the old tree."""
    if old == high:
        return [] if known else [_span(node, low, high)]
    middle = low + _below(high - low)
    if old <= middle:
        return [*_subproof(node, old, low, middle, known=known), _span(node, middle, high)]
    return [*_subproof(node, old, middle, high, known=False), _span(node, low, middle)]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether the proof shows that the leaf's hash stands at the index below the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not proof and old_root == (new_root if old else EMPTY)
    if not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, each)
        at, last = at >> 1, last >> 1
    return (before, after, last) == (old_root, new_root, 0)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, 8, ... hashes of complete subtrees beside each other."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class Growing:
    """A tree of which only the edge is kept: leaves go in one by one, and the root of all so far comes out."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # roots of complete subtrees, the largest first

    def add(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        self._edge.append(leaf)
        self.size += 1
        size = self.size
        while not size & 1:
            right, left = self._edge.pop(), self._edge.pop()
            self._edge.append(node_hash(left, right))
            size >>= 1

    def root(self) -> bytes:
        """The root over all so far."""
        if not self._edge:
            return EMPTY
        *rest, found = self._edge
        for left in reversed(rest):
            found = node_hash(left, found)
        return found
