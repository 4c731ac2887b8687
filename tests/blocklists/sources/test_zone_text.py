"""Zones as text: one form for equal zones, and the form that the RPZ parser reads."""

from __future__ import annotations

import random

import dns.name
import dns.rdataclass
import dns.rdataset
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import read
from blocklists.model import Action, Kind, ListSource, Timers
from blocklists.sources.zone_faults import GarbledError, MismatchError
from blocklists.sources.zone_text import Soa, changed_text, record_line, soa_in, zone_text

ORIGIN = dns.name.from_text("Rpz.Hotline.example")
SOA = b"@ 300 IN SOA ns.example. host.example. 7 3600 600 86400 300"


def line(owner: str, rtype: str, rdata: str, ttl: int = 60) -> bytes:
    name = dns.name.from_text(owner, ORIGIN)
    return record_line(name, dns.rdataset.from_text("IN", rtype, ttl, rdata), ORIGIN)


@pytest.mark.parametrize(
    ("owner", "rtype", "rdata", "expected"),
    [
        ("Bad.Example", "CNAME", ".", b"bad.example 60 IN CNAME ."),
        ("*.bad.example", "CNAME", "*.", b"*.bad.example 60 IN CNAME *."),
        ("bad.example", "CNAME", "Garden.ISP.example.", b"bad.example 60 IN CNAME garden.isp.example."),
        ("@", "NS", "NS.example.", b"@ 60 IN NS ns.example."),
        ("x", "A", "192.0.2.1", b"x 60 IN A 192.0.2.1"),
        ("x", "AAAA", "2001:DB8:0::1", b"x 60 IN AAAA 2001:db8::1"),
        ("x", "TXT", '"Keep Case; \\" and \\009"', b'x 60 IN TXT "Keep Case; \\" and \\009"'),
        ("x", "MX", "10 Mail.example.", b"x 60 IN MX 10 mail.example."),
        ("x", "SRV", "1 2 3 Target.example.", b"x 60 IN SRV 1 2 3 target.example."),
        ("x", "TYPE65400", "\\# 2 0A0B", b"x 60 IN TYPE65400 \\# 2 0a0b"),
        ("a\\032b.$c", "CNAME", ".", b"a\\032b.\\$c 60 IN CNAME ."),
        ("32.1.2.0.192.rpz-ip", "CNAME", "rpz-drop.", b"32.1.2.0.192.rpz-ip 60 IN CNAME rpz-drop."),
    ],
)
def test_one_form_for_a_record(owner: str, rtype: str, rdata: str, expected: bytes) -> None:
    assert line(owner, rtype, rdata) == expected


def test_a_record_of_another_class_is_refused() -> None:
    rdataset = dns.rdataset.from_text(dns.rdataclass.CH, "TXT", 60, '"x"')
    with pytest.raises(GarbledError):
        record_line(ORIGIN, rdataset, ORIGIN)


NAMES = st.lists(
    st.text("abcDEF0-", min_size=1, max_size=6).map(lambda label: f"{label}.example"), unique_by=str.lower
)


@given(NAMES, st.randoms())
def test_equal_zones_have_equal_bytes_in_any_order(names: list[str], chance: random.Random) -> None:
    lines = [line(name, "CNAME", ".") for name in names]
    shuffled = [*lines, *lines[:2]]
    chance.shuffle(shuffled)
    assert zone_text(ORIGIN, SOA, shuffled) == zone_text(ORIGIN, SOA, lines)


@given(NAMES)
def test_foreign_readers_read_what_was_written(names: list[str]) -> None:
    text = zone_text(
        ORIGIN, SOA, [line(name, "CNAME", ".") for name in names] + [line("@", "NS", "ns.example.")]
    )
    zone = dns.zone.from_text(text.decode(), origin=ORIGIN, relativize=False)
    assert len(zone.nodes) == len(names) + 1


def test_the_rpz_parser_reads_it() -> None:
    source = ListSource("hotline", "zone:rpz.hotline.example", "rpz", Kind.SECURITY)
    lines = [
        line("bad.example", "CNAME", "."),
        line("local.example", "A", "192.0.2.1"),
        line("@", "NS", "ns.example."),
    ]
    entries, counts = read(source, zone_text(ORIGIN, SOA, lines))
    assert {(entry.name, entry.action) for entry in entries} == {
        ("bad.example", Action.NXDOMAIN),
        ("local.example", Action.LOCAL_DATA),
    }
    assert counts.lines == 5
    assert not counts.first_bad_lines


def test_the_soa_is_found_again() -> None:
    text = zone_text(ORIGIN, SOA, [])
    assert soa_in(text, ORIGIN) == Soa(7, Timers(3600, 600, 86400))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"$ORIGIN rpz.hotline.example.\n",
        b"$ORIGIN rpz.other.example.\n" + SOA + b"\n",
        b"$ORIGIN rpz.hotline.example.\n" + SOA.replace(b"7", b"x") + b"\n",
        b"$ORIGIN rpz.hotline.example.\n" + SOA.replace(b" 300", b"") + b"\n",
        b"x" * 100_000,
    ],
)
def test_a_text_in_another_form_has_no_soa(text: bytes) -> None:
    assert soa_in(text, ORIGIN) is None


def test_a_change_keeps_the_form() -> None:
    one, two, three = (line(name, "CNAME", ".") for name in ("one", "two", "three"))
    soa = SOA.replace(b" 7 ", b" 8 ")
    text, before = changed_text(zone_text(ORIGIN, SOA, [one, two]), soa=soa, removed={one}, added={three})
    assert text == zone_text(ORIGIN, soa, [two, three])
    assert before == SOA
    with pytest.raises(MismatchError):
        changed_text(text, soa=soa, removed={one}, added=())
