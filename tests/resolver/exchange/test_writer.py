"""Names written with compression read back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.exchange.wire import Cursor, MalformedReplyError
from resolver.exchange.writer import Writer

label = st.sampled_from([b"\x01a", b"\x01B", b"\x03www", b"\x07example"])
name = st.lists(label, max_size=5).map(lambda labels: b"".join(labels) + b"\x00")


@given(st.lists(st.tuples(name, st.booleans()), max_size=12))
def test_what_is_written_is_read_back(names: list[tuple[bytes, bool]]) -> None:
    writer = Writer()
    places = []
    for each, compress in names:
        places.append(writer.position)
        writer.put_name(each, compress=compress)
    wire = writer.finish(0, 0, 0)
    for place, (each, _) in zip(places, names, strict=True):
        assert Cursor(wire, place).name().lower() == each.lower()


def test_a_repeated_name_is_a_pointer_and_its_parent_is_shared() -> None:
    writer = Writer()
    writer.put_name(b"\x01a\x07example\x00")
    writer.put_name(b"\x01A\x07EXAMPLE\x00")
    writer.put_name(b"\x01b\x07example\x00")
    writer.put_name(b"\x01b\x07example\x00", compress=False)
    assert writer.finish(0, 0, 0)[12:] == (b"\x01a\x07example\x00\xc0\x0c\x01b\xc0\x0e\x01b\x07example\x00")


def test_no_pointer_beyond_its_14_bits() -> None:
    writer = Writer()
    writer.put(bytes(0x4000))
    place = writer.position
    for _ in range(2):
        writer.put_name(b"\x01a\x00")
    assert writer.position == place + 6


def test_the_header() -> None:
    writer = Writer()
    writer.put_number(7, 2)
    writer.patch_number(12, 9, 2)
    assert writer.finish(0x8180, 3, 2) == bytes((0, 0, 0x81, 0x80, 0, 1, 0, 3, 0, 2, 0, 0, 0, 9))


def test_a_message_has_at_most_65535_octets() -> None:
    writer = Writer()
    writer.put(bytes(65_535 - 12))
    assert len(writer.finish(0, 0, 0)) == 65_535
    writer.put(b"\x00")
    with pytest.raises(MalformedReplyError, match="too long"):
        writer.finish(0, 0, 0)
