"""Where lists come from: files, folders, HTTPS servers and zone transfers.

The only place in this room that opens files of the operator or connections. Nothing here parses a list.
"""

from __future__ import annotations

from functools import partial

from blocklists.model import ListSource
from blocklists.sources.file import fetch_file
from blocklists.sources.full_digests import fetch_with_full, needs_full
from blocklists.sources.model import Fetched, FetchError, Known, NotModified
from blocklists.sources.progress import Phase, Progress, Report, untold

__all__ = ["FetchError", "Fetched", "Known", "NotModified", "Phase", "Progress", "Report", "fetch"]


async def fetch(
    source: ListSource, *, known: Known | None = None, now: float, report: Report = untold
) -> Fetched:
    """Fetch a list from wherever its URL points; ``now`` is Unix seconds. FetchError says what went wrong.

    ``known`` belongs to the version that is held; without it the whole list is always fetched. ``report`` is told how far
    it has come, where that takes time.
    """
    if needs_full(source):
        unconditional = Known(proof=known.proof) if known is not None else None
        one = partial(_fetch_one, known=unconditional, now=now, report=report)
        return await fetch_with_full(source, one, now=now)
    return await _fetch_one(source, known=known, now=now, report=report)


async def _fetch_one(source: ListSource, *, known: Known | None, now: float, report: Report) -> Fetched:
    if source.fetching.transfer is not None:
        # dnspython's transfers and signatures take time to import, too.
        from blocklists.sources.zone import fetch_zone

        return await fetch_zone(source, known=known, now=now)
    if "://" in source.url and not source.url.startswith("file:"):
        # aiohttp takes 150 ms to import: lists in files shall not wait for it at a start.
        from blocklists.sources.https import fetch_https

        return await fetch_https(source, known=known, now=now, report=report)
    return await fetch_file(source, known=known, now=now)
