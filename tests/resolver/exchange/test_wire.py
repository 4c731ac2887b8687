"""The bounded cursor: names, pointers, ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.exchange.wire import Cursor, MalformedReplyError, is_at_or_below, suffixes

HEAD = bytes(12)


@pytest.mark.parametrize(
    ("body", "start", "name", "after"),
    [
        (b"\x00", 12, b"\x00", 13),
        (b"\x01a\x00", 12, b"\x01a\x00", 15),
        (b"\x01A\x02bC\x00rest", 12, b"\x01A\x02bC\x00", 18),
        (b"\x01a\x00\xc0\x0c", 15, b"\x01a\x00", 17),
        (b"\x01a\x00\x01b\xc0\x0c", 15, b"\x01b\x01a\x00", 19),
        (b"\x01a\x00\x01b\xc0\x0c\xc0\x0f", 19, b"\x01b\x01a\x00", 21),
        (b"\x3f" + b"x" * 63 + b"\x00", 12, b"\x3f" + b"x" * 63 + b"\x00", 77),
    ],
)
def test_names(body: bytes, start: int, name: bytes, after: int) -> None:
    cursor = Cursor(HEAD + body, start)
    assert cursor.name() == name
    assert cursor.position == after
    cursor.position = start
    assert cursor.name() == name, "the same from memory"
    assert cursor.position == after


@pytest.mark.parametrize(
    ("body", "start", "message"),
    [
        (b"", 12, "ends inside a name"),
        (b"\x01", 12, "ends inside a label"),
        (b"\x01a", 12, "ends inside a name"),
        (b"\x05abcd", 12, "ends inside a label"),
        (b"\xc0", 12, "ends inside a name"),
        (b"\xc0\x0c", 12, "does not lead backwards"),
        (b"\xc0\x0e\xc0\x0c", 12, "does not lead backwards"),
        (b"\x01a\xc0\x0c", 12, "does not lead backwards"),
        (b"\x01a\xc0\x0d\x00", 12, "does not lead backwards"),
        (b"\xc0\x02", 12, "does not lead backwards"),
        (b"\x41a\x00", 12, "type that does not exist"),
        (b"\x80a\x00", 12, "type that does not exist"),
        ((b"\x3f" + b"x" * 63) * 4 + b"\x00", 12, "longer than 255"),
        ((b"\x3f" + b"x" * 63) * 3 + b"\x3f" + b"x" * 62 + b"\x00\x00", 12, "longer than 255"),
    ],
)
def test_malformed_names(body: bytes, start: int, message: str) -> None:
    with pytest.raises(MalformedReplyError, match=message):
        Cursor(HEAD + body, start).name()


def test_a_name_may_have_255_octets_and_not_256() -> None:
    longest = (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"x" * 61 + b"\x00"
    assert len(Cursor(HEAD + longest, 12).name()) == 255
    with pytest.raises(MalformedReplyError):
        Cursor(HEAD + b"\x01a\xc0\x10" + longest, 16 + 12).name()
    data = HEAD + longest + b"\x01a\xc0\x0c"
    with pytest.raises(MalformedReplyError, match="longer than 255"):
        Cursor(data, 12 + 255).name()


def test_a_long_way_of_pointers_is_walked_once() -> None:
    steps = 8_000
    data = HEAD + b"\x00\x00" + b"".join((0xC000 | 12 + 2 * step).to_bytes(2, "big") for step in range(steps))
    cursor = Cursor(data, 12 + 2 * steps)
    assert cursor.name() == b"\x00"
    for place in range(12, 12 + 2 * steps, 2):
        cursor.position = place
        assert cursor.name() == b"\x00"


def test_numbers_and_octets() -> None:
    cursor = Cursor(b"\x01\x02\x03\x04\x05\x06")
    assert cursor.number(2) == 0x0102
    assert cursor.take(3) == b"\x03\x04\x05"
    with pytest.raises(MalformedReplyError, match="ends inside a field"):
        cursor.number(2)


@given(st.binary(max_size=60), st.integers(0, 70))
def test_any_octets_give_a_name_or_the_declared_error(body: bytes, start: int) -> None:
    cursor = Cursor(HEAD + body, start)
    try:
        name = cursor.name()
    except MalformedReplyError:
        return
    assert 1 <= len(name) <= 255
    assert name.endswith(b"\x00")
    assert cursor.position <= len(HEAD + body)
    assert Cursor(HEAD + name, 12).name() == name


def test_suffixes() -> None:
    assert list(suffixes(b"\x01a\x02bc\x00")) == [b"\x01a\x02bc\x00", b"\x02bc\x00", b"\x00"]
    assert list(suffixes(b"\x00")) == [b"\x00"]


@pytest.mark.parametrize(
    ("name", "apex", "below"),
    [
        (b"\x01a\x02bc\x00", b"\x02bc\x00", True),
        (b"\x02bc\x00", b"\x02bc\x00", True),
        (b"\x02bc\x00", b"\x00", True),
        (b"\x02bc\x00", b"\x01a\x02bc\x00", False),
        (b"\x04x\x02bc\x00", b"\x02bc\x00", False),  # the octets of a label look like a suffix
    ],
)
def test_is_at_or_below(name: bytes, apex: bytes, below: bool) -> None:
    assert is_at_or_below(name, apex) is below
