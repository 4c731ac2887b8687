"""A staged append: the leaves that it adds and the files beside their tiles, with what they lead from and to. Pure.

A length, the SHA-256 of all that follows, one line of canonical JSON that names the two trees and the files, then the leaves
as in a bundle of entries and the bytes of the files. So a torn end is known for one. What the tiles are follows from the
leaves (``append``); they would be a hundred times as much.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from resolver.tlog.canonical import FormatError, decode, encode
from resolver.tlog.encoding import HASH_BYTES, from_hex
from resolver.tlog.tiles import pack_entries, unpack_entries

_START = struct.Struct(">Q32s")
"""How many bytes follow, and their SHA-256."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree by its size and root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """What lets one tree become another."""

    before: Tree
    after: Tree
    leaves: Sequence[bytes]
    files: Mapping[str, bytes]
    """What is to be served beside tiles and bundles of entries, by paths below the log's folder."""

    def encode(self) -> bytes:
        """As it is staged."""
        packed = pack_entries(self.leaves)
        head = encode(
            {
                "after": [self.after.size, self.after.root.hex()],
                "before": [self.before.size, self.before.root.hex()],
                "files": [[path, len(data)] for path, data in self.files.items()],
                "leaves": len(packed),
            }
        )
        body = b"".join((head, b"\n", packed, *self.files.values()))
        return _START.pack(len(body), hashlib.sha256(body).digest()) + body


def decode_bundle(data: bytes) -> Bundle:
    """The bundle that is just these bytes. FormatError: they are torn, or no bundle at all."""
    body = _body(data, 0)
    if body is None or _START.size + len(body) != len(data):
        raise FormatError("what was staged is torn")
    line, _, rest = body.partition(b"\n")
    head = decode(line)
    if not isinstance(head, dict) or head.keys() != {"after", "before", "files", "leaves"}:
        raise FormatError("this is nothing that was staged")
    before, after, length = _tree(head["before"]), _tree(head["after"]), head["leaves"]
    if not isinstance(length, int) or not 0 <= length <= len(rest) or after.size <= before.size:
        raise FormatError("what was staged does not say which leaves it adds")
    leaves = unpack_entries(rest[:length], after.size - before.size)
    return Bundle(before, after, leaves, _files(head["files"], rest[length:]))


def bundles_in(data: bytes) -> Iterator[Bundle]:
    """Those that stand one behind the other, each leading on from the one before; what follows is torn or older."""
    at = 0
    tree: Tree | None = None
    while (body := _body(data, at)) is not None:
        end = at + _START.size + len(body)
        try:
            bundle = decode_bundle(data[at:end])
        except FormatError:
            return
        if tree is not None and bundle.before != tree:
            return
        yield bundle
        at, tree = end, bundle.after


def _body(data: bytes, at: int) -> bytes | None:
    if at + _START.size > len(data):
        return None
    length, digest = _START.unpack_from(data, at)
    start = at + _START.size
    body = data[start : start + length]
    return body if len(body) == length and hashlib.sha256(body).digest() == digest else None


def _files(named: object, data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    at = 0
    for path, length in _lengths(named):
        files[path] = data[at : at + length]
        at += length
    if at != len(data):
        raise FormatError("the staged files have other lengths than is said of them")
    return files


def _lengths(value: object) -> list[tuple[str, int]]:
    found = []
    for item in value if isinstance(value, list) else ():
        if not (isinstance(item, list) and len(item) == 2):
            raise FormatError("a staged file has no name and length")
        path, length = item
        if not isinstance(path, str) or not isinstance(length, int) or length < 0:
            raise FormatError("a staged file has no name and length")
        if not path or any(part in ("", ".", "..") for part in path.split("/")):
            raise FormatError("a staged file would lie outside the log's folder")
        found.append((path, length))
    return found


def _tree(value: object) -> Tree:
    if not (isinstance(value, list) and len(value) == 2):
        raise FormatError("a bundle does not say which tree it is of")
    size, root = value
    if not isinstance(size, int) or not isinstance(root, str):
        raise FormatError("a bundle does not say which tree it is of")
    return Tree(size, from_hex(root, HASH_BYTES))
