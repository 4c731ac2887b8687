"""A log on write-once storage: archives that are written once, and together give the log again.

One tar for every 65,536 leaves (256 full bundles, their tiles, the checkpoints and the manifests they need), one more for
what stands behind the last full one, named by its size. Nothing that is there is ever written again; the next run adds what
is new. All archives of a folder, unpacked over one another in the order of their names, are the log, its newest checkpoint
on top. What is exported is verified first, leaf by leaf, by ``verifier``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from admin.audit.verifier import FailedError, Key, Replay, Source
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.tiles import TILE_WIDTH, entries_path, new_tiles, widths_for

SPAN = TILE_WIDTH * TILE_WIDTH
"""Leaves in a full archive: 256 full bundles, one full tile of level 1."""


class _Steady(Source):
    """Says of tiles and manifests the same whenever it is asked: what is archived is what was verified, whatever a web
    server thinks of next.
    """

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self._said: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """As ``Source``; FailedError for other bytes than before."""
        data = super().read(path)
        return data if data is None else self.same(path, data)

    def same(self, path: str, data: bytes) -> bytes:
        """These bytes, if they are those that were read under this name before, or the first."""
        if path.startswith(("tile/", "state/")):
            digest = hashlib.sha256(data).digest()
            if self._said.setdefault(path, digest) != digest:
                raise FailedError(f"{path}: served with other bytes than a moment ago")
        return data


@dataclass(slots=True)
class _Needs:
    """What each span needs beside its tiles: manifests of states that begin in it."""

    states: dict[int, list[str]] = field(default_factory=dict)
    last: str = ZERO_HASH
    """Leaves before the first state have none."""

    def hear(self, leaf: dict[str, Any]) -> None:
        if leaf["state"] != self.last:
            self.last = leaf["state"]
            self.states.setdefault(leaf["seq"] // SPAN, []).append(self.last)

    def manifests(self, span: int) -> Iterator[str]:
        """The files of a span's states."""
        yield from (f"state/{state}.json" for state in dict.fromkeys(self.states.get(span, ())))


def export(where: str, keys: Sequence[Key], folder: Path, now: float) -> list[Path]:
    """Write the archives that are not in ``folder`` yet; their paths. ``now`` in POSIX seconds.

    FailedError: the log does not verify, or is not the one that the folder has. UndecidedError, OSError.
    """
    source, needs = _Steady(where), _Needs()
    log = Replay(source, keys, now)
    log.run(needs.hear)
    folder.mkdir(parents=True, exist_ok=True)
    _check_owner(folder, log)
    sizes = source.numbers("cp/")
    made = []
    for number in range(-(-log.size // SPAN)):
        first, end = number * SPAN, min((number + 1) * SPAN, log.size)
        path = folder / (f"{number:06d}.tar" if end - first == SPAN else f"{number:06d}-{end:012d}.tar")
        if path.exists():
            continue
        names = [*_tiles(first, end, log.size), *needs.manifests(number)]
        names += [f"cp/{size}" for size in sorted(sizes) if first < size <= end] or [f"cp/{log.size}"]
        files = [*dict.fromkeys(names), "keys.json"]
        _write_once(path, partial(_archive, _contents(source, log, files)))
        made.append(path)
    return made


def _contents(source: _Steady, log: Replay, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files, one at a time, and the checkpoint that was verified last."""
    for name in names:
        yield name, _read(source, name)
    yield "checkpoint", log.point.note


def _check_owner(folder: Path, log: Replay) -> None:
    """The first archive names the log: another one is not mixed in."""
    label = folder / "log.json"
    mine = json.dumps({"origin": log.point.origin, "v": 1}).encode()
    if not label.exists():
        _write_once(label, lambda file: file.write(mine))
    elif label.read_bytes() != mine:
        raise FailedError(
            f"{folder}: has the archives of another log; name a folder of its own for {log.point.origin}"
        )


def _tiles(first: int, end: int, size: int) -> Iterator[str]:
    """The tiles and bundles that became full between two sizes, and those not full at the end of the log."""
    full = [tile for tile in new_tiles(first, end) if tile.width == TILE_WIDTH]
    edge = [tile for tile in widths_for(size) if tile.width < TILE_WIDTH and end == size]
    for tile in (*full, *edge):
        yield tile.path
        if tile.level == 0:
            yield entries_path(tile.number, tile.width)


def _archive(files: Iterable[tuple[str, bytes]], target: BinaryIO) -> None:
    """A tar whose bytes depend on nothing but the files."""
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o444
            archive.addfile(entry, io.BytesIO(data))


def _read(source: _Steady, name: str) -> bytes:
    data = source.read(name)
    if data is None and ".p/" in name:  # the log has grown: the full one begins with what the partial one had
        data = _cut(source.read(name.partition(".p/")[0]), name)
    if data is None:
        raise FailedError(f"{name}: missing")
    return source.same(name, data)


def _cut(full: bytes | None, name: str) -> bytes | None:
    width = int(name.rpartition("/")[2])
    if full is None or not name.startswith("tile/entries/"):
        return None if full is None else full[: 32 * width]
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(full[at : at + 2])
    return full[:at]


def _write_once(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """A whole file under this name or none; one that is there stays. OSError; what ``write`` raises."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    number = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
