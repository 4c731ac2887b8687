"""Bodies in one piece, in many, cut and continued: heads and pieces as a server sends them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.sources.model import FetchError, Known
from blocklists.sources.reception import Reception

TEXT = b"".join(b"name%d.example\n" % number for number in range(2_000))
STRONG = '"v1"'


def _head(body: bytes, **more: str) -> dict[str, str]:
    return {"Content-Length": str(len(body)), "ETag": STRONG} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def _rest(body: bytes, start: int, **more: str) -> dict[str, str]:
    return _head(body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", **more)


@given(
    cuts=st.lists(st.integers(1, 40_000), max_size=5),
    size=st.integers(1, 5_000),
    packed=st.booleans(),
)
def test_whatever_the_cuts_the_text_is_the_same(cuts: list[int], size: int, packed: bool) -> None:
    body = gzip.compress(TEXT) if packed else TEXT
    coding = {"Content_Encoding": "gzip"} if packed else {}
    reception = Reception("place", len(TEXT))
    stops = [*sorted(cut for cut in set(cuts) if cut < len(body)), len(body)]
    reception.begin(200, _head(body, **coding))
    for stop in stops:
        if reception.received:
            assert reception.continuation == {"Range": f"bytes={reception.received}-", "If-Range": STRONG}
            reception.begin(206, _rest(body, reception.received, **coding))
        for start in range(reception.received, stop, size):
            reception.feed(body[start : min(start + size, stop)])
        assert (reception.received, reception.total) == (stop, len(body))
    assert reception.finish() == TEXT
    assert reception.validators == Known(STRONG)


def test_other_bytes_meanwhile_begin_anew() -> None:
    reception = Reception("place", 100)
    reception.begin(200, _head(b"old bytes\n"))
    reception.feed(b"old")
    reception.begin(200, _head(b"new\n") | {"ETag": '"v2"'})
    reception.feed(b"new\n")
    assert (reception.finish(), reception.validators.etag) == (b"new\n", '"v2"')


@pytest.mark.parametrize("etag", ["", 'W/"v1"', "v1"])
def test_nothing_is_continued_without_a_strong_validator(etag: str) -> None:
    reception = Reception("place", 100)
    reception.begin(200, {"Content-Length": "9", "ETag": etag})
    reception.feed(b"old")
    assert reception.continuation == {}


def test_before_the_first_byte_there_is_nothing_to_continue() -> None:
    reception = Reception("place", 100)
    assert reception.continuation == {}
    reception.begin(200, _head(TEXT[:50]))
    assert reception.continuation == {}


@pytest.mark.parametrize(
    "head",
    [
        {"Content-Range": "bytes 2-8/9"},
        {"Content-Range": "bytes 4-8/9"},
        {"Content-Range": "bytes 3-9/10"},
        {"Content-Range": "bytes 3-8"},
        {"Content-Range": "lines 3-8/9"},
        {},
        {"Content-Range": "bytes 3-8/9", "ETag": '"v2"'},
        {"Content-Range": "bytes 3-8/9", "Content-Encoding": "gzip"},
    ],
)
def test_another_part_than_the_missing_one_is_refused(head: Mapping[str, str]) -> None:
    reception = Reception("place", 100)
    reception.begin(200, _head(b"123456789"))
    reception.feed(b"123")
    with pytest.raises(FetchError, match="another part"):
        reception.begin(206, head)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"Content-Length": "101"}, "larger than 100 bytes"),
        ({"Content-Length": "5", "Content-Encoding": "br"}, "not asked for"),
        ({"Content-Length": "5", "Content-Type": "image/png"}, "something else than text"),
        ({"Content-Length": "5", "Content-Type": "Application/PDF"}, "something else than text"),
        ({"Content-Length": "5", "Content-Type": 'text/plain; charset="UTF-16LE"'}, "than UTF-8"),
        ({}, "where the list ends"),
    ],
)
def test_heads_that_promise_no_list(head: Mapping[str, str], words: str) -> None:
    with pytest.raises(FetchError, match=f"place: .*{words}"):
        Reception("place", 100).begin(200, head)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "text/html; charset=iso-8859-1", "application/octet-stream", "x;charset=utf-8"]
)
def test_types_that_may_be_lists(kind: str) -> None:
    reception = Reception("place", 100)
    reception.begin(200, {"Transfer-Encoding": "chunked", "Content-Type": kind})
    reception.feed(b"a.example\n")
    assert reception.finish() == b"a.example\n"


def test_fewer_and_more_bytes_than_announced() -> None:
    for came in (b"a.example\n", b"a.example\n" * 3):
        reception = Reception("place", 100)
        reception.begin(200, _head(b"a.example\n" * 2))
        reception.feed(came)
        with pytest.raises(FetchError, match="20 were announced"):
            reception.finish()


def test_a_bomb_bursts_small() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    reception = Reception("place", 100_000_000)
    reception.begin(200, _head(bomb, Content_Encoding="gzip"))
    reception.feed(bomb[:1_000])
    with pytest.raises(FetchError, match="gzip bomb"):
        reception.feed(bomb[1_000:2_000])


@given(
    st.dictionaries(
        st.sampled_from(["Content-Length", "Content-Range", "ETag", "Content-Encoding", "Content-Type"]),
        st.text(max_size=40),
    ),
    st.lists(st.binary(max_size=100), max_size=5),
    st.sampled_from([200, 206]),
)
def test_any_head_and_body_end_in_a_text_or_in_words(
    head: dict[str, str], pieces: list[bytes], status: int
) -> None:
    reception = Reception("place", 300)
    try:
        reception.begin(status, head)
        for piece in pieces:
            reception.feed(piece)
        assert len(reception.finish()) <= 300
    except FetchError as error:
        fault = str(error)
    else:
        fault = "place: "
    assert fault.startswith("place: ")
