"""Outgoing queries: what a forged answer would have to guess (RFC 5452), and nothing about the client.

The id is random, and so is the case of every letter of the name (draft-vixie-dnsext-dns0x20); source address and port
are the shell's part. No client subnet, cookie or other option of the client is ever passed on.
"""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import NamedTuple, Protocol

from resolver.exchange.model import Question
from resolver.exchange.scan import ANSWERING
from resolver.exchange.wire import HEADER_BYTES

UDP_PAYLOAD = 1_232
"""What upstreams may send in one datagram: fits without fragments (RFC 9715 section 3.2)."""

_HEADER = struct.Struct("!6H")
_TYPE_CLASS = struct.Struct("!2H")
_RECURSION_DESIRED, _CHECKING_DISABLED, _RESPONSE, _OPCODE = 0x0100, 0x0010, 0x8000, 0x7800
_DNSSEC_OK = 0x8000
_CASE_BITS = bytes(0x20 if 0x61 <= octet <= 0x7A else 0 for octet in range(256))
"""Octet → the bit that is the case of a lower-case letter; a length octet is never a letter."""


class Dice(Protocol):
    """The randomness that the exchange needs; ``random.SystemRandom`` has it."""

    def getrandbits(self, bits: int, /) -> int:
        """A number of that many random bits."""
        ...

    def random(self) -> float:
        """A number from 0 up to, not including, 1."""
        ...


class Query(NamedTuple):
    """One outgoing message and what its reply must repeat: ``id`` and ``asked`` (name as sent, type, class)."""

    id: int
    asked: bytes
    wire: bytes
    edns: bool
    mixed_case: bool


class Match(Enum):
    """How a received message compares with a query."""

    REPLY = auto()
    BARE_ERROR = auto()
    """A header without question that reports an error: some servers answer FORMERR so."""
    OTHER_ID = auto()
    OTHER_QUESTION = auto()
    OTHER_CASE = auto()
    """The reply in all but the case of the name."""
    NO_RESPONSE = auto()
    """Too short for a header, or not the response to a standard query."""


def build_query(question: Question, dice: Dice, *, edns: bool = True, mixed_case: bool = True) -> Query:
    """A new query for ``question``, with EDNS (RFC 6891) and mixed case unless the upstream cannot have them."""
    name, qtype, qclass, dnssec_ok, checking_disabled = question
    drawn = dice.getrandbits(16 + 8 * len(name) if mixed_case else 16)
    number = drawn & 0xFFFF
    if mixed_case:
        name = mix_case(name, drawn >> 16)
    asked = name + _TYPE_CLASS.pack(qtype, qclass)
    flags = _RECURSION_DESIRED | (_CHECKING_DISABLED if checking_disabled else 0)
    wire = _HEADER.pack(number, flags, 1, 0, 0, 1 if edns else 0) + asked
    if edns:
        wire += _OPTS[dnssec_ok]
    return Query(number, asked, wire, edns, mixed_case)


def mix_case(name: bytes, bits: int) -> bytes:
    """The lower-case name with the case of every letter chosen by a bit of its octet in ``bits``."""
    chosen = bits & int.from_bytes(name.translate(_CASE_BITS), "big")
    return (int.from_bytes(name, "big") ^ chosen).to_bytes(len(name), "big")


def compare(query: Query, data: bytes) -> Match:
    """Whether ``data`` is the reply to ``query``; looks at header and question only."""
    if len(data) < HEADER_BYTES:
        return Match.NO_RESPONSE
    number, flags, questions, *_ = _HEADER.unpack_from(data)
    if not flags & _RESPONSE or flags & _OPCODE:
        return Match.NO_RESPONSE
    if number != query.id:
        return Match.OTHER_ID
    if questions == 0 and len(data) == HEADER_BYTES and flags & 0xF not in ANSWERING:
        return Match.BARE_ERROR
    asked = data[HEADER_BYTES : HEADER_BYTES + len(query.asked)]
    if questions == 1 and asked == query.asked:
        return Match.REPLY
    if questions == 1 and _same_but_case(asked, query.asked):
        return Match.OTHER_CASE
    return Match.OTHER_QUESTION


def _same_but_case(asked: bytes, expected: bytes) -> bool:
    return asked[:-4].lower() == expected[:-4].lower() and asked[-4:] == expected[-4:]


def _opt(dnssec_ok: bool) -> bytes:
    """An OPT record without options (RFC 6891 section 6.1.2)."""
    return struct.pack("!BHHIH", 0, 41, UDP_PAYLOAD, _DNSSEC_OK if dnssec_ok else 0, 0)


_OPTS = (_opt(False), _opt(True))
