"""A zone in its one form as text: two equal zones have equal bytes, whoever sent them and however they came. Pure.

::

    $ORIGIN rpz.hotline.example.
    @ 300 IN SOA ns.hotline.example. host.hotline.example. 7 3600 600 604800 300
    (the other records, one a line, in the order of their bytes)

Owners are relative and in lower case; names inside records are absolute, and in lower case where RFC 4034 section 6.2
has them so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype

from blocklists.model import Timers
from blocklists.sources.sorted_lines import edit_lines
from blocklists.sources.zone_faults import GarbledError

_NAME_ONLY = frozenset({dns.rdatatype.CNAME, dns.rdatatype.NS, dns.rdatatype.DNAME, dns.rdatatype.PTR})
_ONE_FORM = frozenset({dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.TXT})
"""Types without names in them."""
_LONGEST_HEAD = 8_192
"""Bytes; origin and SOA of a zone whose three names all have 255 octets in escapes are shorter."""


class _Soa(Protocol):
    """The numbers of a SOA record."""

    serial: int
    refresh: int
    retry: int
    expire: int


@dataclass(frozen=True, slots=True)
class Soa:
    """What a zone says of itself: its serial (RFC 1982) and its timers."""

    serial: int
    timers: Timers


def soa_of(record: _Soa) -> Soa:
    """The same as a value of ours."""
    return Soa(record.serial, Timers(record.refresh, record.retry, record.expire))


def record_line(owner: dns.name.Name, rdataset: dns.rdataset.Rdataset, origin: dns.name.Name) -> bytes:
    """One record as its line. GarbledError if it is none of class IN or cannot stand on a line."""
    rdata = rdataset[0]
    if rdata.rdclass != dns.rdataclass.IN:
        raise GarbledError("a record is not of class IN")
    name = owner.relativize(origin).to_text().lower()
    rtype = dns.rdatatype.to_text(rdata.rdtype)
    line = f"{name} {rdataset.ttl} IN {rtype} {_rdata_text(rdata)}".encode()
    if b"\n" in line:
        raise GarbledError("a record does not stand on one line")
    return line


def zone_text(origin: dns.name.Name, soa: bytes, lines: Iterable[bytes]) -> bytes:
    """The whole zone; ``soa`` is the line of its SOA, ``lines`` are the others in any order, repeated or not."""
    unique = (line for line, _ in groupby(sorted(lines)))
    return b"\n".join((_head(origin), soa, *unique, b""))


def changed_text(
    text: bytes, *, soa: bytes, removed: Iterable[bytes], added: Iterable[bytes]
) -> tuple[bytes, bytes]:
    """The zone after a change, and the line of the SOA before it. MismatchError if the change does not fit ``text``."""
    head, before, body = _taken_apart(text)
    top = b"\n".join((head, soa, b""))
    return edit_lines(text, body, head=top, removed=frozenset(removed), added=frozenset(added)), before


def soa_in(text: bytes, origin: dns.name.Name) -> Soa | None:
    """The SOA of a text in this form; None if it is not in this form, or another zone's."""
    head, line, _ = _taken_apart(text[:_LONGEST_HEAD])
    words = line.split(b" ")
    if head != _head(origin) or words[:1] != [b"@"] or words[2:4] != [b"IN", b"SOA"] or len(words) != 11:
        return None
    try:
        serial, refresh, retry, expire = (int(word) for word in words[6:10])
    except ValueError:
        return None
    return Soa(serial, Timers(refresh, retry, expire))


def _head(origin: dns.name.Name) -> bytes:
    return f"$ORIGIN {origin.to_text().lower()}".encode()


def _taken_apart(text: bytes) -> tuple[bytes, bytes, int]:
    """The first line, the second, and where the third begins; nothing if these are no two lines."""
    first = text.find(b"\n", 0, _LONGEST_HEAD)
    second = text.find(b"\n", first + 1, _LONGEST_HEAD)
    if second < 0:
        return b"", b"", 0
    return text[:first], text[first + 1 : second], second + 1


def _rdata_text(rdata: dns.rdata.Rdata) -> str:
    if rdata.rdtype in _NAME_ONLY:
        return str(rdata.to_text()).lower()
    if rdata.rdtype not in _ONE_FORM:
        wire = rdata.to_digestable()
        rdata = dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire))
    return str(rdata.to_text())
