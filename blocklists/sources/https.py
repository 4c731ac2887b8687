"""Lists over HTTPS: conditional, bounded in size and time, redirected to HTTPS only.

The body is unpacked here, not by the HTTP library, so that the size ceiling holds for what comes out of gzip.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from blocklists.model import ListSource
from blocklists.sources.gunzip import Unpacker
from blocklists.sources.model import Fetched, FetchError, Known, NotModified, too_large, version

USER_AGENT = "Weir (DNS filter; list update)"
MAX_REDIRECTS = 5
TIMEOUT = aiohttp.ClientTimeout(total=600, connect=15, sock_read=30)
"""Seconds. A list of 256 MiB must come at half a megabyte a second at least."""

_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def fetch_https(
    source: ListSource, *, known: Known | None = None, now: float, allow_loopback_http: bool = False
) -> Fetched:
    """Fetch the list; ``now`` is Unix seconds. ``known`` makes the request conditional.

    FetchError naming scheme, host and path (no user, no query: they may hold a key) and the cause.
    ``allow_loopback_http`` lets tests use plain HTTP on the loopback interface.
    """
    try:
        url = URL(source.url)
    except ValueError:
        raise FetchError(f"list {source.id}: its url is not a valid address; correct it") from None
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=False) as session:
            return await _follow(session, source, url, known=known, now=now, loopback=allow_loopback_http)
    except TimeoutError:
        raise FetchError(
            f"{_place(url)}: no complete answer in time; check the network, then try again"
        ) from None
    except aiohttp.ClientError as error:
        raise FetchError(f"{_place(url)}: {_cause(error)}; check address and network") from None


async def _follow(
    session: aiohttp.ClientSession,
    source: ListSource,
    url: URL,
    *,
    known: Known | None,
    now: float,
    loopback: bool,
) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        _check_scheme(url, loopback=loopback)
        async with session.get(url, headers=_headers(known), allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                url = _target(url, response)
                continue
            return await _result(source, url, response, known=known, now=now)
    raise FetchError(f"{_place(url)}: more than {MAX_REDIRECTS} redirects; use the list's final address")


async def _result(
    source: ListSource, url: URL, response: aiohttp.ClientResponse, *, known: Known | None, now: float
) -> Fetched:
    if response.status == 304 and known is not None:
        return NotModified()
    if response.status != 200:
        raise FetchError(
            f"{_place(url)}: the server answered {response.status} instead of a list; check the address"
        )
    data = b"".join([chunk async for chunk in _body(response, _place(url), source.max_size)])
    headers = response.headers
    validators = Known(headers.get("ETag", ""), headers.get("Last-Modified", ""))
    return version(source.id, data, now=now, known=validators)


async def _body(response: aiohttp.ClientResponse, place: str, limit: int) -> AsyncIterator[bytes]:
    """The unpacked body, never more than ``limit`` bytes of it."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise FetchError(f"{place}: packed in a way that was not asked for; the server is misconfigured")
    unpacker = Unpacker() if "gzip" in encoding else None
    left = limit
    async for packed in response.content.iter_chunked(_CHUNK):
        try:
            chunk = packed if unpacker is None else unpacker.feed(packed, left + 1)
        except zlib.error:
            raise FetchError(f"{place}: damaged on the way (gzip); try again") from None
        left -= len(chunk)
        if left < 0:
            raise too_large(place, limit)
        yield chunk
    if unpacker is not None and not unpacker.is_whole:
        raise FetchError(f"{place}: cut short on the way (gzip); try again")


def _headers(known: Known | None) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _check_scheme(url: URL, *, loopback: bool) -> None:
    if url.scheme == "https" and url.host:
        return
    if url.scheme == "http" and loopback and _is_loopback(url.host or ""):
        return
    raise FetchError(f"{_place(url)}: lists are fetched over https only; use an https address")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _target(url: URL, response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location", "")
    try:
        target = url.join(URL(location))
    except ValueError:
        target = None
    if not location or target is None:
        raise FetchError(f"{_place(url)}: redirected to nowhere; check the list's address")
    return target


def _place(url: URL) -> str:
    return f"{url.scheme}://{url.host or ''}{url.path}"


def _cause(error: aiohttp.ClientError) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "the server's certificate is not valid for this name"
        case aiohttp.ClientConnectorDNSError():
            return "the host name cannot be resolved"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.strerror or 'refused'})"
        case aiohttp.ClientPayloadError():
            return "the answer was cut short"
        case aiohttp.InvalidURL():
            return "not a valid address"
        case _:
            return "the server does not speak HTTP properly or hung up"
