"""One fetch's conversation with web servers: redirects, conditions, and the rest of what was cut short.

Every name in it may be a secret, so nothing is logged, and errors come from ``refusals`` and ``addresses`` only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from blocklists.sources.access import Pass
from blocklists.sources.addresses import check_scheme, is_same_server, place, redirected
from blocklists.sources.limits import Limits, Rate
from blocklists.sources.model import FetchError, Known
from blocklists.sources.reception import Reception
from blocklists.sources.refusals import refusal

USER_AGENT = "Weir (DNS filter; list update)"
MAX_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CUT = (
    aiohttp.ClientPayloadError,
    aiohttp.ClientOSError,
    aiohttp.ServerDisconnectedError,
    aiohttp.ServerTimeoutError,
)
"""How a transfer ends that may be continued."""


@dataclass(frozen=True, slots=True)
class Document:
    """What an address has, whole."""

    data: bytes = field(repr=False)
    validators: Known


Watch = Callable[[int, int | None], None]
"""Told how many bytes have travelled, of how many."""


class Web:
    """Asks servers, showing each no more than is meant for it.

    Methods raise FetchError, or aiohttp.ClientError and TimeoutError, whose texts must not be shown.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        shown: Pass,
        home: URL,
        limits: Limits,
        *,
        now: float,
        loopback: bool,
    ) -> None:
        """``home`` is the list's address: its server, and no other, sees certificate and key. ``now``: Unix seconds.

        ``loopback`` lets tests use plain HTTP on the loopback interface.
        """
        self._session, self._pass, self._home, self._limits = session, shown, home, limits
        self._now, self._loopback = now, loopback

    async def get(
        self, url: URL, limit: int, *, conditions: Mapping[str, str], watch: Watch
    ) -> Document | None:
        """The document, at most ``limit`` bytes of it; None if nothing changed under ``conditions``."""
        reception, pause = Reception(place(url), limit), self._limits.pause
        wanted = conditions
        for resume in range(self._limits.resumes + 1):
            try:
                if not await self._ask(url, reception, wanted, watch):
                    return None
                return Document(reception.finish(), reception.validators)
            except _CUT:
                wanted = reception.continuation
                if not wanted or resume == self._limits.resumes:
                    raise
            await asyncio.sleep(pause * 2**resume)
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, url: URL, reception: Reception, wanted: Mapping[str, str], watch: Watch) -> bool:
        """Ask once and follow redirects; False if nothing changed."""
        for _ in range(MAX_REDIRECTS + 1):
            check_scheme(url, loopback=self._loopback)
            reception.place = place(url)
            async with await self._request(url, wanted) as response:
                if response.status in _REDIRECTS:
                    url = redirected(url, response.headers.get("Location", ""))
                    continue
                if response.status == 304 and "Range" not in wanted and wanted:
                    return False
                if response.status != 200 and not (response.status == 206 and "Range" in wanted):
                    raise refusal(place(url), response.status, response.headers, self._now)
                await self._receive(response, reception, watch)
                return True
        raise FetchError(f"{place(url)}: more than {MAX_REDIRECTS} redirects; use the list's final address")

    async def _request(self, url: URL, wanted: Mapping[str, str]) -> aiohttp.ClientResponse:
        is_home = is_same_server(url, self._home)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **wanted}
        if is_home:
            headers |= self._pass.headers
        if "authorization" in map(str.lower, headers):
            url = url.with_user(None)  # there can be one login only
        async with asyncio.timeout(self._limits.answer):
            return await self._session.get(
                url,
                headers=headers,
                allow_redirects=False,
                proxy=self._pass.proxy,
                ssl=self._pass.own if is_home else self._pass.others,
            )

    async def _receive(self, response: aiohttp.ClientResponse, reception: Reception, watch: Watch) -> None:
        reception.begin(response.status, response.headers)
        clock = asyncio.get_running_loop().time
        rate = Rate(self._limits, clock())
        watch(reception.received, reception.total)
        async for piece in response.content.iter_any():
            reception.feed(piece)
            watch(reception.received, reception.total)
            if not rate.is_kept(len(piece), clock()):
                raise FetchError(
                    f"{reception.place}: comes slower than {self._limits.least:,} bytes in "
                    f"{self._limits.window:g} seconds; check the network, or ask the server's operator"
                )
