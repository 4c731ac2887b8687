"""The Merkle tree: the published hashes, proofs of every leaf and size, and nothing but the right proof accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.tree import (
    EMPTY_ROOT,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
"""The leaves and roots that the tests of Certificate Transparency use for RFC 6962."""


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


def numbered(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


@cache
def full(height: int, number: int) -> bytes:
    """The full subtrees over ``numbered`` leaves."""
    if height == 0:
        return leaf_hash(b"leaf %d" % number)
    return node_hash(full(height - 1, 2 * number), full(height - 1, 2 * number + 1))


def sizes() -> st.SearchStrategy[int]:
    return st.integers(1, 700) | st.sampled_from([1, 2, 3, 255, 256, 257, 511, 512, 513])


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int, log_of: Callable[[Sequence[bytes]], Any]) -> None:
    assert root(size, log_of(LEAVES).hashes) == ROOTS[size - 1]


def test_published_proofs() -> None:
    """The audit path of leaf 5 among 8, and the consistency proof from 6 to 8, of the same tests."""
    path = [
        bytes.fromhex(text)
        for text in (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        )
    ]
    verify_inclusion(leaf_hash(LEAVES[5]), 5, 8, path, ROOTS[7])
    steps = [
        bytes.fromhex(text)
        for text in (
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        )
    ]
    verify_consistency(6, 8, ROOTS[5], ROOTS[7], steps)


def test_an_empty_tree() -> None:
    assert root(0, full) == EMPTY_ROOT == plain_root([])


@given(sizes())
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert root(size, full) == plain_root(numbered(size))


@given(sizes(), st.data())
def test_every_leaf_is_proven(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    verify_inclusion(full(0, index), index, size, inclusion_proof(index, size, full), root(size, full))


@given(sizes(), st.data())
def test_every_older_tree_is_proven(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    verify_consistency(old, size, root(old, full), root(size, full), consistency_proof(old, size, full))


def test_all_small_trees() -> None:
    for size in range(1, 34):
        whole = root(size, full)
        for old in range(1, size + 1):
            verify_inclusion(full(0, old - 1), old - 1, size, inclusion_proof(old - 1, size, full), whole)
            verify_consistency(old, size, root(old, full), whole, consistency_proof(old, size, full))


@given(sizes(), st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, whole = inclusion_proof(index, size, full), root(size, full)
    changed = data.draw(_changed(proof))
    with pytest.raises(ProofError):
        verify_inclusion(full(0, index), index, size, changed, whole)


@given(st.integers(2, 300), st.data())
def test_a_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, full)
    with pytest.raises(ProofError):
        verify_consistency(old, size, root(old, full), root(size, full), data.draw(_changed(proof)))


@given(sizes(), st.data())
def test_another_leaf_index_or_root_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, whole = inclusion_proof(index, size, full), root(size, full)
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash(b"other"), index, size, proof, whole)
    with pytest.raises(ProofError):
        verify_inclusion(full(0, index), index, size, proof, bytes(32))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index)) if size > 1 else size
    with pytest.raises(ProofError):
        verify_inclusion(full(0, index), other, size, proof, whole)


@given(st.integers(2, 300), st.data())
def test_another_older_tree_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, full)
    with pytest.raises(ProofError):
        verify_consistency(old, size, bytes(32), root(size, full), proof)
    with pytest.raises(ProofError):
        verify_consistency(old, size, root(old, full), bytes(32), proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 1), (1, 1), (5, 5), (6, 5), (2**60, 5), (0, -1)])
def test_an_index_that_is_not_below_the_size_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(full(0, 0), index, size, (), full(0, 0))
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, full)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (-1, 1), (2, 1), (0, 8)])
def test_nothing_is_consistent_with_size_0_or_a_larger_tree(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, ())
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_proof(old, new, full)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(length: int) -> None:
    size, proof = 6, list(inclusion_proof(2, 6, full))
    bad = b"\1" * length
    for position in range(len(proof)):
        with pytest.raises(ProofError, match="32"):
            verify_inclusion(
                full(0, 2), 2, size, [*proof[:position], bad, *proof[position + 1 :]], root(6, full)
            )
    with pytest.raises(ProofError, match="32"):
        verify_inclusion(bad, 2, size, proof, root(6, full))
    with pytest.raises(ProofError, match="32"):
        verify_consistency(1, 1, bad, bad, ())


def test_trees_of_one_size_are_consistent_only_if_they_are_equal() -> None:
    whole = root(6, full)
    verify_consistency(6, 6, whole, whole, ())
    with pytest.raises(ProofError):
        verify_consistency(6, 6, whole, bytes(32), ())
    with pytest.raises(ProofError):
        verify_consistency(6, 6, whole, whole, [whole])


def test_a_power_of_two_needs_its_proof() -> None:
    """An empty proof from 4 to 8 would make the old root its own witness."""
    with pytest.raises(ProofError):
        verify_consistency(4, 8, root(4, full), root(4, full), ())


@st.composite
def _changed(draw: st.DrawFn, proof: Sequence[bytes]) -> list[bytes]:
    """A proof with a hash more, a hash less, two swapped, or one bit of one other."""
    found = list(proof)
    how = draw(st.sampled_from(["more", "less", "swap", "flip"])) if found else "more"
    at = draw(st.integers(0, max(0, len(found) - 1)))
    if how == "less":
        del found[at]
    elif how == "flip":
        other = bytearray(found[at])
        other[draw(st.integers(0, 31))] ^= 1 << draw(st.integers(0, 7))
        found[at] = bytes(other)
    elif how == "swap" and len(set(found)) > 1:
        other_at = draw(st.sampled_from([place for place, item in enumerate(found) if item != found[at]]))
        found[at], found[other_at] = found[other_at], found[at]
    else:
        found.insert(at, draw(st.binary(min_size=32, max_size=32)))
    return found
