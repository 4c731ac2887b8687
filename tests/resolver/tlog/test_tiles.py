"""Tiles and bundles: their names, their edges, and bundles whose lengths lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.canonical import FormatError
from resolver.tlog.tiles import (
    MAX_ENTRY,
    TILE_WIDTH,
    Tile,
    entries_path,
    hashes_from,
    new_tiles,
    pack_entries,
    pack_hashes,
    tile_path,
    unpack_entries,
    unpack_hashes,
    widths_for,
)
from resolver.tlog.tree import consistency_proof, inclusion_proof, root

PATHS = [
    ((0, 0, 256), "tile/0/000"),
    ((0, 0, 1), "tile/0/000.p/1"),
    ((1, 5, 255), "tile/1/005.p/255"),
    ((0, 999, 256), "tile/0/999"),
    ((0, 1000, 256), "tile/0/x001/000"),
    ((3, 1234067, 256), "tile/3/x001/x234/067"),
    ((63, 10**9, 3), "tile/63/x001/x000/x000/000.p/3"),
]


@pytest.mark.parametrize(("tile", "path"), PATHS)
def test_names_of_tiles(tile: tuple[int, int, int], path: str) -> None:
    assert tile_path(*tile) == Tile(*tile).path == path
    assert entries_path(*tile[1:]) == "tile/entries/" + path.split("/", 2)[2]


@pytest.mark.parametrize("tile", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_there_are_no_other_tiles(tile: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tile_path(*tile)


EDGES = [
    (0, ()),
    (1, ((0, 0, 1),)),
    (255, ((0, 0, 255),)),
    (256, ((0, 0, 256), (1, 0, 1))),
    (257, ((0, 1, 1), (1, 0, 1))),
    (70_000, ((0, 273, 112), (1, 1, 17), (2, 0, 1))),
    (2**24, ((0, 65_535, 256), (1, 255, 256), (2, 0, 256), (3, 0, 1))),
]


@pytest.mark.parametrize(("size", "edge"), EDGES)
def test_the_right_edge(size: int, edge: tuple[tuple[int, int, int], ...]) -> None:
    assert widths_for(size) == edge


@given(st.integers(0, 200_000), st.integers(0, 2_000))
def test_new_tiles_are_those_that_were_not_there(old: int, more: int) -> None:
    new = old + more
    assert set(new_tiles(old, new)) == _all_tiles(new) - _all_tiles(old)
    assert len(set(new_tiles(old, new))) == len(new_tiles(old, new))


def _all_tiles(size: int) -> set[Tile]:
    found: set[Tile] = set()
    for level, number, width in widths_for(size):
        found |= {Tile(level, other) for other in range(number)} | {Tile(level, number, width)}
    return found


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_a_bundle_is_read_again(leaves: list[bytes]) -> None:
    assert unpack_entries(pack_entries(leaves), len(leaves)) == leaves


def test_the_longest_leaf_fits_and_no_longer_one() -> None:
    longest = b"x" * MAX_ENTRY
    assert unpack_entries(pack_entries([longest, b""]), 2) == [longest, b""]
    with pytest.raises(ValueError, match="65536"):
        pack_entries([longest + b"x"])


MALFORMED = [
    (b"", 1),
    (b"\0", 1),
    (b"\0\1", 1),
    (b"\0\1a", 2),
    (b"\0\1a\0", 2),
    (b"\0\1a\0\2b", 2),
    (b"\0\1ab", 1),
    (b"\0\1a\0\0", 1),
    (b"\0\0", 0),
    (b"\xff\xff" + b"x" * 65_534, 1),
]


@pytest.mark.parametrize(("data", "count"), MALFORMED)
def test_a_malformed_bundle_is_refused(data: bytes, count: int) -> None:
    with pytest.raises(FormatError):
        unpack_entries(data, count)


@given(st.binary(max_size=300), st.integers(0, 10))
def test_any_bundle_is_read_whole_or_refused(data: bytes, count: int) -> None:
    try:
        leaves = unpack_entries(data, count)
    except FormatError:
        return
    assert pack_entries(leaves) == data
    assert len(leaves) == count


@pytest.mark.parametrize(("length", "width"), [(0, 1), (31, 1), (33, 1), (64, 1), (32 * 255, 256)])
def test_a_tile_of_another_length_is_refused(length: int, width: int) -> None:
    with pytest.raises(FormatError):
        unpack_hashes(bytes(length), width)


@pytest.mark.parametrize("row", [[], [b"x" * 31], [b"x" * 33], [bytes(32)] * 257])
def test_no_other_tile_is_written(row: list[bytes]) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        pack_hashes(row)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600, 1000])
def test_root_and_proofs_from_files(
    size: int, tmp_path: Path, log_of: Callable[[Sequence[bytes]], Any]
) -> None:
    log = log_of([b"%d" % number for number in range(size)])
    folder = log.write(tmp_path / "log")
    asked: list[Tile] = []

    def read(tile: Tile) -> bytes:
        asked.append(tile)
        return (folder / tile.path).read_bytes()

    from_files, plain = hashes_from(read, size), log.hashes
    assert root(size, from_files) == root(size, plain)
    assert inclusion_proof(size // 2, size, from_files) == inclusion_proof(size // 2, size, plain)
    old = max(1, size // 3)
    assert consistency_proof(old, size, from_files) == consistency_proof(old, size, plain)
    assert set(asked) <= _all_tiles(size)


def test_a_subtree_that_is_not_full_has_no_hash() -> None:
    with pytest.raises(ValueError, match="no full subtree"):
        hashes_from(lambda tile: bytes(32 * tile.width), 5)(2, 1)


def test_a_tile_that_is_too_short_is_refused() -> None:
    with pytest.raises(FormatError):
        hashes_from(lambda _tile: bytes(32), TILE_WIDTH)(0, 0)
