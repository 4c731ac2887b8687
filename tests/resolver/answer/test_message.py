"""The query parser: what it accepts, what each rejected query is told, and that nothing else can happen."""

from __future__ import annotations

import struct
from pathlib import Path

import dns.edns
import dns.exception
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.answer.message import Edns, MalformedQueryError, Rcode, parse_query

SEEDS = Path(__file__).parents[4] / "shared" / "data" / "dns-fuzz-seeds"


def _query(name: str = "WwW.Example", rtype: str = "A", **options: object) -> bytes:
    return dns.message.make_query(name, rtype, id=7, **options).to_wire()  # type: ignore[arg-type]


def test_a_plain_query() -> None:
    query = parse_query(_query())
    assert (query.id, query.qtype, query.qclass) == (7, 1, 1)
    assert query.raw_name == b"\x03WwW\x07Example\x00"
    assert query.name == b"\x03www\x07example\x00"
    assert query.recursion_desired
    assert not query.checking_disabled
    assert query.edns is None


def test_edns_with_options_and_do() -> None:
    packet = _query(want_dnssec=True, payload=4096, options=[dns.edns.GenericOption(10, b"12345678")])
    assert parse_query(packet).edns == Edns(4096, 0, True, b"12345678")


@pytest.mark.parametrize("length", range(44))
def test_a_cookie_has_its_length(length: int) -> None:
    """RFC 7873 section 5.2.2."""
    packet = _query(options=[dns.edns.GenericOption(3, b""), dns.edns.GenericOption(10, bytes(length))])
    if length == 8 or 16 <= length <= 40:
        query = parse_query(packet)
        assert query.edns is not None
        assert query.edns.cookie == bytes(length)
    else:
        with pytest.raises(MalformedQueryError) as caught:
            parse_query(packet)
        assert dns.message.from_wire(caught.value.reply).rcode() == Rcode.FORMERR


def test_of_several_cookies_the_first_counts() -> None:
    """RFC 7873 section 5.2: the others are ignored, whatever is wrong with them."""
    options = [dns.edns.GenericOption(10, content) for content in (b"first---", b"second--", b"x")]
    query = parse_query(_query(options=options))
    assert query.edns is not None
    assert query.edns.cookie == b"first---"


def _flags(packet: bytes, flags: int) -> bytes:
    return packet[:2] + struct.pack("!H", flags) + packet[4:]


def _counts(packet: bytes, *counts: int) -> bytes:
    return packet[:4] + struct.pack("!4H", *counts) + packet[12:]


PLAIN = _query()
OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
SILENT = [b"", b"\0" * 11, _flags(PLAIN, 0x8000), _flags(PLAIN, 0xA800)]
FORMERR = [
    PLAIN[:12],
    PLAIN[:20],
    PLAIN[:-1],
    PLAIN + b"\0",
    _counts(PLAIN, 0, 0, 0, 0),
    _counts(PLAIN + PLAIN[12:], 2, 0, 0, 0),
    _counts(PLAIN, 1, 1, 0, 0),
    _counts(PLAIN, 1, 0, 1, 0),
    _counts(PLAIN, 1, 0, 0, 1),
    _counts(PLAIN, 1, 0, 0, 0xFFFF),
    _counts(PLAIN + OPT + OPT, 1, 0, 0, 2),
    _counts(PLAIN + b"\x01a" + OPT, 1, 0, 0, 1),
    _counts(PLAIN + OPT[:-1] + b"\x05", 1, 0, 0, 1),
    _counts(PLAIN + OPT[:-1] + b"\x04\x00\x0a\x00\x09", 1, 0, 0, 1),  # an option longer than its record
    PLAIN[:12] + b"\xc0\x0c" + PLAIN[-4:],  # a compression pointer to itself
    PLAIN[:12] + b"\x40" + PLAIN[13:],  # a reserved label type
    PLAIN[:12] + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",  # 257 octets of name
]


@pytest.mark.parametrize("packet", SILENT)
def test_what_gets_no_answer(packet: bytes) -> None:
    with pytest.raises(MalformedQueryError) as caught:
        parse_query(packet)
    assert caught.value.reply == b""


@pytest.mark.parametrize("packet", FORMERR)
def test_what_is_a_format_error(packet: bytes) -> None:
    with pytest.raises(MalformedQueryError) as caught:
        parse_query(packet)
    reply = dns.message.from_wire(caught.value.reply)
    assert (reply.id, reply.rcode()) == (7, Rcode.FORMERR)
    assert reply.flags & dns.flags.QR
    assert len(caught.value.reply) == 12


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 6, 15])
def test_other_opcodes_are_not_implemented(opcode: int) -> None:
    with pytest.raises(MalformedQueryError) as caught:
        parse_query(_flags(PLAIN, opcode << 11 | 0x100))
    _, flags = struct.unpack_from("!2H", caught.value.reply)
    assert flags == 0x8000 | opcode << 11 | 0x100 | Rcode.NOTIMP


def test_the_longest_name_is_255_octets() -> None:
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
    assert len(longest) == 255
    assert parse_query(PLAIN[:12] + longest + PLAIN[-4:]).name == longest


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: PLAIN[:12] + tail))
def test_any_bytes_are_a_query_or_malformed(packet: bytes) -> None:
    reply: bytes = b""
    try:
        query = parse_query(packet)
    except MalformedQueryError as error:
        reply = error.reply
    else:
        assert query.name == query.raw_name.lower()
        assert len(query.name) <= 255
    assert len(reply) in (0, 12)


def test_recorded_messages_agree_with_dnspython() -> None:
    if not SEEDS.is_dir():
        pytest.skip("../shared/data is not there: no recorded messages")
    accepted = 0
    for path in sorted(SEEDS.glob("*.pkt")):
        packet = path.read_bytes()
        try:
            query = parse_query(packet)
        except MalformedQueryError:
            continue
        try:
            message = dns.message.from_wire(packet, ignore_trailing=True)
        except dns.exception.DNSException:
            continue  # a TSIG by an unknown key: the query itself can be served
        accepted += 1
        assert message.question[0].name.to_wire() == query.raw_name
        assert message.edns == (-1 if query.edns is None else query.edns.version)
    assert accepted > 20
