"""Reading a client's query: one bounded cursor, one declared error.

Whatever bytes arrive, ``parse_query`` returns a ``Query``, or raises ``MalformedQueryError`` saying which response code the
sender is owed, if any. Nothing here keeps a reference into a larger buffer or follows a compression pointer: a query
has no use for one, and RFC 9267 lists what went wrong where parsers did.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

HEADER_LENGTH = 12
MAX_NAME = 255  # RFC 1035 section 2.3.4, with the length octets and the root
MAX_LABEL = 63
MAX_ADDITIONAL = 16
"""More additional records than this in a query have no purpose; TSIG, SIG(0) and OPT make three."""

_HEADER = struct.Struct("!6H")
_TYPE_CLASS = struct.Struct("!2H")
_RECORD = struct.Struct("!HHIH")
_OPTION = struct.Struct("!2H")

TYPE_OPT = 41
OPTION_COOKIE = 10
_COOKIE_LENGTHS = {8, *range(16, 41)}
"""A client's cookie alone, or with a server's of 8 to 32 octets (RFC 7873 section 4)."""


class Rcode(IntEnum):
    """Response codes (RFC 1035, RFC 2136, RFC 6891)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    YXDOMAIN = 6
    BADVERS = 16


class Flag(IntEnum):
    """Header bits (RFC 1035 section 4.1.1, RFC 4035 section 3)."""

    QR = 0x8000
    AA = 0x0400
    TC = 0x0200
    RD = 0x0100
    RA = 0x0080
    AD = 0x0020
    CD = 0x0010


class Edns(NamedTuple):
    """The client's OPT record (RFC 6891). ``payload`` is the size in octets that it can take over UDP, ``cookie`` the
    content of its COOKIE option (RFC 7873), of a length that one may have; empty without.
    """

    payload: int
    version: int
    dnssec_ok: bool
    cookie: bytes = b""


class Query(NamedTuple):
    """One well-formed standard query. ``raw_name`` keeps the sender's letter case (0x20), ``name`` is lower case."""

    id: int
    flags: int
    raw_name: bytes
    name: bytes
    qtype: int
    qclass: int
    edns: Edns | None

    @property
    def recursion_desired(self) -> bool:
        """The RD bit."""
        return bool(self.flags & Flag.RD)

    @property
    def checking_disabled(self) -> bool:
        """The CD bit."""
        return bool(self.flags & Flag.CD)


class MalformedQueryError(Exception):
    """Not a query that can be served. ``reply`` is the whole answer that the sender gets; empty: none."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("malformed query")
        self.reply = reply


def error_reply(packet: bytes, rcode: Rcode) -> bytes:
    """A bare header with the sender's id, opcode and RD: the shortest honest answer to what cannot be read."""
    message_id, flags = struct.unpack_from("!2H", packet)
    return _HEADER.pack(message_id, Flag.QR | flags & (0x7800 | Flag.RD) | rcode, 0, 0, 0, 0)


def parse_query(packet: bytes) -> Query:
    """Read a query. MalformedQueryError if it is none: shorter than a header or itself an answer (no reply: RFC 1035 7.3 and
    to end loops), another opcode (NOTIMP), or broken (FORMERR; RFC 9619 for more than one question).
    """
    if len(packet) < HEADER_LENGTH:
        raise MalformedQueryError(b"")
    message_id, flags, questions, answers, authorities, additional = _HEADER.unpack_from(packet)
    if flags & Flag.QR:
        raise MalformedQueryError(b"")
    if flags & 0x7800:
        raise MalformedQueryError(error_reply(packet, Rcode.NOTIMP))
    if questions != 1 or answers or authorities or additional > MAX_ADDITIONAL:
        raise MalformedQueryError(error_reply(packet, Rcode.FORMERR))
    try:
        raw_name, position = _read_name(packet, HEADER_LENGTH)
        qtype, qclass = _TYPE_CLASS.unpack_from(packet, position)
        edns = _read_additional(packet, position + _TYPE_CLASS.size, additional)
    except (struct.error, ValueError, IndexError):
        raise MalformedQueryError(error_reply(packet, Rcode.FORMERR)) from None
    return Query(message_id, flags, raw_name, lower(raw_name), qtype, qclass, edns)


def _read_name(packet: bytes, start: int) -> tuple[bytes, int]:
    """A name without compression and the position after it. ValueError or IndexError if it is none."""
    position = start
    while (length := packet[position]) != 0:
        if length > MAX_LABEL:
            raise ValueError("compression pointer or reserved label type")
        position += length + 1
        if position - start >= MAX_NAME:
            raise ValueError("name too long")
    return packet[start : position + 1], position + 1


def _read_additional(packet: bytes, position: int, count: int) -> Edns | None:
    """The OPT record among the additional ones; anything after the last record is an error."""
    edns: Edns | None = None
    for _ in range(count):
        owner, position = _read_name(packet, position)
        rtype, payload, ttl, length = _RECORD.unpack_from(packet, position)
        position += _RECORD.size
        if position + length > len(packet):
            raise ValueError("record runs past the end")
        if rtype == TYPE_OPT:
            if edns is not None or owner != b"\0":
                raise ValueError("two OPT records, or one that is not at the root (RFC 6891 section 6.1.1)")
            cookie = _read_options(packet[position : position + length])
            edns = Edns(payload, ttl >> 16 & 0xFF, bool(ttl & 0x8000), cookie)
        position += length
    if position != len(packet):
        raise ValueError("bytes after the last record")
    return edns


def _read_options(data: bytes) -> bytes:
    """The first COOKIE option's content. Options must fill the OPT record exactly (RFC 6891 section 6.1.2), and a cookie
    of another length is an error (RFC 7873 section 5.2.2).
    """
    cookie = b""
    position = 0
    while position < len(data):
        code, length = _OPTION.unpack_from(data, position)
        position += _OPTION.size + length
        if code == OPTION_COOKIE and not cookie:
            if length not in _COOKIE_LENGTHS:
                raise ValueError("a cookie of a length that none has")
            cookie = data[position - length : position]
    if position != len(data):
        raise ValueError("option runs past its record")
    return cookie


def lower(name: bytes) -> bytes:
    """A wire name in lower case. Length octets are below 64, so ``bytes.lower`` cannot touch them."""
    return name.lower()
