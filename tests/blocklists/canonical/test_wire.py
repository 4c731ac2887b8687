"""Names between presentation and wire form."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import CanonicalError, from_wire, to_wire

PAIRS = {
    ".": b"\0",
    "com": b"\x03com\0",
    "bets.example": b"\x04bets\x07example\0",
    r"a\.b.c": b"\x03a.b\x01c\0",
    r"\000\255.x": b"\x02\0\xff\x01x\0",
    r"a\ b": None,
    r"\032": b"\x01 \0",
    r"\"\(\)\;\@\$\\": b'\x07"();@$\\\0',
}

BAD_TEXT = [
    "",
    "..",
    ".a",
    "a..b",
    "a" * 64,
    "a." * 127 + "ab",
    r"a\256.b",
    r"a\25",
    "a\\",
    r"a\1.b",
    "ü.example",
]
BAD_WIRE = [
    b"",
    b"\x03com",
    b"\x03co",
    b"\0\0",
    b"\x03com\0x",
    b"\xc0\x0c",
    b"\x40" + b"a" * 64 + b"\0",
    b"\x01a" * 128 + b"\0",
]


@pytest.mark.parametrize(("text", "wire"), [(text, wire) for text, wire in PAIRS.items() if wire is not None])
def test_pairs(text: str, wire: bytes) -> None:
    assert to_wire(text) == wire
    assert from_wire(wire) == text


def test_a_trailing_dot_and_a_plain_escape_mean_the_same() -> None:
    assert to_wire("bets.example.") == to_wire("bets.example")
    assert to_wire(r"a\ b") == b"\x03a b\0"


@pytest.mark.parametrize("text", BAD_TEXT)
def test_bad_text(text: str) -> None:
    with pytest.raises(CanonicalError):
        to_wire(text)


@pytest.mark.parametrize("wire", BAD_WIRE)
def test_bad_wire(wire: bytes) -> None:
    with pytest.raises(CanonicalError):
        from_wire(wire)


def test_longest_name() -> None:
    wire = b"\x01a" * 127 + b"\0"
    assert len(wire) == 255
    assert to_wire(from_wire(wire)) == wire


_labels = st.lists(st.binary(min_size=1, max_size=63), max_size=6).filter(
    lambda labels: sum(len(label) + 1 for label in labels) < 255
)


@given(_labels)
def test_round_trip_and_dnspython_reads_it_alike(labels: list[bytes]) -> None:
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    text = from_wire(wire)
    assert to_wire(text) == wire
    assert dns.name.from_text(text.encode("ascii")).labels == (*labels, b"")


@given(st.binary(max_size=300))
def test_any_bytes_give_a_name_or_the_declared_error(wire: bytes) -> None:
    try:
        text = from_wire(wire)
    except CanonicalError:
        return
    assert to_wire(text) == wire


@given(st.text(max_size=300))
def test_any_text_gives_a_wire_name_or_the_declared_error(text: str) -> None:
    try:
        wire = to_wire(text)
    except CanonicalError:
        return
    assert to_wire(from_wire(wire)) == wire
