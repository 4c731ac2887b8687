"""Lists in files and folders: ``file:`` plus a path, taken as it is (no percent-escapes), or a plain path.

Files that are in the very state in which they were read before are not read again: their validator is inode, size and
the times of the last change. What has just been changed has none, as the next change might bear the same times. Files
that change while they are read are read again: half of a version is none.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from blocklists.model import ListSource, Proof
from blocklists.signatures import LONGEST_SIGNATURE
from blocklists.sources.model import Fetched, FetchError, Known, NotModified, too_large, version
from blocklists.sources.parts import Parts, parts_of
from blocklists.sources.reading import file_path, read_file
from blocklists.sources.signed import Seal, is_local, open_seal, signature_address
from blocklists.sources.unpacking import unpacked

READINGS = 3
"""Attempts to read files that keep changing; whoever watches them tries again when they are written."""


async def fetch_file(source: ListSource, *, known: Known | None = None, now: float) -> Fetched:
    """Read the files unless they are as ``known`` says; ``now`` is Unix seconds. FetchError naming the path and the cause.

    Does not block the loop.
    """
    seal = await asyncio.to_thread(open_seal, source)
    trusted = seal.trusted(known) if seal else known
    read = await asyncio.to_thread(_read, source, trusted, now)
    if read is None:
        return NotModified()
    pieces, state = read
    proof = await _proof(source, seal, pieces, known, now) if seal else None
    text = await asyncio.to_thread(_text, source, pieces)
    return version(source.id, text, now=now, known=Known(state), proof=proof)


def file_state(source: ListSource) -> str:
    """Another text whenever the list's files, or its signature's, are others than before; empty if there are none."""
    try:
        state = parts_of(file_path(source.url)).state
        address = signature_address(source)
        return f"{state} {parts_of(file_path(address)).state}" if is_local(address) else state
    except FetchError:
        return ""


def read_text(source: ListSource) -> bytes:
    """The text of the files as they are now, without looking at a signature. FetchError. Blocks."""
    read = _read(source, None, 0.0)
    assert read is not None  # nothing is known that they could be like
    return _text(source, read[0])


def _read(source: ListSource, known: Known | None, now: float) -> tuple[list[tuple[Path, bytes]], str] | None:
    """The files' bytes and their validator; None if they are as known."""
    path = file_path(source.url)
    parts = parts_of(path)
    if known is not None and known.etag == parts.state and _may_rest(parts, source, now):
        return None
    for _ in range(READINGS):
        pieces = _pieces(parts, source.max_size)
        before, parts = parts, parts_of(path)
        if parts.state == before.state:
            return pieces, parts.state if _may_rest(parts, source, now) else ""
    raise FetchError(f"{path}: is being written to; it is read again when that has ended")


def _may_rest(parts: Parts, source: ListSource, now: float) -> bool:
    return parts.is_settled(now) and parts.size <= source.max_size


def _pieces(parts: Parts, limit: int) -> list[tuple[Path, bytes]]:
    pieces = []
    for path in parts.paths:
        data = read_file(path, limit)
        limit -= len(data)
        pieces.append((path, data))
    return pieces


def _text(source: ListSource, pieces: list[tuple[Path, bytes]]) -> bytes:
    """All of them unpacked, each from the beginning of a line."""
    if len(pieces) == 1:
        return unpacked(pieces[0][1], str(pieces[0][0]), source.max_size)
    texts, left = [], source.max_size
    for path, data in pieces:
        text = unpacked(data, str(path), left)
        if text and not text.endswith(b"\n"):
            text += b"\n"
        left -= len(text)
        if left < 0:
            raise too_large(source.url.removeprefix("file:"), source.max_size)
        texts.append(text)
    return b"".join(texts)


async def _proof(
    source: ListSource, seal: Seal, pieces: list[tuple[Path, bytes]], known: Known | None, now: float
) -> Proof:
    if len(pieces) != 1:
        raise FetchError(
            f"list {source.id}: a signed list is one file, and there are {len(pieces)}; give the path of one"
        )
    signature = await _signature(source, seal.address, now)
    return await asyncio.to_thread(seal.check, pieces[0][1], signature, known=known, now=now)


async def _signature(source: ListSource, address: str, now: float) -> bytes:
    if not is_local(address):
        from blocklists.sources.https import fetch_signature  # aiohttp takes 150 ms to import

        return await fetch_signature(source, address, now=now)
    try:
        return await asyncio.to_thread(read_file, file_path(address), LONGEST_SIGNATURE)
    except FetchError as error:
        raise FetchError(f"the list's signature cannot be had: {error}") from None
