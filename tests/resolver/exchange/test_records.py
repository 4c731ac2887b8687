"""Rdata: what it leads to, and how it is written anew."""

from __future__ import annotations

import struct

import pytest

from resolver.exchange.records import Meaning, Record, Type, meaning, name_in, read_record, write_record
from resolver.exchange.wire import Cursor, MalformedReplyError
from resolver.exchange.writer import Writer

BASE = bytes(12) + b"\x07example\x00"
"""A message whose octet 12 begins the name ``example``."""
POINTER = b"\xc0\x0c"


def _record(
    rtype: int, rdata: bytes, *, owner: bytes = POINTER, ttl: int = 60, rclass: int = 1
) -> tuple[Cursor, Record]:
    data = BASE + owner + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata
    cursor = Cursor(data, len(BASE))
    return cursor, read_record(cursor)


def _svcb(target: bytes, *parameters: tuple[int, bytes]) -> bytes:
    packed = b"".join(struct.pack("!HH", key, len(value)) + value for key, value in parameters)
    return b"\x00\x01" + target + packed


A_HINT, AAAA_HINT = bytes((192, 0, 2, 1)), bytes(15) + b"\x01"


@pytest.mark.parametrize(
    ("rtype", "rdata", "expected"),
    [
        (Type.A, A_HINT, Meaning((), (A_HINT,))),
        (Type.AAAA, AAAA_HINT, Meaning((), (AAAA_HINT,))),
        (Type.CNAME, b"\x03WWW" + POINTER, Meaning((b"\x03www\x07example\x00",))),
        (Type.DNAME, POINTER, Meaning((b"\x07example\x00",))),
        (Type.HTTPS, _svcb(b"\x03Cdn\x00", (1, b"\x02h2")), Meaning((b"\x03cdn\x00",))),
        (Type.HTTPS, _svcb(b"\x00"), Meaning()),
        (
            Type.SVCB,
            _svcb(b"\x00", (4, A_HINT * 2), (6, AAAA_HINT)),
            Meaning((), (A_HINT, A_HINT, AAAA_HINT)),
        ),
        (Type.MX, b"\x00\x05" + POINTER, Meaning()),
        (Type.NSEC, b"anything", Meaning()),
    ],
)
def test_where_rdata_leads(rtype: int, rdata: bytes, expected: Meaning) -> None:
    assert meaning(*_record(rtype, rdata)) == expected


def test_addresses_of_another_class_are_no_addresses() -> None:
    assert meaning(*_record(Type.A, b"\x03net\x00\x00\x01", rclass=3)) == Meaning()


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        (Type.A, b"\x01\x02\x03"),
        (Type.A, b"\x01\x02\x03\x04\x05"),
        (Type.AAAA, A_HINT),
        (Type.HTTPS, b"\x00"),
        (Type.HTTPS, _svcb(b"\x00", (4, b"\x01\x02\x03"))),
        (Type.HTTPS, _svcb(b"\x00", (4, b""))),
        (Type.HTTPS, _svcb(b"\x00", (6, A_HINT))),
        (Type.HTTPS, _svcb(b"\x00", (4, A_HINT), (1, b""))),
        (Type.HTTPS, _svcb(b"\x00", (4, A_HINT), (4, A_HINT))),
        (Type.HTTPS, _svcb(b"\x00") + b"\x00\x01\x00\x09ab"),
    ],
)
def test_malformed_rdata(rtype: int, rdata: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        meaning(*_record(rtype, rdata))


NAPTR = b"\x00\x01\x00\x02" + b"\x01U" + b"\x03E2U" + b"\x00"


@pytest.mark.parametrize(
    ("rtype", "rdata", "written"),
    [
        (Type.NS, b"\x02ns" + POINTER, b"\x02ns\xc0\x0c"),
        (Type.MX, b"\x00\x05" + POINTER, b"\x00\x05\xc0\x0c"),
        (Type.SOA, POINTER + POINTER + bytes(20), b"\xc0\x0c\xc0\x0c" + bytes(20)),
        (Type.SRV, bytes(6) + b"\x01s" + POINTER, bytes(6) + b"\x01s\x07example\x00"),
        (Type.DNAME, POINTER, b"\x07example\x00"),
        (35, NAPTR + POINTER, NAPTR + b"\x07example\x00"),
        (24, bytes(18) + POINTER + b"signature", bytes(18) + b"\x07example\x00signature"),
        (16, b"\x04text", b"\x04text"),
        (65_280, b"", b""),
    ],
)
def test_rdata_is_written_without_forbidden_compression(rtype: int, rdata: bytes, written: bytes) -> None:
    cursor, record = _record(rtype, rdata)
    writer = Writer()
    writer.put_name(b"\x07example\x00")
    place = write_record(writer, cursor, record, 7)
    wire = writer.finish(0, 0, 0)
    head = POINTER + struct.pack("!HHIH", rtype, 1, 7, len(written))
    assert wire[21:] == head + written
    assert wire[place : place + 4] == b"\x00\x00\x00\x07"


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        (Type.NS, POINTER + b"x"),
        (Type.NS, b""),
        (Type.SOA, POINTER + POINTER + bytes(19)),
        (Type.SOA, POINTER + POINTER + bytes(21)),
        (35, b"\x00\x01\x00\x02\x09U"),
        (24, bytes(17)),
    ],
)
def test_rdata_that_does_not_fit_its_length(rtype: int, rdata: bytes) -> None:
    cursor, record = _record(rtype, rdata)
    with pytest.raises(MalformedReplyError):
        write_record(Writer(), cursor, record, 0)


@pytest.mark.parametrize(("received", "ttl"), [(0, 0), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**32 - 1, 0)])
def test_a_ttl_with_the_top_bit_is_zero(received: int, ttl: int) -> None:
    assert _record(Type.A, A_HINT, ttl=received)[1].ttl == ttl


def test_a_record_longer_than_the_message() -> None:
    with pytest.raises(MalformedReplyError):
        read_record(Cursor(BASE + POINTER + struct.pack("!HHIH", 1, 1, 60, 5) + A_HINT, len(BASE)))


def test_name_in() -> None:
    assert name_in(*_record(Type.CNAME, b"\x01A" + POINTER)) == b"\x01a\x07example\x00"
