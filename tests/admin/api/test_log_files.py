"""The public log over HTTP: who may read it, what comes with it, and what never comes out."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from admin.api.log_readers import Pace

BUNDLE = b"\0\x05hello" * 2_000
Raw = Callable[..., Awaitable[bytes]]


@pytest.fixture
def served(appliance: Any) -> Path:
    """A small log: nothing in it has to verify."""
    log: Path = appliance.place.log
    for name, data in {
        "checkpoint": b"o\n1\n",
        "tile/entries/000": BUNDLE,
        "tile/0/000": bytes(8192),
        "index.html": b"<p>hello</p>",
        "index.de.html": b"<p>hallo</p>",
        ".index.html.tmp": b"half a pa",
        "2026/checkpoint": b"old\n",
    }.items():
        path = log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (appliance.place.data_dir / "secret").write_text("the vault")
    return log


@pytest.fixture
def raw(client: Any) -> Raw:
    """Sends bytes as they are, and reads to the end."""

    async def send(*lines: str) -> bytes:
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        answer = await reader.read()
        writer.close()
        return answer

    return send


@pytest.mark.usefixtures("served")
async def test_anybody_reads_it_under_any_name(client: Any) -> None:
    for host in ("log.isp.example", "127.0.0.1", ""):
        answer = await client.get("/log/checkpoint", headers={"Host": host})
        assert (answer.status, await answer.read()) == (200, b"o\n1\n"), host
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=5"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.get("/healthz", headers={"Host": "log.isp.example"})).status == 403
    assert (await client.get("/api/v1/lists", headers={"Host": "log.isp.example"})).status == 403
    answer = await client.get("/healthz")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.usefixtures("served")
async def test_it_is_read_only(client: Any) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await client.request(method, "/log/checkpoint")).status == 405, method
    assert (await client.post("/log/checkpoint", headers={"Host": "log.isp.example"})).status == 403


@pytest.mark.usefixtures("served")
async def test_what_is_known_already_is_not_sent_again(client: Any) -> None:
    first = await client.get("/log/tile/0/000")
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    by_tag = await client.get("/log/tile/0/000", headers={"If-None-Match": first.headers["ETag"]})
    by_time = await client.get(
        "/log/tile/0/000", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )
    for again in (by_tag, by_time):
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert again.headers["ETag"] == first.headers["ETag"]
    other = {"If-None-Match": '"another"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert (await client.get("/log/tile/0/000", headers=other)).status == 200
    head = await client.head("/log/tile/0/000")
    assert (head.status, head.headers["Content-Length"], await head.read()) == (200, "8192", b"")


async def test_another_checkpoint_has_another_tag(client: Any, served: Path) -> None:
    first = await client.get("/log/checkpoint")
    fresh = served / "new"
    fresh.write_bytes(b"o\n2\n")
    os.utime(fresh, ns=(1, os.stat(served / "checkpoint").st_mtime_ns + 1_000_000))
    fresh.rename(served / "checkpoint")
    again = await client.get("/log/checkpoint", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (200, b"o\n2\n")


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("accepted", "is_squeezed"),
    [("gzip, br", True), ("GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("identity", False)],
)
async def test_leaves_are_compressed_for_who_takes_it(
    client: Any, accepted: str, *, is_squeezed: bool
) -> None:
    answer = await client.get(
        "/log/tile/entries/000", headers={"Accept-Encoding": accepted}, auto_decompress=False
    )
    data = await answer.read()
    assert (answer.headers.get("Content-Encoding") == "gzip") is is_squeezed
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(data)
    assert (gzip.decompress(data) if is_squeezed else data) == BUNDLE
    hashes = await client.get("/log/tile/0/000", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in hashes.headers


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("path", "asked", "language"),
    [
        ("/log/", "de-AT, en;q=0.3", "de"),
        ("/log/", "fr", "en"),
        ("/log/", "", "en"),
        ("/log/index.html", "de", None),
        ("/log/index.de.html", "en", None),
    ],
)
async def test_the_page_comes_in_the_language_that_is_asked_for(
    client: Any, path: str, asked: str, language: str | None
) -> None:
    answer = await client.get(path, headers={"Accept-Language": asked})
    words = "hallo" if language == "de" or "de." in path else "hello"
    assert (answer.status, await answer.text()) == (200, f"<p>{words}</p>")
    assert answer.headers.get("Content-Language") == language
    assert ("Accept-Language" in answer.headers["Vary"]) is (language is not None)
    assert "script" not in answer.headers["Content-Security-Policy"]


async def test_typed_without_the_last_stroke(client: Any) -> None:
    answer = await client.get("/log", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (308, "/log/")


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    "target",
    [
        "/log/../secret",
        "/log/%2e%2e/secret",
        "/log/..%2fsecret",
        "/log/2026/..%2f..%2fsecret",
        "/log//secret",
        "/log/%00",
        "/log/checkpoint%00",
        "/log/checkpoint/",
        "/log/.index.html.tmp",
        "/log/tile",
        "/log/tile/",
        "/log/tile/entries/",
        "/log/cp/1",
        "/log/\\..\\secret",
        "/log/%5c..%5csecret",
        "/log/" + "a" * 9_000,
    ],
)
async def test_nothing_else_comes_out(raw: Raw, target: str) -> None:
    answer = await raw(f"GET {target} HTTP/1.1", "Host: x")
    assert b"the vault" not in answer
    assert answer.split()[1] in (b"404", b"400"), answer
    if answer.split()[1] == b"404":
        assert b"text/plain" in answer
        assert b"Cache-Control: no-store" in answer


async def test_no_link_is_followed(client: Any, appliance: Any, served: Path) -> None:
    secret = appliance.place.data_dir / "secret"
    (served / "policy.txt").symlink_to(secret)
    (served / "cp").symlink_to(appliance.place.data_dir, target_is_directory=True)
    (appliance.place.data_dir / "7").write_text("the vault")
    for name in ("policy.txt", "cp/7"):
        assert (await client.get(f"/log/{name}")).status == 404, name
    elsewhere = served.rename(served.with_name("elsewhere"))
    served.symlink_to(elsewhere)
    assert (await client.get("/log/checkpoint")).status == 200


async def test_what_is_no_file_is_not_read(client: Any, served: Path) -> None:
    os.mkfifo(served / "keys.json")
    (served / "policy.txt").mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(served / "verify.py"))
        for name in ("keys.json", "policy.txt", "verify.py"):
            assert (await client.get(f"/log/{name}")).status == 404, name


async def test_a_log_that_is_not_there_yet(client: Any) -> None:
    assert (await client.get("/log/checkpoint")).status == 404
    assert (await client.get("/log/")).status == 404


async def test_a_disk_that_fails(client: Any, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert served.is_dir()

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error", "/srv/secret/place")

    monkeypatch.setattr("admin.api.log_shelf._open", fail)
    answer = await client.get("/log/checkpoint")
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "secret" not in await answer.text()


@pytest.mark.usefixtures("served")
async def test_too_many_are_sent_away(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.api.log_readers.LONGEST_WAIT", -1.0)
    answer = await client.get("/log/checkpoint")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert (await client.get("/healthz")).status == 200


async def test_a_reader_that_takes_nothing_is_left(
    appliance: Any, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from admin.api.app import make_app

    monkeypatch.setattr("admin.api.log_readers.PATIENCE", 0.05)
    monkeypatch.setattr("admin.api.log_readers.IN_HAND", 1)
    (served / "tile" / "entries" / "001").write_bytes(bytes(16 * 1024 * 1024))
    client: TestClient[web.Request, web.Application]
    async with TestClient(TestServer(make_app(appliance))) as client:
        with socket.create_connection((client.server.host, client.server.port)) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(b"GET /log/tile/entries/001 HTTP/1.1\r\nHost: x\r\n\r\n")
            for _ in range(3):
                assert (await client.get("/log/checkpoint")).status == 200


def test_pace() -> None:
    pace = Pace(10.0, 5.0)
    assert [pace.wait(100.0, 1.0) for _ in range(5)] == [0.0] * 5
    waits = [pace.wait(100.0, 1.0) for _ in range(20)]
    assert waits[:3] == pytest.approx([0.0, 0.1, 0.2])
    assert [wait is None for wait in waits] == [False] * 11 + [True] * 9
    assert pace.wait(101.05, 1.0) == pytest.approx(0.05)
    assert pace.wait(1_000.0, 1.0) == 0.0
