"""Resource records of a received message: reading them, and what their rdata means to a filter.

One table says where names stand in rdata that may arrive compressed (RFC 1035, and the types that RFC 3597 section 4
asks receivers to accept); all other rdata is opaque.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from resolver.exchange.wire import Cursor, MalformedReplyError
from resolver.exchange.writer import Writer


class Type(IntEnum):
    """The record types that mean something here."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    AAAA = 28
    SRV = 33
    DNAME = 39
    OPT = 41
    RRSIG = 46
    NSEC = 47
    NSEC3 = 50
    SVCB = 64
    HTTPS = 65
    ANY = 255


CLASS_IN = 1
CLASS_ANY = 255

_NAME: Final = "name"
_STRING: Final = "string"
_REST: Final = "rest"

_FIELDS: dict[int, tuple[str | int, ...]] = {
    Type.NS: (_NAME,),
    3: (_NAME,),  # MD
    4: (_NAME,),  # MF
    Type.CNAME: (_NAME,),
    Type.SOA: (_NAME, _NAME, 20),
    7: (_NAME,),  # MB
    8: (_NAME,),  # MG
    9: (_NAME,),  # MR
    Type.PTR: (_NAME,),
    14: (_NAME, _NAME),  # MINFO
    Type.MX: (2, _NAME),
    17: (_NAME, _NAME),  # RP
    18: (2, _NAME),  # AFSDB
    21: (2, _NAME),  # RT
    24: (18, _NAME, _REST),  # SIG
    26: (2, _NAME, _NAME),  # PX
    30: (_NAME, _REST),  # NXT
    Type.SRV: (6, _NAME),
    35: (4, _STRING, _STRING, _STRING, _NAME),  # NAPTR
    Type.DNAME: (_NAME,),
}
"""Type → its rdata's fields in order; a number is that many octets."""

_COMPRESSIBLE = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15})
"""The types of RFC 1035: only their rdata may be sent compressed (RFC 3597 section 4)."""

_ADDRESS_BYTES = {int(Type.A): 4, int(Type.AAAA): 16}
_HINT_BYTES = {4: 4, 6: 16}
"""SvcParamKeys ipv4hint and ipv6hint (RFC 9460 section 7.3) → octets of one address."""


class Record(NamedTuple):
    """One record; ``owner`` in the case received, ``start`` and ``end`` the place of its rdata."""

    owner: bytes
    rtype: int
    rclass: int
    ttl: int
    start: int
    end: int


class Meaning(NamedTuple):
    """What rdata leads to: names (lower case) and packed addresses."""

    targets: tuple[bytes, ...] = ()
    addresses: tuple[bytes, ...] = ()


def read_record(cursor: Cursor) -> Record:
    """The next record, its rdata skipped. A TTL with the top bit set counts as 0 (RFC 2181 section 8)."""
    owner = cursor.name()
    rtype, rclass, ttl, length = cursor.number(2), cursor.number(2), cursor.number(4), cursor.number(2)
    start = cursor.position
    cursor.take(length)
    if rtype != Type.OPT and ttl >= 1 << 31:
        ttl = 0
    return Record(owner, rtype, rclass, ttl, start, cursor.position)


def write_record(writer: Writer, cursor: Cursor, record: Record, ttl: int) -> int:
    """Write the record with another TTL; returns the TTL's position. MalformedReplyError if its rdata is malformed."""
    writer.put_name(record.owner)
    writer.put_number(record.rtype, 2)
    writer.put_number(record.rclass, 2)
    ttl_position = writer.position
    writer.put_number(ttl, 4)
    length_position = writer.position
    writer.put_number(0, 2)
    _write_rdata(writer, cursor, record)
    length = writer.position - length_position - 2
    if length > 0xFFFF:
        raise MalformedReplyError("without its compression a record is too long")
    writer.patch_number(length_position, length, 2)
    return ttl_position


def _write_rdata(writer: Writer, cursor: Cursor, record: Record) -> None:
    cursor.position = record.start
    compress = record.rtype in _COMPRESSIBLE
    for field in _FIELDS.get(record.rtype, (_REST,)):
        if field == _NAME:
            writer.put_name(cursor.name(), compress=compress)
        elif field == _REST:
            writer.put(cursor.take(max(0, record.end - cursor.position)))
        elif field == _STRING:
            length = cursor.number(1)
            writer.put(bytes((length,)) + cursor.take(length))
        else:
            writer.put(cursor.take(int(field)))
    if cursor.position != record.end:
        raise MalformedReplyError("rdata and its length do not agree")


def name_in(cursor: Cursor, record: Record) -> bytes:
    """The name that the rdata of a CNAME or DNAME record is, in lower case."""
    cursor.position = record.start
    return cursor.name().lower()


def meaning(cursor: Cursor, record: Record) -> Meaning:
    """Where the record leads. MalformedReplyError if an address or a service binding is malformed."""
    if record.rtype in (Type.CNAME, Type.DNAME):
        return Meaning(targets=(name_in(cursor, record),))
    if record.rclass != CLASS_IN:
        return Meaning()
    if (size := _ADDRESS_BYTES.get(record.rtype)) is not None:
        if record.end - record.start != size:
            raise MalformedReplyError("an address has the wrong length")
        cursor.position = record.start
        return Meaning(addresses=(cursor.take(size),))
    if record.rtype in (Type.SVCB, Type.HTTPS):
        return _service_binding(cursor, record)
    return Meaning()


def _service_binding(cursor: Cursor, record: Record) -> Meaning:
    """Target and address hints (RFC 9460 section 2.2): keys must ascend, lengths must fit."""
    cursor.position = record.start
    cursor.take(2)
    target = cursor.name().lower()
    addresses: list[bytes] = []
    previous = -1
    while cursor.position < record.end:
        key, length = cursor.number(2), cursor.number(2)
        value = cursor.take(length)
        if key <= previous:
            raise MalformedReplyError("the keys of a service binding do not ascend")
        previous = key
        addresses += _hints(key, value)
    if cursor.position != record.end:
        raise MalformedReplyError("a service binding and its length do not agree")
    return Meaning((target,) if len(target) > 1 else (), tuple(addresses))


def _hints(key: int, value: bytes) -> list[bytes]:
    size = _HINT_BYTES.get(key)
    if size is None:
        return []
    if not value or len(value) % size:
        raise MalformedReplyError("an address hint has the wrong length")
    return [value[place : place + size] for place in range(0, len(value), size)]
