"""Where lists come from: files and HTTPS servers.

The only place in this room that opens files of the operator or connections. Nothing here parses a list.
"""

from __future__ import annotations

from blocklists.model import ListSource
from blocklists.sources.file import fetch_file
from blocklists.sources.full_digests import fetch_with_full, needs_full
from blocklists.sources.model import Fetched, FetchError, Known, NotModified

__all__ = ["FetchError", "Fetched", "Known", "NotModified", "fetch"]


async def fetch(source: ListSource, *, known: Known | None = None, now: float) -> Fetched:
    """Fetch a list from wherever its URL points; ``now`` is Unix seconds. FetchError says what went wrong.

    ``known`` belongs to the version that is held; without it the whole list is always fetched.
    """
    if needs_full(source):
        return await fetch_with_full(source, lambda one: _fetch_one(one, known=None, now=now), now=now)
    return await _fetch_one(source, known=known, now=now)


async def _fetch_one(source: ListSource, *, known: Known | None, now: float) -> Fetched:
    if "://" in source.url and not source.url.startswith("file:"):
        # aiohttp takes 150 ms to import: lists in files shall not wait for it at a start.
        from blocklists.sources.https import fetch_https

        return await fetch_https(source, known=known, now=now)
    return await fetch_file(source, known=known, now=now)
