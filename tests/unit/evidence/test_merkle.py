"""Trees and proofs: the public vectors of certificate transparency, and what must hold for every tree."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.evidence import merkle

LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
L0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L2L3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
L4L5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
L6L7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
L4L7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
# Index from 0 and size, then the hashes.
PATHS = [
    (0, 1, []),
    (0, 8, [L1, L2L3, L4L7]),
    (5, 8, [L4, L6L7, ROOTS[3]]),
    (2, 3, [ROOTS[1]]),
    (1, 5, [L0, L2L3, L4]),
]
PROOFS = [(1, 1, []), (1, 8, [L1, L2L3, L4L7]), (6, 8, [L4L5, L6L7, ROOTS[3]]), (2, 5, [L2L3, L4])]


def tree(leaves: Sequence[bytes]) -> merkle.Node:
    """The complete subtrees over some leaves."""

    def node(level: int, index: int) -> bytes:
        under = leaves[index << level : (index + 1) << level]
        assert len(under) == 1 << level, "only complete subtrees are asked for"
        return merkle.fold([merkle.leaf_hash(each) for each in under])

    return node


def made(size: int, salt: str = "") -> list[bytes]:
    return [f"{salt}{number}".encode() for number in range(size)]


def test_the_empty_tree() -> None:
    assert merkle.root(tree([]), 0).hex() == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    growing = merkle.Growing()
    for each in LEAVES[:size]:
        growing.add(merkle.leaf_hash(each))
    assert merkle.root(tree(LEAVES), size).hex() == growing.root().hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "expected"), PATHS)
def test_paths_are_those_of_certificate_transparency(index: int, size: int, expected: list[str]) -> None:
    proof = merkle.inclusion(tree(LEAVES), index, size)
    assert [each.hex() for each in proof] == expected
    root = bytes.fromhex(ROOTS[size - 1])
    assert merkle.is_included(merkle.leaf_hash(LEAVES[index]), index, size, proof, root)


@pytest.mark.parametrize(("old", "new", "expected"), PROOFS)
def test_consistency_is_that_of_certificate_transparency(old: int, new: int, expected: list[str]) -> None:
    proof = merkle.consistency(tree(LEAVES), old, new)
    assert [each.hex() for each in proof] == expected
    assert merkle.is_consistent(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), proof)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_of_every_small_tree_is_proven_and_nothing_else(size: int) -> None:
    leaves = made(size)
    node = tree(leaves)
    root = merkle.root(node, size)
    for index in range(size):
        proof = merkle.inclusion(node, index, size)
        leaf = merkle.leaf_hash(leaves[index])
        assert merkle.is_included(leaf, index, size, proof, root)
        assert not merkle.is_included(merkle.leaf_hash(b"other"), index, size, proof, root)
        for other in range(size):
            assert other == index or not merkle.is_included(leaf, other, size, proof, root)


@pytest.mark.parametrize("new", range(1, 34))
def test_every_small_tree_is_consistent_with_its_beginnings_and_with_no_other(new: int) -> None:
    node, forked = tree(made(new)), tree([b"forged", *made(new)[1:]])
    root = merkle.root(node, new)
    for old in range(new + 1):
        proof = merkle.consistency(node, old, new)
        assert merkle.is_consistent(old, new, merkle.root(node, old), root, proof)
        if old:
            assert not merkle.is_consistent(old, new, merkle.root(forked, old), root, proof)
            assert not merkle.is_consistent(old, new, merkle.root(node, old), merkle.root(forked, new), proof)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_proof_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    node = tree(made(size))
    root = merkle.root(node, size)
    inclusion, consistency = merkle.inclusion(node, index, size), merkle.consistency(node, old, size)
    leaf, before = node(0, index), merkle.root(node, old)
    assert merkle.is_included(leaf, index, size, inclusion, root)
    assert merkle.is_consistent(old, size, before, root, consistency)
    at, bit = data.draw(st.integers(0, 31)), 1 << data.draw(st.integers(0, 7))
    for number in range(len(inclusion)):
        assert not merkle.is_included(leaf, index, size, _flipped(inclusion, number, at, bit), root)
    for number in range(len(consistency)):
        assert not merkle.is_consistent(old, size, before, root, _flipped(consistency, number, at, bit))
    assert not merkle.is_included(leaf, index, size, inclusion[:-1], root)
    assert not merkle.is_included(leaf, index, size, [*inclusion, root], root)
    assert not merkle.is_consistent(old, size, before, root, consistency[:-1])
    assert not merkle.is_consistent(old, size, before, root, [*consistency, root])


def _flipped(proof: Sequence[bytes], number: int, at: int, bit: int) -> list[bytes]:
    hurt = bytearray(proof[number])
    hurt[at] ^= bit
    return [*proof[:number], bytes(hurt), *proof[number + 1 :]]


def test_sizes_that_cannot_be_are_refused() -> None:
    root = bytes(32)
    assert not merkle.is_included(root, 1, 1, [], root)
    assert not merkle.is_included(root, -1, 1, [], root)
    assert not merkle.is_consistent(3, 2, root, root, [])
    assert not merkle.is_consistent(2, 3, root, root, [])
    assert not merkle.is_consistent(0, 3, root, root, [])
    assert merkle.is_consistent(0, 3, merkle.EMPTY, root, [])
