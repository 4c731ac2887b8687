"""The shortest answers, byte by byte; the others are read by a foreign reader in test_zone_notify."""

from __future__ import annotations

import dns.rcode
import pytest

from blocklists.sources.zone_replies import bare_reply, key_error_reply


@pytest.mark.parametrize(
    ("header", "rcode", "expected"),
    [
        ("1234 2400 0001 0000 0000 0000", dns.rcode.REFUSED, "1234 a005 0000 0000 0000 0000"),
        ("ffff 0100 0001 0000 0000 0001", dns.rcode.NOTIMP, "ffff 8004 0000 0000 0000 0000"),
        ("0000 7fff ffff ffff ffff ffff", dns.rcode.FORMERR, "0000 f801 0000 0000 0000 0000"),
    ],
)
def test_a_bare_reply(header: str, rcode: dns.rcode.Rcode, expected: str) -> None:
    assert bare_reply(bytes.fromhex(header) + b"anything", rcode) == bytes.fromhex(expected)


@pytest.mark.parametrize(
    "rest", ["0000 0000 0000 0000", "0001 0000 0000 0000", "0001 0000 0000 0001 00 0006 0001 ff"]
)
def test_without_a_readable_signature_there_is_nothing_to_say_about_it(rest: str) -> None:
    wire = bytes.fromhex("1234 2400" + rest)
    reply = key_error_reply(wire, dns.rcode.BADSIG, [], now=0.0)
    assert reply == bytes.fromhex("1234 a009 0000 0000 0000 0000")
