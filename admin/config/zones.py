"""Built-in zones: master files (RFC 1035 section 5) to records. One error with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tokenizer
import dns.zonefile

from admin.config.problems import shown
from resolver.tables.model import LocalRecord

MAX_ZONE_BYTES = 4 * 1024 * 1024
"""Built-in zones are a household's or a campus's own names; a zone of this size belongs on an authoritative server."""
DEFAULT_TTL = 300
"""Seconds, for records without a TTL in a file without ``$TTL``."""

_PLACE = re.compile(r"^zone:\d+: ")


class ZoneError(ValueError):
    """A zone file that cannot be used. ``line`` counts from 1; 0 is the file as a whole."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def read_zone(name: str, path: Path) -> tuple[LocalRecord, ...]:
    """The records of the master file at ``path`` for the zone ``name``; ZoneError if it cannot be used."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ZONE_BYTES + 1)
    except OSError as error:
        raise ZoneError(0, f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_ZONE_BYTES:
        raise ZoneError(
            0, f"larger than {MAX_ZONE_BYTES // 2**20} MiB; serve it from an authoritative server"
        )
    try:
        return parse_zone(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ZoneError(0, "not UTF-8 text; save the file in UTF-8") from None


def parse_zone(name: str, text: str) -> tuple[LocalRecord, ...]:
    """The records of a zone's text. ``$INCLUDE`` and ``$GENERATE`` are refused: a file holds what one sees in it."""
    origin = dns.name.from_text(name)
    try:
        rrsets = _parse(origin, text)
    except _SyntaxAtLineError as error:
        lines = text.splitlines()
        # The tokenizer may have counted the end of the bad line already: if what stands above is bad too, it has.
        line = max(1, min(error.line, len(lines)))
        if line > 1 and not _is_good(origin, "\n".join(lines[: line - 1])):
            line -= 1
        what = shown(lines[line - 1].strip()) if lines else "the file"
        raise ZoneError(line, f"{what} is no record: {error}; see RFC 1035 section 5 for the form") from None
    return tuple(record for rrset in rrsets for record in _records(rrset, origin))


class _SyntaxAtLineError(ValueError):
    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def _parse(origin: dns.name.Name, text: str) -> list[dns.rrset.RRset]:
    manager = dns.zonefile.RRSetsReaderManager(origin=origin)
    tokenizer = dns.tokenizer.Tokenizer(text, "zone")
    try:
        with manager.writer(True) as transaction:  # type: ignore[no-untyped-call]  # dnspython does not annotate it
            reader = dns.zonefile.Reader(
                tokenizer,
                dns.rdataclass.IN,
                transaction,
                allow_directives=("$ORIGIN", "$TTL"),
                default_ttl=DEFAULT_TTL,
            )
            # dnspython passes silently over names outside its origin; here they must become errors.
            reader.zone_origin = dns.name.root
            reader.read()
    except (dns.exception.DNSException, ValueError) as error:
        reason = _PLACE.sub("", str(error)).rstrip(".")
        raise _SyntaxAtLineError(tokenizer.where()[1], reason) from None
    return manager.rrsets


def _is_good(origin: dns.name.Name, text: str) -> bool:
    try:
        _parse(origin, text)
    except _SyntaxAtLineError:
        return False
    return True


def _records(rrset: dns.rrset.RRset, origin: dns.name.Name) -> Iterator[LocalRecord]:
    if not rrset.name.is_subdomain(origin):
        raise ZoneError(
            0, f"{rrset.name} does not lie in the zone {origin}; remove it, or leave out its last dot"
        )
    for rdata in rrset:
        owner = rrset.name.to_text(omit_final_dot=True)
        yield LocalRecord(owner, dns.rdatatype.to_text(rrset.rdtype), int(rrset.ttl), rdata.to_text())
