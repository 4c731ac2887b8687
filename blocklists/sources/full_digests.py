"""Prefixes of digests and the full digests that confirm them, fetched as one text: a version is only ever both.

Neither is fetched conditionally: "not modified" of the one would say nothing about the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from blocklists.formats.hashes import FULL_MARKER
from blocklists.model import ListSource, ListVersion
from blocklists.sources.model import Fetched, FetchError, NotModified, too_large, version

FetchOne = Callable[[ListSource], Awaitable[Fetched]]
"""Fetches what one address has, unconditionally."""


def needs_full(source: ListSource) -> bool:
    """Whether the list has its full digests at an address of their own."""
    return source.fetching.hashes is not None and bool(source.fetching.hashes.full)


def full_source(source: ListSource) -> ListSource:
    """The source of the full digests, reached as the list itself is."""
    assert source.fetching.hashes is not None
    return replace(source, url=source.fetching.hashes.full, fetching=replace(source.fetching, signature=None))


async def fetch_with_full(source: ListSource, fetch_one: FetchOne, *, now: float) -> ListVersion:
    """Both texts as one version; ``now`` is Unix seconds. FetchError if either cannot be had, or both are too large."""
    prefixes = await _text(fetch_one, source)
    full = await _text(fetch_one, full_source(source))
    return version(source.id, joined(source, prefixes, full), now=now)


def joined(source: ListSource, prefixes: bytes, full: bytes) -> bytes:
    """One text of both. FetchError beyond the list's size."""
    text = prefixes + FULL_MARKER + full
    if len(text) > source.max_size:
        raise too_large(f"list {source.id} with its full digests", source.max_size)
    return text


async def _text(fetch_one: FetchOne, source: ListSource) -> bytes:
    fetched = await fetch_one(source)
    if isinstance(fetched, NotModified):
        raise FetchError(f"{source.url.partition('?')[0]}: says that nothing changed, but was not asked so")
    return fetched.data
