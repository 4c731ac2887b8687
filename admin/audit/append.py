"""The plan of an append: leaves in, files and the new tree out. Pure; nothing here is written, signed or published.

The right edge of a tree is all that it takes to let it grow: the last, partial tile of every level and the last, partial
bundle of entries. What it holds of a level is enough for every hash that a root or a consistency proof from this tree on
needs, because those are hashes of subtrees at the edge or of what is new (RFC 6962 section 2.1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from resolver.tlog.tiles import (
    MAX_ENTRY,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    entries_path,
    folded,
    new_tiles,
    pack_entries,
    tile_path,
    unpack_entries,
    unpack_hashes,
    widths_for,
)
from resolver.tlog.tree import EMPTY_ROOT, consistency_proof, leaf_hash, node_hash, root

Row = tuple[bytes, ...]
"""Hashes of one level side by side."""


class EdgeError(ValueError):
    """The edge that was read is not that of the tree; the message names the file."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: per level the hashes that no full tile has yet, and the leaves of no full bundle."""

    size: int
    root: bytes
    rows: tuple[Row, ...]
    packed: bytes
    """Those leaves as they stand in their bundle."""
    known: Mapping[tuple[int, int], bytes] = field(default_factory=dict, compare=False, repr=False)
    """Hashes above the rows, by height and number, that need not be computed again. Whatever is wrong with one shows in the
    consistency proof, which the signer holds against the locked root.
    """


EMPTY = Edge(0, EMPTY_ROOT, (), b"")
"""The edge of a tree without leaves."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree that has grown: the files that it has and its predecessor had not, and the proof that it goes on from it."""

    before: Edge
    after: Edge
    files: Mapping[str, bytes]
    """By their paths below the log's folder; all are new, none is ever written again with other bytes."""
    proof: tuple[bytes, ...]
    """Consistency from ``before`` to ``after``; empty from an empty tree."""


