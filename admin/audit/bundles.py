"""A staged append: all its files in one, with what they lead from and to. Pure.

One line of canonical JSON that names the two trees and the files in their order, then their bytes. The line begins with the
SHA-256 of all that follows it, so that a torn file is known for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from resolver.tlog.canonical import FormatError, decode, encode
from resolver.tlog.encoding import HASH_BYTES, from_hex

_DIGEST = 64


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree by its size and root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files that let one tree become another."""

    before: Tree
    after: Tree
    files: Mapping[str, bytes]

    def encode(self) -> bytes:
        """As it lies in a file."""
        head = encode(
            {
                "after": [self.after.size, self.after.root.hex()],
                "before": [self.before.size, self.before.root.hex()],
                "files": [[path, len(data)] for path, data in self.files.items()],
            }
        )
        body = b"".join((head, b"\n", *self.files.values()))
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode_bundle(data: bytes) -> Bundle:
    """FormatError: these bytes are torn, or no bundle at all."""
    body = data[_DIGEST + 1 :]
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != data[: _DIGEST + 1]:
        raise FormatError("the staged files are torn")
    line, _, rest = body.partition(b"\n")
    head = decode(line)
    if not isinstance(head, dict) or head.keys() != {"after", "before", "files"}:
        raise FormatError("this is no bundle of staged files")
    files: dict[str, bytes] = {}
    at = 0
    for path, length in _files(head["files"]):
        files[path] = rest[at : at + length]
        at += length
    if at != len(rest):
        raise FormatError("the staged files have other lengths than their bundle says")
    return Bundle(_tree(head["before"]), _tree(head["after"]), files)


def _files(value: object) -> list[tuple[str, int]]:
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
