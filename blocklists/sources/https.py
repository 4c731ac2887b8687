"""Lists over HTTPS: conditional, bounded in size and time, redirected to HTTPS only, verified if they are signed.

Bodies are unpacked here, not by the HTTP library, so that the size ceiling holds for what comes out of gzip. Other
codings are not asked for: Python has no decoder of them that would be bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from blocklists.model import Confidentiality, ListSource
from blocklists.signatures import LONGEST_SIGNATURE
from blocklists.sources.access import open_access
from blocklists.sources.addresses import parsed, place
from blocklists.sources.limits import Limits
from blocklists.sources.model import Fetched, FetchError, Known, NotModified, version
from blocklists.sources.progress import Phase, Progress, Report, untold
from blocklists.sources.reading import file_path, read_file
from blocklists.sources.refusals import cause
from blocklists.sources.signed import Seal, is_local, open_seal
from blocklists.sources.unpacking import unpacked
from blocklists.sources.web import Web

LIMITS = Limits()
_T = TypeVar("_T")


async def fetch_https(
    source: ListSource,
    *,
    known: Known | None = None,
    now: float,
    report: Report = untold,
    limits: Limits = LIMITS,
    allow_loopback_http: bool = False,
) -> Fetched:
    """Fetch the list; ``now`` is Unix seconds. ``known`` makes the request conditional.

    FetchError naming scheme, host and path (no user, no query: they may hold a key) and the cause.
    ``allow_loopback_http`` lets tests use plain HTTP on the loopback interface.
    """
    seal = await asyncio.to_thread(open_seal, source)
    fetching = _Fetching(source, known, now, report, seal)
    return await _talk(source, fetching.run, now=now, limits=limits, loopback=allow_loopback_http)


async def fetch_signature(source: ListSource, address: str, *, now: float, limits: Limits = LIMITS) -> bytes:
    """A signature for a list that is not on the web itself, but its signature is. FetchError."""

    async def get(web: Web) -> bytes:
        return await _signature(web, address)

    return await _talk(source, get, now=now, limits=limits, loopback=False)


class _Fetching:
    """One list, from the first question to the verified text."""

    def __init__(
        self, source: ListSource, known: Known | None, now: float, report: Report, seal: Seal | None
    ) -> None:
        self._source, self._known, self._now, self._report, self._seal = source, known, now, report, seal
        self._received = 0

    async def run(self, web: Web) -> Fetched:
        source, url = self._source, parsed(self._source.url, self._source.id)
        self._tell(Phase.ASKING)
        known = self._seal.trusted(self._known) if self._seal else self._known
        document = await web.get(url, source.max_size, conditions=_conditions(known), watch=self._watch)
        if document is None:
            return NotModified()
        proof = None
        if self._seal is not None:
            self._tell(Phase.VERIFYING)
            signature = await _signature(web, self._seal.address)
            proof = await asyncio.to_thread(
                self._seal.check, document.data, signature, known=self._known, now=self._now
            )
        text = await asyncio.to_thread(unpacked, document.data, place(url), source.max_size)
        return version(source.id, text, now=self._now, known=document.validators, proof=proof)

    def _watch(self, received: int, total: int | None) -> None:
        self._received = received
        self._tell(Phase.RECEIVING, total)

    def _tell(self, phase: Phase, total: int | None = None) -> None:
        if self._source.confidentiality is Confidentiality.SECRET:
            # The size of a short list narrows down which names it can have.
            self._report(Progress(self._source.id, phase))
        else:
            self._report(Progress(self._source.id, phase, self._received, total))


async def _signature(web: Web, address: str) -> bytes:
    """FetchError that says that it is the signature which is missing; aiohttp's errors and TimeoutError."""
    try:
        if is_local(address):
            return await asyncio.to_thread(read_file, file_path(address), LONGEST_SIGNATURE)
        url = parsed(address, "signature")
        document = await web.get(url, LONGEST_SIGNATURE, conditions={}, watch=lambda *_: None)
    except FetchError as error:
        raise FetchError(
            f"the list's signature cannot be had: {error}", retry_after=error.retry_after
        ) from None
    return document.data if document is not None else b""


async def _talk(
    source: ListSource,
    talk: Callable[[Web], Awaitable[_T]],
    *,
    now: float,
    limits: Limits,
    loopback: bool,
) -> _T:
    """Run a conversation within the limits of time. FetchError for whatever ends it early."""
    home = parsed(source.url, source.id)
    shown = await asyncio.to_thread(open_access, source.fetching.access)
    timeout = aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.silence)
    try:
        async with (
            asyncio.timeout(limits.total),
            aiohttp.ClientSession(
                timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
        ):
            return await talk(Web(session, shown, home, limits, now=now, loopback=loopback))
    except TimeoutError:
        raise FetchError(
            f"{place(home)}: no complete answer in time; check the network, then try again"
        ) from None
    except (aiohttp.ClientError, ValueError) as error:
        words = (
            cause(error) if isinstance(error, aiohttp.ClientError) else "it cannot be asked for as configured"
        )
        raise FetchError(f"{place(home)}: {words}; check address, access and network") from None


def _conditions(known: Known | None) -> dict[str, str]:
    conditions = {}
    if known is not None and known.etag:
        conditions["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        conditions["If-Modified-Since"] = known.last_modified
    return conditions
