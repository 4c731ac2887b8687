"""Who is trusted, what is shown to whom: against TLS servers with certificates of an authority made here."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from blocklists.model import ListSource, ListVersion
from blocklists.properties import Access, Fetching, Secret
from blocklists.sources import FetchError, fetch
from blocklists.sources.access import open_access

TEXT = b"bets.example\n"
KEY = "Bearer geheim"


async def _list(_: web.Request) -> web.Response:
    return web.Response(body=TEXT)


@dataclass
class Seen:
    """What a server was shown."""

    headers: list[dict[str, str]] = field(default_factory=list)
    certificates: list[object] = field(default_factory=list)

    async def show(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        assert request.transport is not None
        self.certificates.append(request.transport.get_extra_info("peercert"))
        return await _list(request)


@pytest.fixture
def made(source: Callable[..., ListSource]) -> Callable[..., ListSource]:
    def make(url: object, **access: Any) -> ListSource:
        return source(url=str(url), fetching=Fetching(access=Access(**access)))

    return make


async def _text(source: ListSource) -> bytes:
    version = await fetch(source, now=0.0)
    assert isinstance(version, ListVersion)
    return version.data


async def _fault(source: ListSource) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(source, now=0.0)
    assert "geheim" not in str(caught.value)
    return str(caught.value)


async def test_only_the_pinned_authority_is_trusted(
    serve: Any, made: Any, authority: Any, stranger: Any, server_context: Any
) -> None:
    server = await serve({"/list": _list}, server_context())
    assert await _text(made(server.make_url("/list"), ca=str(authority.file))) == TEXT
    for ca in ("", str(stranger.file)):
        assert "certificate is not trusted" in await _fault(made(server.make_url("/list"), ca=ca))


async def test_a_certificate_for_another_name(
    serve: Any, made: Any, authority: Any, server_context: Any
) -> None:
    files = authority.issue("other", addresses=("192.0.2.1",))
    server = await serve({"/list": _list}, server_context(own=files))
    words = await _fault(made(server.make_url("/list"), ca=str(authority.file)))
    assert "IP address mismatch" in words


async def test_a_client_certificate(
    serve: Any, made: Any, authority: Any, stranger: Any, server_context: Any
) -> None:
    server = await serve({"/list": _list}, server_context(clients=authority))
    url, ca = server.make_url("/list"), str(authority.file)
    certificate, key = authority.issue("client")
    good = {"certificate": str(certificate), "key": Secret(path=str(key))}
    assert await _text(made(url, ca=ca, **good)) == TEXT
    assert "client certificate" in await _fault(made(url, ca=ca))
    certificate, key = stranger.issue("client")
    wrong = {"certificate": str(certificate), "key": Secret(path=str(key))}
    assert "client certificate" in await _fault(made(url, ca=ca, **wrong))


async def test_the_key_reaches_its_own_server_only(
    serve: Any, made: Any, authority: Any, server_context: Any, tmp_path: Path
) -> None:
    """Not another host, not another port, though a redirect leads there; and back home it counts again."""
    own, other = Seen(), Seen()
    context = server_context()
    context.load_verify_locations(authority.file)
    context.verify_mode = 1  # ssl.CERT_OPTIONAL: asks, and does not insist
    away = await serve({"/list": other.show}, context)

    async def move(request: web.Request) -> web.Response:
        await own.show(request)
        return web.Response(status=302, headers={"Location": str(away.make_url("/list"))})

    async def stay(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/list"})

    home = await serve({"/move": move, "/stay": stay, "/list": own.show}, context)
    secret = tmp_path / "api-key"
    secret.write_text(KEY + "\n")
    certificate, key = authority.issue("client")
    access = {
        "ca": str(authority.file),
        "api_key": Secret(path=str(secret)),
        "certificate": str(certificate),
        "key": Secret(path=str(key)),
    }
    for path in ("/move", "/stay"):
        assert await _text(made(home.make_url(path), **access)) == TEXT
    assert [headers.get("Authorization") for headers in own.headers] == [KEY, KEY]
    assert all(own.certificates)
    assert ["Authorization" in headers for headers in other.headers] == [False]
    assert other.certificates in ([None], [{}])


async def test_a_header_of_another_name_and_a_login_in_the_address(
    serve: Any, made: Any, tmp_path: Path, authority: Any, server_context: Any
) -> None:
    seen = Seen()
    server = await serve({"/list": seen.show}, server_context())
    secret = tmp_path / "api-key"
    secret.write_text("geheim")
    url = server.make_url("/list").with_user("me").with_password("geheim")
    for header in ("X-Api-Key", "Authorization"):
        access = {"ca": str(authority.file), "api_key": Secret(path=str(secret)), "header": header}
        assert await _text(made(url, **access)) == TEXT
    assert seen.headers[0]["X-Api-Key"] == "geheim"
    assert seen.headers[0]["Authorization"].startswith("Basic ")
    assert seen.headers[1]["Authorization"] == "geheim"


# ---- what cannot be used ----


def _refused(access: Access) -> str:
    with pytest.raises(FetchError) as caught:
        open_access(access, environment={})
    return str(caught.value)


def test_what_cannot_be_used_is_named(tmp_path: Path, authority: Any) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate\n")
    certificate, key = authority.issue("locked", password=b"geheim")
    assert "holds no certificates" in _refused(Access(ca=str(nothing)))
    assert "cannot be read (No such file" in _refused(Access(ca=str(tmp_path / "gone")))
    assert "LoadCredential=key" in _refused(Access(api_key=Secret(credential="key")))
    locked = _refused(Access(certificate=str(certificate), key=Secret(path=str(key))))
    assert "unencrypted key" in locked
    gone = _refused(Access(certificate=str(tmp_path / "gone"), key=Secret(path=str(key))))
    assert "cannot be read" in gone
    swapped = _refused(Access(certificate=str(key), key=Secret(path=str(certificate))))
    assert "not a certificate and its unencrypted key" in swapped


def test_keys_are_on_no_disk_and_in_no_text(tmp_path: Path, authority: Any) -> None:
    certificate, key = authority.issue("client")
    (tmp_path / "api").write_text("geheim")
    access = Access(
        certificate=str(certificate),
        key=Secret(credential=key.name),
        api_key=Secret(path=str(tmp_path / "api")),
        proxy="http://me:geheim@127.0.0.1:3128",
    )
    before = set(os.listdir("/proc/self/fd")), set(os.listdir(authority.folder))
    shown = open_access(access, environment={"CREDENTIALS_DIRECTORY": str(key.parent)})
    assert (set(os.listdir("/proc/self/fd")), set(os.listdir(authority.folder))) == before
    assert "geheim" not in repr(shown)


# ---- proxies ----


@dataclass
class Proxy:
    """Knows CONNECT and nothing else; ``status`` is its answer."""

    status: int = 200
    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        writer.write(f"HTTP/1.1 {self.status} whatever\r\n\r\n".encode())
        if self.status == 200:
            host, _, port = head.split()[1].decode().rpartition(":")
            there = await asyncio.open_connection(host, int(port))
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def test_through_a_proxy(
    proxy: Proxy, serve: Any, made: Any, authority: Any, server_context: Any, tmp_path: Path
) -> None:
    server = await serve({"/list": _list}, server_context())
    (tmp_path / "api").write_text("geheim")
    access = {
        "ca": str(authority.file),
        "api_key": Secret(path=str(tmp_path / "api")),
        "proxy": f"http://me:word@127.0.0.1:{proxy.port}",
    }
    assert await _text(made(server.make_url("/list?key=1"), **access)) == TEXT
    (request,) = proxy.requests
    assert request.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1".encode())
    assert b"Proxy-Authorization: Basic " in request
    assert b"geheim" not in request
    assert b"key=1" not in request


async def test_a_proxy_that_does_not_let_us_through(proxy: Proxy, made: Any, unused_tcp_port: int) -> None:
    proxy.status = 407
    url = f"https://127.0.0.1:{unused_tcp_port}/list"
    words = await _fault(made(url, proxy=f"http://me:geheim@127.0.0.1:{proxy.port}"))
    assert "the proxy refuses to connect (407)" in words
    words = await _fault(made(url, proxy=f"http://me:geheim@127.0.0.1:{unused_tcp_port}"))
    assert "the proxy cannot be reached" in words
