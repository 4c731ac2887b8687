"""Lists over HTTP against a server on the loopback interface, honest and otherwise."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from blocklists.model import ListSource, ListVersion
from blocklists.sources import Fetched, FetchError, Known, NotModified, fetch
from blocklists.sources.https import fetch_https
from blocklists.sources.web import MAX_REDIRECTS, USER_AGENT

Make = Callable[..., ListSource]
Fetch = Callable[..., Awaitable[Fetched]]
TEXT = b"bets.example\n" * 1000


async def _plain(request: web.Request) -> web.Response:
    assert request.headers["User-Agent"] == USER_AGENT
    headers = {"ETag": '"v1"', "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"}
    if request.headers.get("If-None-Match") == '"v1"' and "If-Modified-Since" in request.headers:
        return web.Response(status=304, headers=headers)
    return web.Response(body=TEXT, headers=headers)


def _packed(data: bytes, encoding: str = "gzip") -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=data, headers={"Content-Encoding": encoding})

    return handle


def _redirect(target: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target} if target else {})

    return handle


async def _cut_short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"bets.example\n")
    assert request.transport is not None
    request.transport.abort()
    return response


async def _not_found(request: web.Request) -> web.Response:
    return web.Response(status=404, text="<html>secret text of a page")


async def _unasked_304(request: web.Request) -> web.Response:
    return web.Response(status=304)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """One path per behaviour."""
    app = web.Application()
    handlers = {
        "/list": _plain,
        "/gzip": _packed(gzip.compress(TEXT)),
        "/members": _packed(gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:])),
        "/bomb": _packed(gzip.compress(bytes(50_000_000))),
        "/gzip-cut": _packed(gzip.compress(TEXT)[:-6]),
        "/gzip-bad": _packed(b"this is no gzip"),
        "/brotli": _packed(b"whatever", "br"),
        "/moved": _redirect("/list"),
        "/away": _redirect("http://192.0.2.1/list"),
        "/ftp": _redirect("ftp://127.0.0.1/list"),
        "/nowhere": _redirect(""),
        "/loop": _redirect("/loop"),
        "/cut": _cut_short,
        "/404": _not_found,
        "/304": _unasked_304,
    }
    for path, handler in handlers.items():
        app.router.add_get(path, handler)
    async with TestServer(app, host="127.0.0.1") as running:
        yield running


@pytest.fixture
def get(server: TestServer, source: Make) -> Fetch:
    """Fetch a path of the server."""

    async def run(path: str, known: Known | None = None, **fields: object) -> Fetched:
        made = source(url=str(server.make_url(path)), **fields)
        return await fetch_https(made, known=known, now=5.0, allow_loopback_http=True)

    return run


@pytest.mark.parametrize("path", ["/list", "/gzip", "/members", "/moved"])
async def test_a_list_comes_unpacked(path: str, get: Fetch) -> None:
    version = await get(path)
    assert isinstance(version, ListVersion)
    assert version.data == TEXT
    assert version.fetched == 5.0


async def test_a_conditional_request(get: Fetch) -> None:
    version = await get("/list")
    assert isinstance(version, ListVersion)
    known = Known(version.etag, version.last_modified)
    assert known == Known('"v1"', "Sun, 01 Nov 2026 00:00:00 GMT")
    assert await get("/list", known) == NotModified()
    assert isinstance(await get("/list", Known('"other"')), ListVersion)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/bomb", "larger than 20,000 bytes"),
        ("/gzip-cut", "cut short"),
        ("/gzip-bad", "damaged on the way"),
        ("/brotli", "not asked for"),
        ("/away", "over https only"),
        ("/ftp", "over https only"),
        ("/nowhere", "redirected to nowhere"),
        ("/loop", f"more than {MAX_REDIRECTS} redirects"),
        ("/cut", "cut short"),
        ("/404", "the server answered 404"),
        ("/304", "the server answered 304"),
    ],
)
async def test_faults_are_named(path: str, words: str, get: Fetch) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        await get(path, max_size=20_000)
    assert "secret" not in str(caught.value)


async def test_the_size_ceiling_holds_for_plain_text_too(get: Fetch) -> None:
    assert isinstance(await get("/list", max_size=len(TEXT)), ListVersion)
    with pytest.raises(FetchError, match="larger than"):
        await get("/list", max_size=len(TEXT) - 1)


async def test_plain_http_is_refused_without_leave(server: TestServer, source: Make) -> None:
    with pytest.raises(FetchError, match="over https only"):
        await fetch(source(url=str(server.make_url("/list"))), now=0.0)


async def test_a_message_shows_neither_user_nor_query(server: TestServer, source: Make) -> None:
    url = f"http://me:geheim@127.0.0.1:{server.port}/404?key=geheim"
    with pytest.raises(FetchError) as caught:
        await fetch_https(source(url=url), now=0.0, allow_loopback_http=True)
    assert "geheim" not in str(caught.value)
    assert "http://127.0.0.1/404" in str(caught.value)


async def test_nobody_listens(unused_tcp_port: int, source: Make) -> None:
    with pytest.raises(FetchError, match="no connection"):
        await fetch_https(
            source(url=f"http://127.0.0.1:{unused_tcp_port}/x"), now=0.0, allow_loopback_http=True
        )


async def test_a_server_that_speaks_something_else(source: Make) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as odd:
        port = odd.sockets[0].getsockname()[1]
        with pytest.raises(FetchError, match="does not speak HTTP properly"):
            await fetch_https(source(url=f"http://127.0.0.1:{port}/x"), now=0.0, allow_loopback_http=True)
        with pytest.raises(FetchError, match=r"https://127\.0\.0\.1/x: "):
            await fetch(source(url=f"https://127.0.0.1:{port}/x"), now=0.0)


async def test_a_url_that_is_none(source: Make) -> None:
    with pytest.raises(FetchError):
        await fetch(source(url="https://"), now=0.0)
    with pytest.raises(FetchError):
        await fetch(source(url="https://[::1/x"), now=0.0)
