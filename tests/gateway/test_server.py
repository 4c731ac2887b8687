"""The server, talked to by raw sockets and by curl."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.stop_page.render import Pages

Serve = Callable[..., Awaitable[Any]]

TLS_CLIENT_HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(range(150))
END = b"\r\n\r\n"


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head_of(answer: bytes) -> list[tuple[str, str]]:
    lines = answer.split(END, 1)[0].decode("ascii").split("\r\n")[1:]
    return [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def body_of(answer: bytes) -> str:
    return answer.split(END, 1)[1].decode()


async def test_the_header_fields_of_a_page(serve: Serve, pages: Pages) -> None:
    answer = await (await serve()).get("bets.example")
    fields = [field for field in head_of(answer) if field[0] not in {"date", "content-length"}]
    assert status_of(answer) == 403
    assert sorted(fields) == [
        ("cache-control", "no-store"),
        ("connection", "close"),
        ("content-language", "en"),
        (
            "content-security-policy",
            f"default-src 'none'; style-src {pages.style_source}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("content-type", "text/html; charset=utf-8"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("referrer-policy", "no-referrer"),
        ("server", "weir"),
        ("vary", "Accept-Language"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex"),
    ]
    assert dict(head_of(answer))["content-length"] == str(len(answer.split(END, 1)[1]))


async def test_a_legal_order_names_who_blocks(serve: Serve) -> None:
    answer = await (await serve()).get("ordered.example")
    assert status_of(answer) == 451
    assert dict(head_of(answer))["link"] == '<https://riverside.example/filter>; rel="blocked-by"'


@pytest.mark.parametrize(
    "method",
    ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "SEARCH", "M-SEARCH", "LINK"],
)
async def test_any_method_gets_the_page_and_no_echo(serve: Serve, method: str) -> None:
    answer = await (await serve()).get(
        "bets.example", "X-Token: canary", method=method, target="/canary?canary=1"
    )
    assert status_of(answer) == 403
    assert "This site is blocked" in body_of(answer)
    assert b"canary" not in answer


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET http://bets.example/x HTTP/1.1\r\nHost: other.example", 403),
        ("OPTIONS * HTTP/1.1\r\nHost: bets.example", 403),
        ("CONNECT bets.example:443 HTTP/1.1\r\nHost: bets.example:443", 403),
        ("CONNECT 192.0.2.80:443 HTTP/1.1\r\nHost: 192.0.2.80", 405),
        ("GET / HTTP/1.0", 200),
        ("GET / HTTP/1.0\r\nHost: bets.example", 403),
        ("GET / HTTP/1.1\r\nHost: 192.0.2.80:8080", 200),
        ("GET / HTTP/1.1\r\nHost: [2001:db8::80]", 200),
        ("GET / HTTP/1.1\r\nHost: BETS.EXAMPLE.:80", 403),
        ("GET / HTTP/1.1\r\nHost: b\xc3\xa4ts.example", 421),
        ("GET / HTTP/1.1\r\nHost: xn--bts-qla.example", 421),
        ("GET //bets.example/../.. HTTP/1.1\r\nHost: bets.example", 403),
        ("GET /%00%ff HTTP/1.1\r\nHost: bets.example", 403),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nConnection: Upgrade\r\nUpgrade: websocket", 403),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", 403),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nExpect: 100-continue\r\nContent-Length: 5", 403),
        ("GET / HTTP/1.1\r\nHost: <script>alert(1)</script>", 400),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example", 400),
        ("GET / HTTP/1.1\r\nHost: user@bets.example", 400),
        ("GET / HTTP/1.1\r\nHost: bets.example:port", 400),
        ("GET / HTTP/1.1\r\nHost: " + "a" * 300, 400),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nContent-Length: 5\r\nContent-Length: 6", 400),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nContent-Length: -1", 400),
        ("GET / HTTP/1.1\r\nHost : bets.example", 400),
        ("GET / HTTP/9.9\r\nHost: bets.example", 400),
        ("GET /" + "x" * 9_000 + " HTTP/1.1\r\nHost: bets.example", 400),
        ("GET / HTTP/1.1\r\nHost: bets.example\r\nX: " + "x" * 9_000, 400),
        ("GET / HTTP/1.1\r\n" + "\r\n".join(f"X-{n}: y" for n in range(100)), 400),
    ],
)
async def test_one_clean_answer(serve: Serve, request_line: str, status: int) -> None:
    running = await serve()
    answer = await running.send(request_line.encode("latin-1") + END)
    assert status_of(answer) == status
    assert answer.count(b"HTTP/1.1 ") + answer.count(b"HTTP/1.0 ") == 1
    assert b"<script" not in answer
    assert b"alert(" not in answer
    assert running.counters()["errors"] == 0


@pytest.mark.parametrize(
    "garbage",
    [
        TLS_CLIENT_HELLO,
        bytes(5_000),
        b"\r\n" * 2_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: bets.example\0evil\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: bets.example\r\n\r\n",
        b"GET http://[bad/ HTTP/1.1\r\nHost: bets.example\r\n\r\n",
        b"GET http://a:b:c/ HTTP/1.1\r\nHost: bets.example\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: bets.example\r\n\r\n",
        b"CONNECT \xff HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: bets.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: bets.example\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nevil",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 1_000_000 + END,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + END,
        b"\x05\x01\x00",
        b"SSH-2.0-OpenSSH_9\r\n",
    ],
    ids=lambda data: repr(data[:24]),
)
async def test_garbage_gets_a_clean_answer_or_a_close(
    serve: Serve, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    running = await serve()
    answer = await running.send(garbage, finish=True)
    assert answer == b"" or status_of(answer) in {400, 403, 431}
    assert b"evil" not in answer
    assert running.counters()["errors"] == 0
    assert caplog.records == []
    assert status_of(await running.get("bets.example")) == 403


async def test_random_bytes_and_mutated_requests(serve: Serve) -> None:
    running, dice = await serve(), random.Random(7)
    base = b"POST http://bets.example/a HTTP/1.1\r\nHost: bets.example\r\nContent-Length: 3\r\nAccept-Language: ar\r\n\r\nabc"
    for _ in range(200):
        data = bytearray(base)
        for _ in range(dice.randrange(1, 6)):
            position = dice.randrange(len(data))
            data[position : position + dice.randrange(3)] = dice.randbytes(dice.randrange(4))
        answer = await running.send(bytes(data), finish=True)
        assert answer == b"" or status_of(answer) in {200, 400, 403, 405, 421, 431}
    assert running.counters()["errors"] == 0
    assert running.counters()["connections"] == 0


async def test_head_has_no_body_and_does_not_tell_lists_apart(serve: Serve) -> None:
    running = await serve()

    async def head(host: str) -> bytes:
        answer: bytes = await running.get(host, method="HEAD")
        return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"Date:"))

    illegal, security = await head("illegal.example"), await head("malware.example")
    assert illegal == security
    assert illegal.partition(END)[2] == b""
    assert b"Content-Length" not in illegal


async def test_the_page_of_a_secret_list_shows_nothing_of_it(serve: Serve) -> None:
    answer = await (await serve()).get("illegal.example", target="/secret/path?q=canary")
    text = body_of(answer)
    assert status_of(answer) == 403
    for canary in ("illegal.example", "secret/path", "canary", "Watchers", 'watch"', "list 7"):
        assert canary not in text
    assert "Example Watch Foundation" in text


async def test_language_follows_the_header_and_nothing_else(serve: Serve) -> None:
    running = await serve()
    arabic = await running.get("bets.example", "Accept-Language: ar-EG, en;q=0.5")
    assert dict(head_of(arabic))["content-language"] == "ar"
    assert '<html lang="ar" dir="rtl">' in body_of(arabic)
    plain, query = (
        await running.get("bets.example"),
        await running.get("bets.example", target="/?lang=ar&hl=ar"),
    )
    assert body_of(plain) == body_of(query)


async def test_a_body_is_not_waited_for(serve: Serve) -> None:
    running = await serve()
    head = "POST / HTTP/1.1\r\nHost: bets.example\r\nContent-Length: 1000000000\r\n\r\n"
    answer = await running.send(head.encode() + bytes(500_000))
    assert status_of(answer) == 403
    assert running.counters()["errors"] == 0


async def test_one_answer_per_connection(serve: Serve) -> None:
    answer = await (await serve()).send(b"GET / HTTP/1.1\r\nHost: bets.example\r\n\r\n" * 3)
    assert answer.count(b"HTTP/1.1 403") == 1


async def test_a_new_view_serves_the_next_request(serve: Serve, make_view: Callable[..., Any]) -> None:
    running = await serve("strict")
    assert status_of(await running.get("bets.example")) == 403
    running.server.view = make_view("open")
    assert status_of(await running.get("bets.example")) == 421


async def test_clients_that_are_not_served(serve: Serve) -> None:
    answer = await (await serve(None)).get("illegal.example")
    assert status_of(answer) == 403
    assert "This service is for another network" in body_of(answer)


async def test_counts(serve: Serve) -> None:
    running = await serve()
    for host in (
        "bets.example",
        "bets.example",
        "illegal.example",
        "ordered.example",
        "other.example",
        "",
        "<",
    ):
        await running.get(host)
    await running.send(TLS_CLIENT_HELLO)
    counted = {name: value for name, value in running.counters().items() if value}
    assert counted == {
        "pages_category": 2,
        "pages_illegal": 1,
        "pages_order": 1,
        "pages_not_blocked": 1,
        "pages_status": 1,
        "pages_bad_request": 2,
        "malformed": 2,
    }


async def test_a_fault_of_ours_is_reported_without_the_request(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("about canary.example")

    monkeypatch.setattr("gateway.server.decide_page", fail)
    caplog.set_level(logging.DEBUG)
    running = await serve()
    answer = await running.get("canary.example", target="/canary")
    assert status_of(answer) == 500
    assert body_of(answer) == ""
    assert running.counters()["errors"] == 1
    said = capfd.readouterr()
    assert "RuntimeError" in said.out + said.err
    for text in (said.out, said.err, caplog.text):
        assert "canary" not in text
        assert "127.0.0.1" not in text


async def test_nothing_is_said_about_requests(
    serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    running = await serve()
    for host in ("bets.example", "illegal.example", "<script>"):
        await running.get(host)
    await running.send(TLS_CLIENT_HELLO)
    said = capfd.readouterr()
    assert (said.out, said.err, [r for r in caplog.records if r.name != "asyncio"]) == ("", "", [])


async def test_close_finishes_and_lets_go_of_idle_connections(serve: Serve) -> None:
    running = await serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    answer = await running.get("bets.example")
    assert status_of(answer) == 403
    await asyncio.wait_for(running.server.close(300.0), 30)
    assert await running.rest(reader) == b""
    writer.close()
    assert running.counters()["connections"] == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("host", "options", "status"),
    [
        ("bets.example", (), "403"),
        ("bets.example", ("-I",), "403"),
        ("bets.example", ("--http1.0",), "403"),
        ("bets.example", ("-d", "name=value"), "403"),
        ("bets.example", ("-T", "-"), "403"),
        ("bets.example", ("-X", "ODD"), "403"),
        ("bets.example", ("-X", "VERSION-CONTROL"), "403"),
        ("bets.example", ("-X", "O(DD"), "400"),
        ("ordered.example", ("--compressed",), "451"),
        ("other.example", (), "421"),
        ("", (), "200"),
        ("bets.example", ("--proxytunnel", "-x", "http://127.0.0.1:{port}"), "000"),
    ],
)
async def test_curl(serve: Serve, host: str, options: tuple[str, ...], status: str) -> None:
    running = await serve()
    command = ["curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}"]
    command += [option.format(port=running.port) for option in options]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"http://127.0.0.1:{running.port}/page",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert out.decode() == status
