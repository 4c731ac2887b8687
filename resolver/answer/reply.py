"""Writing answers: synthesised ones from their parts, kept ones by patching. Every answer leaves through ``finish``.

``finish`` is the one place that adds OPT with EDE and COOKIE, and that keeps the size rules: never more over UDP than the client
can take nor than ``limit`` (1,232 octets: RFC 9715), else TC and nothing but the question.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resolver.answer.message import HEADER_LENGTH, OPTION_COOKIE, Flag, Query, Rcode

UDP_PAYLOAD = 1232
"""RFC 9715 section 3: no fragmentation on any path with the IPv6 minimum MTU."""

MIN_UDP_PAYLOAD = 512  # RFC 1035 section 4.2.1
MAX_MESSAGE = 65_535

TYPE_A, TYPE_CNAME, TYPE_SOA, TYPE_HINFO, TYPE_AAAA = 1, 5, 6, 13, 28

_POINTER_TO_QUESTION = b"\xc0\x0c"
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_MNAME = b"\x04weir\x07invalid\x00"
"""The SOA of an answer made up here names no real server (RFC 2606)."""

Record = tuple[bytes, int, int, bytes]
"""Owner (wire), type, TTL in seconds, rdata."""


def record(owner: bytes, rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One resource record of class IN on the wire."""
    return owner + _RECORD.pack(rtype, 1, ttl, len(rdata)) + rdata


def synthesised(
    query: Query, rcode: int = Rcode.NOERROR, answers: Sequence[bytes] = (), authorities: Sequence[bytes] = ()
) -> bytes:
    """A message with the query's question as it was asked, and ready-made records."""
    flags = Flag.QR | Flag.RA | query.flags & (Flag.RD | Flag.CD) | rcode & 0xF
    head = _HEADER.pack(query.id, flags, 1, len(answers), len(authorities), 0)
    question = query.raw_name + struct.pack("!2H", query.qtype, query.qclass)
    return b"".join((head, question, *answers, *authorities))


def addresses(query: Query, rdata: bytes, ttl: int) -> bytes:
    """The question answered with one address of the asked type."""
    return synthesised(query, answers=(record(_POINTER_TO_QUESTION, query.qtype, ttl, rdata),))


def negative(query: Query, rcode: int, ttl: int) -> bytes:
    """NODATA or NXDOMAIN that may be kept for ``ttl`` seconds: the SOA says so (RFC 2308 section 5)."""
    rdata = _MNAME + b"\x0ahostmaster" + _MNAME + struct.pack("!5I", 1, 3600, 600, 86400, ttl)
    return synthesised(query, rcode, authorities=(record(_POINTER_TO_QUESTION, TYPE_SOA, ttl, rdata),))


def minimal_any(query: Query, ttl: int = 3600) -> bytes:
    """The answer to ANY (RFC 8482 section 4.2)."""
    rdata = b"\x07RFC8482\x00"
    return synthesised(query, answers=(record(_POINTER_TO_QUESTION, TYPE_HINFO, ttl, rdata),))


def patched(
    query: Query, wire: bytes, ttl_offsets: Iterable[int], *, age: int, ttl_ceiling: int | None = None
) -> bytes:
    """A kept message made this client's answer: its id, its letter case, its flags, TTLs less their age.

    AD is cleared: an upstream's word over plain UDP is no validation; clients that ask with DO can check the
    signatures themselves. ``ttl_ceiling`` bounds the TTLs of an answer that is given although it is stale.
    """
    message = bytearray(wire)
    (kept,) = struct.unpack_from("!H", wire, 2)
    flags = Flag.QR | Flag.RA | query.flags & (Flag.RD | Flag.CD) | kept & 0xF
    struct.pack_into("!2H", message, 0, query.id, flags)
    message[HEADER_LENGTH : HEADER_LENGTH + len(query.raw_name)] = query.raw_name
    for offset in ttl_offsets:
        (ttl,) = struct.unpack_from("!I", wire, offset)
        ttl = max(ttl - age, 0) if ttl < 0x8000_0000 else 0  # RFC 2181 section 8
        struct.pack_into("!I", message, offset, ttl if ttl_ceiling is None else ttl_ceiling)
    return bytes(message)


class Carrier(NamedTuple):
    """How an answer travels: over TCP, or over UDP with ``limit`` octets at most; ``cookie`` is the content of its
    COOKIE option, empty for none.
    """

    over_tcp: bool
    limit: int = UDP_PAYLOAD
    cookie: bytes = b""


def finish(
    query: Query,
    message: bytes,
    carrier: Carrier,
    *,
    ede: Sequence[tuple[int, bytes]] = (),
    truncated: bool = False,
) -> bytes:
    """Add OPT (only to who sent one: RFC 6891 section 7) with its errors and then its cookie, and keep to the size.

    ``truncated`` asks for TC although the answer would fit.
    """
    opt = _opt(query, ede, carrier)
    size = MAX_MESSAGE if carrier.over_tcp else _udp_size(query, carrier.limit)
    if truncated or len(message) + len(opt) > size:
        message = _truncated(query, message)
        if len(message) + len(opt) > size:  # the EDE text is what can be spared (RFC 8914 section 3)
            opt = _opt(query, (), carrier)
    if not opt:
        return message
    (additional,) = struct.unpack_from("!H", message, 10)
    return message[:10] + struct.pack("!H", additional + 1) + message[HEADER_LENGTH:] + opt


def _udp_size(query: Query, limit: int) -> int:
    if query.edns is None:
        return MIN_UDP_PAYLOAD
    return min(max(query.edns.payload, MIN_UDP_PAYLOAD), limit)


def _truncated(query: Query, message: bytes) -> bytes:
    flags = struct.unpack_from("!H", message, 2)[0] | Flag.TC
    end = HEADER_LENGTH + len(query.raw_name) + 4
    return message[:2] + struct.pack("!5H", flags, 1, 0, 0, 0) + message[HEADER_LENGTH:end]


def _opt(query: Query, ede: Sequence[tuple[int, bytes]], carrier: Carrier) -> bytes:
    if query.edns is None:
        return b""
    options = b"".join(struct.pack("!3H", 15, 2 + len(text), code) + text for code, text in ede)
    if carrier.cookie:
        options += struct.pack("!2H", OPTION_COOKIE, len(carrier.cookie)) + carrier.cookie
    dnssec_ok = 0x8000 if query.edns.dnssec_ok else 0
    return b"\0" + _RECORD.pack(41, carrier.limit, dnssec_ok, len(options)) + options


def bad_version(query: Query, limit: int = UDP_PAYLOAD) -> bytes:
    """BADVERS: the extended response code's upper bits stand in the OPT record (RFC 6891 section 6.1.3)."""
    message = synthesised(query, Rcode.BADVERS & 0xF)
    opt = b"\0" + _RECORD.pack(41, limit, (Rcode.BADVERS >> 4) << 24, 0)
    return message[:10] + struct.pack("!H", 1) + message[HEADER_LENGTH:] + opt
