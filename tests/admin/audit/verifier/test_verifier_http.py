"""The verifier over HTTP: a true server, and servers that lie, drip, send too much or send it elsewhere."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier

Answer = Callable[[str], bytes]
"""A path → the whole response, head and body."""


def response(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    """An ordinary response."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


class Server:
    """A web server that answers as it is told, on a port of its own; connections stay open until a response is cut."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: response(b"", "404 Not Found")
        self.asked: list[str] = []
        self.endless: Callable[[socket.socket], None] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/log/"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End, and wait until it has."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._talk, args=(link,), daemon=True))
            self._threads[-1].start()

    def _talk(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as lines:
            try:
                while request := lines.readline():
                    while lines.readline().strip():
                        pass
                    path = request.decode().split(" ")[1]
                    self.asked.append(path)
                    if self.endless is not None:
                        self.endless(link)
                        return
                    whole = self.answer(path.removeprefix("/log/"))
                    link.sendall(whole)
                    if b"Connection: close" in whole or b"Content-Length" not in whole:
                        return
            except OSError:
                return


@pytest.fixture
def server() -> Iterator[Server]:
    """A server, closed in the end."""
    made = Server()
    yield made
    made.close()


@pytest.fixture
def run(server: Server, make_signer: Any) -> Callable[[], None]:
    """Verify what the server has, with half a second for each request."""
    key = verifier.Key.parse(make_signer().key.text)

    def verify() -> None:
        verifier.Replay(verifier.Source(server.url, 0.5), [key], 1_795_400_000).run(lambda _: None)

    return verify


@pytest.fixture
def files(small_log: Any, server: Server) -> dict[str, bytes]:
    """The files of a true log, which the server has."""
    found: dict[str, bytes] = small_log.files()
    server.answer = lambda path: response(found[path]) if path in found else response(b"", "404 Not Found")
    return found


def test_a_true_log(run: Any, files: dict[str, bytes], server: Server) -> None:
    run()
    assert "/log/tile/0/000.p/7" in server.asked
    assert "/log/tile/0/000.p/2" not in server.asked, "no partial tile that no verified checkpoint implies"


def test_the_program_over_http(
    files: dict[str, bytes], server: Server, make_signer: Any, tmp_path: Path
) -> None:
    key = tmp_path / "log.vkey"
    key.write_text(make_signer().key.text)
    at = ["--at", "2026-11-23T12:00:00Z", "--quiet"]
    assert verifier.main([server.url, "--key", str(key), *at]) == 0
    files["tile/0/000.p/7"] = b"x" * 224
    assert verifier.main([server.url, "--key", str(key), *at]) == 1
    del files["checkpoint"]
    assert verifier.main([server.url, "--key", str(key), *at]) == 3


def test_nobody_there(make_signer: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(verifier.UndecidedError, match="checkpoint"):
        verifier.Source(f"http://127.0.0.1:{port}/", 0.2).read("checkpoint")


@pytest.mark.parametrize("where", ["ftp://x/", "http:///x", "http://x/?a", "http://x/#a", "file:///etc/"])
def test_other_addresses(where: str) -> None:
    with pytest.raises(verifier.UndecidedError):
        verifier.Source(where)


LIES = {
    "server error": lambda body: response(body, "500 Oops"),
    "redirect": lambda body: response(body, "302 Found", "Location: http://192.0.2.1/"),
    "forbidden": lambda body: response(body, "403 Forbidden"),
    "shorter than said": lambda body: (
        response(body).replace(f"Length: {len(body)}".encode(), f"Length: {len(body) + 9}".encode()) + b"\r\n"
    ),
    "not HTTP": lambda _: b"hello\r\n\r\n",
    "no bytes at all": lambda _: b"",
    "gzip that nobody asked for": lambda body: response(
        gzip.compress(body), "200 OK", "Content-Encoding: gzip"
    ),
    "head without end": lambda _: b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000,
    "a line without end": lambda _: b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
    "a length that is none": lambda body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\nConnection: close\r\n\r\n"
    ),
    "a chunk that lies": lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\nx",
}


@pytest.mark.parametrize("case", LIES)
def test_lies_decide_nothing(run: Any, files: dict[str, bytes], server: Server, case: str) -> None:
    server.answer = lambda path: LIES[case](files["checkpoint"] if path == "checkpoint" else b"")
    with pytest.raises(verifier.UndecidedError):
        run()


def test_a_body_without_end_is_refused(run: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "LIMIT", 100_000)

    def endless(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        while True:
            link.sendall(b"x" * 10_000)

    server.endless = endless
    with pytest.raises(verifier.FailedError, match="longer than"):
        run()


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"]
)
def test_a_server_that_drips_is_left(run: Any, server: Server, head: bytes) -> None:
    stop = threading.Event()

    def drip(link: socket.socket) -> None:
        link.sendall(head)
        while not stop.wait(0.05):
            link.sendall(b"x")

    server.endless = drip
    with pytest.raises(verifier.UndecidedError):
        run()
    stop.set()


def test_a_server_that_has_a_bad_moment_is_asked_again(
    run: Any, files: dict[str, bytes], server: Server
) -> None:
    true, moments = server.answer, iter([b"", response(b"", "503 Busy")])
    server.answer = lambda path: next(moments, None) or (true(path) if server.asked[2:] else b"")
    run()
