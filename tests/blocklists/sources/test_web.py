"""Servers that cut, drip, stall and put off: on the loopback interface, with limits of hundredths of a second."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from blocklists.model import Confidentiality, ListSource, ListVersion
from blocklists.sources import Fetched, FetchError, Known, NotModified, Phase, Progress
from blocklists.sources.https import fetch_https
from blocklists.sources.limits import Limits

TEXT = b"".join(b"name%d.example\n" % number for number in range(5_000))
LIMITS = Limits(total=10.0, connect=2.0, answer=2.0, silence=2.0, window=2.0, resumes=3, pause=0.0)

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Script:
    """A server that gives one scripted answer per connection, the last one for ever."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            await answer(head, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    made = Script()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


Get = Callable[..., Awaitable[Fetched]]


@pytest.fixture
def get(script: Script, source: Callable[..., ListSource]) -> Get:
    async def run(
        *, limits: Limits = LIMITS, known: Known | None = None, secret: bool = False, **options: object
    ) -> Fetched:
        kept = Confidentiality.SECRET if secret else Confidentiality.PUBLIC
        made = source(url=f"http://127.0.0.1:{script.port}/list?key=geheim", confidentiality=kept)
        return await fetch_https(
            made, known=known, now=0.0, limits=limits, allow_loopback_http=True, **options
        )

    return run


def _whole(body: bytes, *, sent: int | None = None, etag: str = '"v1"', more: str = "") -> Answer:
    """200 with ``sent`` bytes of the body, then the connection ends."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: {etag}\r\n{more}\r\n"
        writer.write(head.encode() + body[:sent])
        await writer.drain()

    return answer


def _rest(body: bytes, *, sent: int | None = None, etag: str = '"v1"', more: str = "") -> Answer:
    """206 with what the client is missing, or ``sent`` bytes of it."""

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        start = int(head.partition(b"Range: bytes=")[2].partition(b"-")[0])
        rest = body[start:]
        lines = (
            f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(rest)}\r\nETag: {etag}\r\n"
            f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}\r\n{more}\r\n"
        )
        writer.write(lines.encode() + rest[:sent])
        await writer.drain()

    return answer


async def _text(fetched: Awaitable[Fetched]) -> bytes:
    version = await fetched
    assert isinstance(version, ListVersion)
    return version.data


async def _fault(fetched: Awaitable[Fetched]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetched
    assert "geheim" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("packed", [False, True])
async def test_what_is_cut_is_continued(packed: bool, script: Script, get: Get) -> None:
    body = gzip.compress(TEXT) if packed else TEXT
    more = "Content-Encoding: gzip\r\n" if packed else ""
    script.answers = [
        _whole(body, sent=4_000, more=more),
        _rest(body, sent=3_000, more=more),
        _rest(body, more=more),
    ]
    version = await get(known=Known('"v0"'))
    assert isinstance(version, ListVersion)
    assert (version.data, version.etag) == (TEXT, '"v1"')
    assert b"If-None-Match" in script.asked[0]
    for request, start in zip(script.asked[1:], (4_000, 7_000), strict=True):
        assert f"Range: bytes={start}-\r\n".encode() in request
        assert b'If-Range: "v1"\r\n' in request
        assert b"If-None-Match" not in request


async def test_a_list_that_changed_meanwhile_comes_whole(script: Script, get: Get) -> None:
    script.answers = [_whole(TEXT, sent=4_000), _whole(TEXT[::-1], etag='"v2"')]
    version = await get()
    assert isinstance(version, ListVersion)
    assert (version.data, version.etag) == (TEXT[::-1], '"v2"')


async def test_continuing_has_an_end(script: Script, get: Get) -> None:
    script.answers = [_whole(TEXT, sent=1_000), _rest(TEXT, sent=1_000)]
    assert "cut short" in str(await _fault(get()))
    assert len(script.asked) == 1 + LIMITS.resumes


async def test_what_cannot_be_continued_is_not(script: Script, get: Get) -> None:
    script.answers = [_whole(TEXT, sent=4_000, etag='W/"v1"')]
    assert "cut short" in str(await _fault(get()))
    assert len(script.asked) == 1


async def test_a_server_that_cannot_continue_after_all(script: Script, get: Get) -> None:
    async def refuse(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n")

    script.answers = [_whole(TEXT, sent=4_000), refuse]
    assert "answered 416" in str(await _fault(get()))


async def test_206_and_304_that_nobody_asked_for(script: Script, get: Get) -> None:
    for status in (206, 304):

        async def answer(_: bytes, writer: asyncio.StreamWriter, status: int = status) -> None:
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nContent-Range: bytes 0-0/1\r\n\r\n".encode()
            )

        script.answers = [answer]
        assert f"answered {status}" in str(await _fault(get()))


async def test_an_unchanged_list_costs_one_question(script: Script, get: Get) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    script.answers = [answer]
    assert await get(known=Known('"v1"')) == NotModified()
    assert len(script.asked) == 1


# ---- time ----


def _stalling(head: bytes, drip: bytes = b"", pause: float = 0.01) -> Answer:
    """The head, then a drip every ``pause`` seconds as long as somebody listens."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(drip)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
_ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "limits", "words"),
    [
        (_stalling(b""), Limits(answer=0.1), "no complete answer in time"),
        (
            _stalling(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.02),
            Limits(answer=0.2),
            "no complete answer in time",
        ),
        (_stalling(_HEAD), Limits(silence=0.1), "no complete answer in time"),
        (_stalling(_HEAD, b"a"), Limits(window=0.1), "comes slower than"),
        (_stalling(_HEAD, b"a" * 4096, 0.0), Limits(total=0.3), "no complete answer in time"),
        (_stalling(_ENDLESS, b"4\r\naaa\n\r\n"), Limits(window=0.1), "comes slower than"),
    ],
    ids=["nothing", "slow head", "silence", "drip", "for ever", "dripping chunks"],
)
async def test_slow_servers_are_left(
    answer: Answer, limits: Limits, words: str, script: Script, get: Get
) -> None:
    script.answers = [answer]
    async with asyncio.timeout(30):
        assert words in str(await _fault(get(limits=limits)))
    assert len(script.asked) == 1


async def test_an_endless_stream_ends_at_the_ceiling(
    script: Script, source: Callable[..., ListSource]
) -> None:
    script.answers = [_stalling(_ENDLESS, b"1000\r\n" + b"a" * 4096 + b"\r\n", 0.0)]
    made = source(url=f"http://127.0.0.1:{script.port}/list", max_size=1_000_000)
    words = str(await _fault(fetch_https(made, now=0.0, limits=LIMITS, allow_loopback_http=True)))
    assert "larger than 1,000,000 bytes" in words


async def test_the_wait_that_a_server_asks_for(script: Script, get: Get) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 429 Later\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n")

    script.answers = [answer]
    fault = await _fault(get())
    assert "asked too often" in str(fault)
    assert fault.retry_after == 90.0


async def test_progress(script: Script, get: Get) -> None:
    script.answers = [_whole(TEXT, sent=4_000), _rest(TEXT)]
    steps: list[Progress] = []
    await get(report=steps.append)
    assert steps[0] == Progress("test", Phase.ASKING)
    assert steps[-1] == Progress("test", Phase.RECEIVING, len(TEXT), len(TEXT))
    received = [step.received for step in steps]
    assert received == sorted(received)


async def test_the_size_of_a_secret_list_is_not_told(script: Script, get: Get) -> None:
    script.answers = [_whole(TEXT)]
    steps: list[Progress] = []
    await get(report=steps.append, secret=True)
    assert {(step.received, step.total) for step in steps} == {(0, None)}


async def test_a_fetch_writes_nothing_and_leaves_nothing_open(
    script: Script, get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up in the middle, as by a kill: no file was made, no connection stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    script.answers = [_stalling(_HEAD, b"a" * 100)]
    begun = asyncio.Event()

    def watch(progress: Progress) -> None:
        if progress.received:
            begun.set()

    task = asyncio.ensure_future(get(report=watch))
    async with asyncio.timeout(30):
        await begun.wait()
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert list(tmp_path.iterdir()) == []
