"""Tiles and entry bundles: their names, bytes and edges (c2sp.org/tlog-tiles). Nothing here reads or writes a file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from resolver.tlog.canonical import FormatError
from resolver.tlog.encoding import HASH_BYTES
from resolver.tlog.tree import Hashes, node_hash

TILE_WIDTH = 256
"""Hashes in a full tile."""
TILE_HEIGHT = 8
"""Levels of the tree between one level of tiles and the next."""
MAX_LEVEL = 63
MAX_ENTRY = 0xFFFF
"""Bytes of a leaf: its length has 16 bits."""

_LENGTH = struct.Struct(">H")


class Tile(NamedTuple):
    """One tile of hashes; of level 0 also the bundle of entries of the same number and width."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """As ``tile_path``."""
        return tile_path(*self)


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """``tile/<level>/<number>[.p/<width>]``, the number in groups of three digits. ValueError: there is no such tile."""
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError(f"no tile has level {level}")
    return f"tile/{level}/{_numbered(number, width)}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """``tile/entries/<number>[.p/<width>]``. ValueError: there is no such bundle."""
    return f"tile/entries/{_numbered(number, width)}"


def pack_entries(leaves: Iterable[bytes]) -> bytes:
    """A bundle: each leaf with its length in front. ValueError: a leaf is too long."""
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > MAX_ENTRY:
            raise ValueError(f"a leaf has {len(leaf)} bytes, more than {MAX_ENTRY}")
        parts += (_LENGTH.pack(len(leaf)), leaf)
    return b"".join(parts)


def unpack_entries(data: bytes, count: int) -> list[bytes]:
    """The leaves of a bundle of ``count``. FormatError: there are fewer, or bytes are left."""
    leaves, at = [], 0
    for number in range(count):
        start = at + _LENGTH.size
        if start > len(data):
            raise FormatError(f"the bundle ends before entry {number} of {count}")
        at = start + _LENGTH.unpack_from(data, start - _LENGTH.size)[0]
        if at > len(data):
            raise FormatError(f"the bundle ends in entry {number} of {count}")
        leaves.append(data[start:at])
    if at != len(data):
        raise FormatError(f"{len(data) - at} bytes stand behind the last of {count} entries")
    return leaves


def pack_hashes(hashes: Sequence[bytes]) -> bytes:
    """A tile. ValueError: no hash, too many, or one that is not 32 bytes long."""
    if not 1 <= len(hashes) <= TILE_WIDTH or any(len(item) != HASH_BYTES for item in hashes):
        raise ValueError(f"a tile has 1 to {TILE_WIDTH} hashes of {HASH_BYTES} bytes")
    return b"".join(hashes)


def unpack_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. FormatError: another number than ``width``."""
    if len(data) != width * HASH_BYTES:
        raise FormatError(f"a tile of {width} hashes has {width * HASH_BYTES} bytes, this one {len(data)}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def widths_for(size: int) -> tuple[Tile, ...]:
    """The last tile of each level of a tree of this size, from level 0 up: its right edge. Empty for size 0."""
    return tuple(
        Tile(level, (count - 1) // TILE_WIDTH, (count - 1) % TILE_WIDTH + 1) for level, count in _levels(size)
    )


def new_tiles(old: int, new: int) -> tuple[Tile, ...]:
    """The tiles that a tree of size ``new`` has and one of size ``old`` has not, full ones and the partial at each end."""
    found = []
    for level, count in _levels(new):
        before = old >> level * TILE_HEIGHT
        if before == count:
            continue
        found += [Tile(level, number) for number in range(before // TILE_WIDTH, count // TILE_WIDTH)]
        if count % TILE_WIDTH:
            found.append(Tile(level, count // TILE_WIDTH, count % TILE_WIDTH))
    return tuple(found)


def hashes_from(read: Callable[[Tile], bytes], size: int) -> Hashes:
    """``tree.Hashes`` of a tree of this size out of its tiles. ``read`` gives a tile's bytes, and may keep them.

    FormatError: a tile has another length than its name says. What a tile says is not checked against any root.
    """

    def hashes(height: int, number: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        first = number << above
        tile_number, offset = divmod(first, TILE_WIDTH)
        width = min(TILE_WIDTH, (size >> level * TILE_HEIGHT) - tile_number * TILE_WIDTH)
        if offset + (1 << above) > width:
            raise ValueError(f"a tree of size {size} has no full subtree {number} of height {height}")
        tile = unpack_hashes(read(Tile(level, tile_number, width)), width)
        return folded(tile[offset : offset + (1 << above)])

    return hashes


def folded(row: Sequence[bytes]) -> bytes:
    """The hash above a power of two of hashes side by side."""
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _levels(size: int) -> Iterator[tuple[int, int]]:
    """Each level of tiles that is not empty, and how many hashes it has."""
    level = 0
    while count := size >> level * TILE_HEIGHT:
        yield level, count
        level += 1


def _numbered(number: int, width: int) -> str:
    if number < 0 or not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"no tile has number {number} and width {width}")
    name = f"{number % 1000:03d}"
    while number := number // 1000:
        name = f"x{number % 1000:03d}/{name}"
    return name if width == TILE_WIDTH else f"{name}.p/{width}"
