"""OPT records: extended response codes and Extended DNS Errors."""

from __future__ import annotations

import struct

import pytest

from resolver.exchange.edns import Edns, read_edns
from resolver.exchange.records import read_record
from resolver.exchange.wire import Cursor, MalformedReplyError


def _read(options: bytes, *, owner: bytes = b"\x00", ttl: int = 0) -> Edns:
    data = bytes(12) + owner + struct.pack("!HHIH", 41, 1232, ttl, len(options)) + options
    cursor = Cursor(data, 12)
    return read_edns(cursor, read_record(cursor))


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


@pytest.mark.parametrize(
    ("options", "ede"),
    [
        (b"", ()),
        (_option(10, b"cookie--"), ()),
        (_option(15, b"\x00\x06"), ((6, b""),)),
        (_option(15, b"\x00\x0fwhy") + _option(15, b"\x00\x03"), ((15, b"why"), (3, b""))),
        (_option(15, b"\x00"), ()),
        (_option(15, b"\x00\x01" + b"x" * 257), ((1, b""),)),
        (_option(15, b"\x00\x01") * 9, ((1, b""),) * 4),
    ],
)
def test_extended_errors(options: bytes, ede: tuple[tuple[int, bytes], ...]) -> None:
    assert _read(options).ede == ede


def test_the_upper_bits_of_the_response_code() -> None:
    assert _read(b"", ttl=0x01_00_80_00).rcode_high == 1
    assert _read(b"", ttl=0xFF_00_00_00).rcode_high == 255


@pytest.mark.parametrize("options", [b"\x00", b"\x00\x0f\x00\x03ab", b"\x00\x0f\x00"])
def test_options_that_do_not_fit(options: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        _read(options)


def test_the_owner_is_the_root() -> None:
    with pytest.raises(MalformedReplyError, match="root"):
        _read(b"", owner=b"\x01a\x00")
