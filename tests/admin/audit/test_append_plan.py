"""The plan of an append against trees that are computed from all their leaves, and edges read back from the files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.audit.append import EMPTY, EdgeError, grow, read_edge
from resolver.tlog import tree
from resolver.tlog.canonical import FormatError
from resolver.tlog.tiles import entries_path, new_tiles, tile_path, unpack_entries

Subtrees = Callable[[Sequence[bytes]], tree.Hashes]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([1, 2, 3, 7, 100, 255, 256, 257, 511, 600]), min_size=1, max_size=12))
def test_batches_give_the_tree_of_all_their_leaves(sizes: list[int]) -> None:
    chance = random.Random(sum(sizes))
    edge, leaves, files = EMPTY, [], {}
    for size in sizes:
        more = [chance.randbytes(chance.randrange(40)) for _ in range(size)]
        leaves += more
        growth = grow(edge, more)
        assert not set(growth.files) & set(files)
        tiles = new_tiles(edge.size, len(leaves))
        assert set(growth.files) == {tile.path for tile in tiles} | {
            entries_path(tile.number, tile.width) for tile in tiles if tile.level == 0
        }
        files |= growth.files
        if edge.size:
            roots = edge.root, growth.after.root
            tree.verify_consistency(edge.size, len(leaves), *roots, growth.proof)
        edge = growth.after
        assert read_edge(edge.size, edge.root, files.__getitem__) == edge
    assert grow(EMPTY, leaves).after == edge
    entries = [
        leaf
        for number in range(len(leaves) // 256)
        for leaf in unpack_entries(files[entries_path(number)], 256)
    ]
    assert entries == leaves[: len(entries)]


def test_the_root_is_that_of_rfc_6962(subtrees: Subtrees) -> None:
    leaves = [str(number).encode() for number in range(700)]
    for size in (1, 2, 3, 255, 256, 257, 511, 512, 513, 700):
        assert grow(EMPTY, leaves[:size]).after.root == tree.root(size, subtrees(leaves))


@pytest.mark.parametrize("leaves", [[], [b"x" * 65_536]])
def test_nothing_and_too_much_are_refused(leaves: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"nothing is to be added|more than 65535"):
        grow(EMPTY, leaves)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 300, 512, 65_536, 65_540])
def test_a_changed_byte_anywhere_at_the_edge_is_noticed(size: int) -> None:
    growth = grow(EMPTY, [number.to_bytes(4) for number in range(size)])
    files = dict(growth.files)
    edge_files: list[str] = []

    def read(path: str) -> bytes:
        edge_files.append(path)
        return files[path]

    assert read_edge(size, growth.after.root, read).size == size
    chance = random.Random(size)
    for path in dict.fromkeys(edge_files):
        good = files[path]
        for _ in range(5):
            at = chance.randrange(len(good))
            files[path] = good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1 :]
            with pytest.raises((EdgeError, FormatError)):
                read_edge(size, growth.after.root, files.__getitem__)
        for torn in (good[:-1], good + b"\0", b""):
            files[path] = torn
            with pytest.raises((EdgeError, FormatError)):
                read_edge(size, growth.after.root, files.__getitem__)
        files[path] = good
        missing = {name: data for name, data in files.items() if name != path}
        with pytest.raises(KeyError):
            read_edge(size, growth.after.root, missing.__getitem__)


def test_another_root_is_not_that_of_the_edge() -> None:
    growth = grow(EMPTY, [b"a", b"b"])
    with pytest.raises(EdgeError, match=tile_path(0, 0, 2)):
        read_edge(2, b"x" * 32, growth.files.__getitem__)
