"""NOTIFY messages from friends, strangers and forgers: what is answered, and which lists are called for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.tsig
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blocklists.model import Kind, ListSource
from blocklists.properties import Fetching, Transfer
from blocklists.sources.zone_notify import Answer, NotifyBook

ZONE = "rpz.hotline.example"
FRIEND = "192.0.2.53"
NOW = 1_800_000_000.0
SECRET = b"a secret of thirty-two octets ok"

Make = Callable[..., ListSource]


def notify(zone: str = ZONE, rtype: str = "SOA", key: dns.tsig.Key | None = None) -> dns.message.Message:
    message = dns.message.make_query(zone, rtype)
    message.flags = dns.flags.AA
    message.set_opcode(dns.opcode.NOTIFY)
    if key is not None:
        message.use_tsig(key)
    return message


def told(answer: Answer, query: dns.message.Message, key: dns.tsig.Key | None = None) -> dns.message.Message:
    """The reply as the sender reads it."""
    assert answer.reply is not None
    reply = dns.message.from_wire(answer.reply, keyring=key or False, request_mac=query.mac or b"")
    assert reply.flags & dns.flags.QR
    assert (reply.id, reply.opcode()) == (query.id, dns.opcode.NOTIFY)
    return reply


@pytest.fixture
def book(zone_source: Make) -> NotifyBook:
    return NotifyBook([zone_source(f"{FRIEND}:53", "[2001:db8::53]:5353", notify_from=("198.51.100.0/24",))])


@pytest.fixture
def signed_book(zone_source: Make) -> NotifyBook:
    return NotifyBook([zone_source(f"{FRIEND}:53", secret=SECRET)])


@pytest.mark.parametrize("sender", [FRIEND, "::ffff:192.0.2.53", "2001:db8::53", "198.51.100.200"])
def test_a_friend_is_believed(book: NotifyBook, sender: str) -> None:
    query = notify("RPZ.Hotline.Example")
    assert book.believes(sender)
    answer = book.answer(query.to_wire(), sender, now=NOW)
    assert (answer.lists, answer.problem) == (("hotline",), "")
    reply = told(answer, query)
    assert (reply.rcode(), bool(reply.flags & dns.flags.AA)) == (dns.rcode.NOERROR, True)
    assert reply.question == query.question


@pytest.mark.parametrize("zone", [ZONE, "rpz.other.example"])
def test_a_stranger_learns_nothing(book: NotifyBook, zone: str) -> None:
    query = notify(zone)
    assert not book.believes("203.0.113.1")
    answer = book.answer(query.to_wire(), "203.0.113.1", now=NOW)
    assert answer.lists == ()
    assert told(answer, query).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("zone", "rtype", "rcode"),
    [
        ("rpz.other.example", "SOA", dns.rcode.NOTAUTH),
        (f"below.{ZONE}", "SOA", dns.rcode.NOTAUTH),
        ("hotline.example", "SOA", dns.rcode.NOTAUTH),
        (ZONE, "A", dns.rcode.FORMERR),
    ],
)
def test_a_friend_who_asks_for_something_else(
    book: NotifyBook, zone: str, rtype: str, rcode: dns.rcode.Rcode
) -> None:
    query = notify(zone, rtype)
    answer = book.answer(query.to_wire(), FRIEND, now=NOW)
    assert answer.lists == ()
    assert answer.problem
    assert told(answer, query).rcode() == rcode


def test_what_is_no_notify(book: NotifyBook) -> None:
    wire = notify().to_wire()
    response = wire[:2] + bytes([wire[2] | 0x80]) + wire[3:]
    assert book.answer(response, FRIEND, now=NOW) == Answer()
    assert book.answer(wire[:11], FRIEND, now=NOW) == Answer()
    assert book.answer(wire + b"x" * 5_000, FRIEND, now=NOW) == Answer()
    query = dns.message.make_query(ZONE, "SOA")
    assert book.answer(query.to_wire(), FRIEND, now=NOW).reply == query.to_wire()[:2] + b"\x80\x04" + bytes(8)
    garbage = book.answer(wire[:12] + b"\xff" * 9, FRIEND, now=NOW)
    assert garbage.reply == wire[:2] + b"\xa0\x01" + bytes(8)


def test_lists_of_other_sources_are_not_followed() -> None:
    book = NotifyBook([ListSource("bets", "https://lists.example/bets", "domains", Kind.CATEGORY)])
    assert not book.believes(FRIEND)


def test_every_list_of_a_zone_is_called_for(zone_source: Make) -> None:
    one = zone_source(f"{FRIEND}:53")
    two = replace(one, id="again")
    three = replace(one, id="other", fetching=Fetching(transfer=Transfer(ZONE, ("192.0.2.99:53",))))
    assert NotifyBook([one, two, three]).answer(notify().to_wire(), FRIEND, now=NOW).lists == (
        "hotline",
        "again",
    )


# ---- keys ----


def test_a_good_signature_is_answered_with_one(signed_book: NotifyBook, tsig_key: dns.tsig.Key) -> None:
    query = notify(key=tsig_key)
    answer = signed_book.answer(query.to_wire(), FRIEND, now=NOW)
    assert answer.lists == ("hotline",)
    reply = told(answer, query, tsig_key)
    assert reply.had_tsig
    assert reply.rcode() == dns.rcode.NOERROR


def test_an_unsigned_notify_is_refused_where_there_is_a_key(signed_book: NotifyBook) -> None:
    query = notify()
    answer = signed_book.answer(query.to_wire(), FRIEND, now=NOW)
    assert (answer.lists, told(answer, query).rcode()) == ((), dns.rcode.REFUSED)
    assert "does not sign" in answer.problem


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (dns.tsig.Key("weir", b"another secret of the same size.", "hmac-sha256"), dns.rcode.BADSIG),
        (dns.tsig.Key("other", SECRET, "hmac-sha256"), dns.rcode.BADKEY),
        (dns.tsig.Key("weir", SECRET, "hmac-sha512"), dns.rcode.BADKEY),
    ],
)
def test_a_wrong_key_is_told_unsigned(
    signed_book: NotifyBook, key: dns.tsig.Key, error: dns.rcode.Rcode
) -> None:
    query = notify(key=key)
    answer = signed_book.answer(query.to_wire(), FRIEND, now=NOW)
    assert answer.lists == ()
    assert dns.rcode.to_text(error, tsig=True) in answer.problem
    reply = told(answer, query)
    assert (reply.rcode(), reply.tsig_error, reply.mac) == (dns.rcode.NOTAUTH, error, b"")


def test_a_wrong_time_is_told_signed(
    signed_book: NotifyBook, tsig_key: dns.tsig.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = notify(key=tsig_key)
    with monkeypatch.context() as patch:
        patch.setattr("dns.message.time.time", lambda: 1_000.0)
        wire = query.to_wire()
    answer = signed_book.answer(wire, FRIEND, now=NOW)
    assert answer.lists == ()
    with pytest.raises(dns.tsig.PeerBadTime):
        told(answer, query, tsig_key)
    tsig: Any = told(answer, query).tsig
    assert tsig[0].other == int(NOW).to_bytes(6, "big")
    assert len(tsig[0].mac) == 32


def test_a_key_that_cannot_be_read_is_our_fault(signed_book: NotifyBook, tmp_path: Any) -> None:
    (tmp_path / "tsig").unlink()
    query = notify()
    answer = signed_book.answer(query.to_wire(), FRIEND, now=NOW)
    assert told(answer, query).rcode() == dns.rcode.SERVFAIL
    assert "cannot be read" in answer.problem


def test_a_signature_with_something_behind_it(signed_book: NotifyBook, tsig_key: dns.tsig.Key) -> None:
    wire = notify(key=tsig_key).to_wire()
    answer = signed_book.answer(wire + b"\0", FRIEND, now=NOW)
    assert answer.lists == ()
    forged = signed_book.answer(wire[:-40] + bytes([wire[-40] ^ 1]) + wire[-39:] + b"\0", FRIEND, now=NOW)
    assert forged.lists == ()
    assert forged.reply is not None


TSIG_RECORD = b"\x00\xfa\x00\xff"
"""Type TSIG, class ANY; behind them the TTL, in whose place a signature always has a nought (RFC 8945 section 4.2)."""


def _signed_part(wire: bytes) -> bytes:
    """What a change of makes the signature wrong: neither id nor TTL of the signature, nor the case of names."""
    before, record, behind = wire[2:].partition(TSIG_RECORD)
    return (before + record + behind[4:]).lower()


@pytest.mark.parametrize("is_signed", [True, False])
def test_no_bytes_break_the_book(zone_source: Make, tsig_key: dns.tsig.Key, is_signed: bool) -> None:
    book = NotifyBook([zone_source(f"{FRIEND}:53", secret=SECRET if is_signed else None)])
    good = notify(key=tsig_key if is_signed else None).to_wire()

    @given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 255)), min_size=1), st.binary(max_size=40))
    @example([(good.find(TSIG_RECORD) + 4, 1)], b"")
    @example([(good.find(TSIG_RECORD) + 7, 1)], b"")
    def spoil(changes: list[tuple[int, int]], tail: bytes) -> None:
        wire = bytearray(good + tail)
        for at, change in changes:
            wire[at % len(wire)] ^= change
        answer = book.answer(bytes(wire), FRIEND, now=NOW)
        assert answer.reply is None or len(answer.reply) <= len(wire) + 64
        if is_signed and _signed_part(bytes(wire)) != _signed_part(good):
            assert answer.lists == ()

    spoil()