def grow(edge: Edge, leaves: Sequence[bytes]) -> Growth:
    """The tree with these leaves added. ValueError: there are none, or one is too long."""
    if not leaves:
        raise ValueError("nothing is to be added")
    if any(len(leaf) > MAX_ENTRY for leaf in leaves):
        raise ValueError(f"a leaf has more than {MAX_ENTRY} bytes")
    size = edge.size + len(leaves)
    rows = _rows(edge, [leaf_hash(leaf) for leaf in leaves])
    hashes = _Hashes(edge.size, rows, edge.known)
    new_root = root(size, hashes)
    proof = consistency_proof(edge.size, size, hashes) if edge.size else ()
    bundles = _bundles(edge, leaves)
    kept = tuple(
        row[len(row) - (size >> level * TILE_HEIGHT) % TILE_WIDTH :] for level, row in enumerate(rows)
    )
    after = Edge(size, new_root, kept, bundles.get(size // TILE_WIDTH, b""), hashes.of_whole(size))
    return Growth(edge, after, _files(edge.size, size, rows, bundles), proof)


def _bundles(edge: Edge, leaves: Sequence[bytes]) -> dict[int, bytes]:
    """The bundles that have one of these leaves, by their numbers."""
    found: dict[int, bytes] = {}
    number, packed, at = edge.size // TILE_WIDTH, edge.packed, 0
    room = TILE_WIDTH - edge.size % TILE_WIDTH
    while at < len(leaves):
        found[number] = packed + pack_entries(leaves[at : at + room])
        number, packed, at, room = number + 1, b"", at + room, TILE_WIDTH
    return found


def _rows(edge: Edge, hashes: list[bytes]) -> list[Row]:
    """Every level from its last full tile on, with what is new."""
    rows: list[Row] = []
    new: Sequence[bytes] = hashes
    level = 0
    while new or level < len(edge.rows):
        before = edge.rows[level] if level < len(edge.rows) else ()
        row = (*before, *new)
        rows.append(row)
        full = len(row) // TILE_WIDTH
        new = [folded(row[at : at + TILE_WIDTH]) for at in range(0, full * TILE_WIDTH, TILE_WIDTH)]
        level += 1
    return rows


class _Hashes:
    """``tree.Hashes`` out of the rows of a growing tree."""

    def __init__(self, size: int, rows: Sequence[Row], known: Mapping[tuple[int, int], bytes]) -> None:
        self._rows = rows
        self._starts = [
            (size >> level * TILE_HEIGHT) // TILE_WIDTH * TILE_WIDTH for level in range(len(rows))
        ]
        self._known = dict(known)

    def __call__(self, height: int, number: int) -> bytes:
        """The hash of a full subtree."""
        level, above = divmod(height, TILE_HEIGHT)
        if above == 0:
            return self._rows[level][number - self._starts[level]]
        found = self._known.get((height, number))
        if found is None:
            found = node_hash(self(height - 1, 2 * number), self(height - 1, 2 * number + 1))
            self._known[height, number] = found
        return found

    def of_whole(self, size: int) -> dict[tuple[int, int], bytes]:
        """The hashes of the full subtrees that make up a tree of this size: what the next ones are computed from."""
        heights = [
            height for height in range(size.bit_length()) if size >> height & 1 and height % TILE_HEIGHT
        ]
        places = [(height, (size >> height) - 1) for height in heights]
        return {place: self(*place) for place in places}


def _files(old: int, new: int, rows: Sequence[Row], bundles: Mapping[int, bytes]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for tile in new_tiles(old, new):
        start = (old >> tile.level * TILE_HEIGHT) // TILE_WIDTH
        first = (tile.number - start) * TILE_WIDTH
        files[tile.path] = b"".join(rows[tile.level][first : first + tile.width])
        if tile.level == 0:
            files[entries_path(tile.number, tile.width)] = bundles[tile.number]
    return files


def read_edge(size: int, wanted: bytes, read: Callable[[str], bytes]) -> Edge:
    """The edge of the tree of this size, checked: hashes against the root, leaves against hashes.

    ``read`` gives the bytes of a file below the log's folder; its errors pass through. EdgeError: they are not those of
    the tree with the root ``wanted``; FormatError: a file is no tile or bundle.
    """
    if size == 0:
        return EMPTY
    rows: list[Row] = []
    packed = b""
    for tile in widths_for(size):
        row = unpack_hashes(read(tile.path), tile.width)
        if tile.level == 0:
            packed = _checked_leaves(tile, row, read)
        rows.append(tuple(row) if tile.width < TILE_WIDTH else ())
        full = (tile.number + 1) * TILE_WIDTH == size >> tile.level * TILE_HEIGHT
        if full:
            _check_above(tile, row, size, read)
    edge = Edge(size, wanted, tuple(rows), packed)
    found = root(size, _Hashes(size, rows, {}))
    if found != wanted:
        raise EdgeError(
            f"{tile_path(*widths_for(size)[0])} and what lies above it do not give the root of size {size}"
        )
    return edge


def _checked_leaves(tile: Tile, row: Sequence[bytes], read: Callable[[str], bytes]) -> bytes:
    """The last bundle; none of it is at the edge if it is full."""
    path = entries_path(tile.number, tile.width)
    packed = read(path)
    if [leaf_hash(leaf) for leaf in unpack_entries(packed, tile.width)] != list(row):
        raise EdgeError(f"{path} does not hold the leaves of {tile.path}")
    return packed if tile.width < TILE_WIDTH else b""


def _check_above(tile: Tile, row: Sequence[bytes], size: int, read: Callable[[str], bytes]) -> None:
    """A full tile at the edge is vouched for by its hash one level up, which the root vouches for."""
    number, offset = divmod(tile.number, TILE_WIDTH)
    width = min(TILE_WIDTH, (size >> (tile.level + 1) * TILE_HEIGHT) - number * TILE_WIDTH)
    above = unpack_hashes(read(tile_path(tile.level + 1, number, width)), width)
    if above[offset] != folded(row):
        raise EdgeError(f"{tile.path} is not what the tile above it says")
