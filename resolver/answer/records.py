"""Records of the configuration and of lists, from text to wire form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from resolver.answer.reply import Record
from resolver.tables.model import LocalRecord


def to_records(records: Iterable[LocalRecord]) -> Iterator[Record]:
    """Records in wire form. ``dns.exception.DNSException`` if a text is no rdata of its type."""
    for local in records:
        yield to_record(local)


def to_record(local: LocalRecord) -> Record:
    """A record in wire form. ``dns.exception.DNSException`` if the text is no rdata of its type."""
    # dnspython takes 25 ms to import, and few boxes have records of their own: no worker's start shall wait for it.
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    owner = dns.name.from_text(local.owner).canonicalize().to_wire()
    rtype = dns.rdatatype.from_text(local.rtype)
    rdata = dns.rdata.from_text(dns.rdataclass.IN, rtype, local.rdata, origin=dns.name.root, relativize=False)
    assert owner is not None
    return owner, int(rtype), local.ttl, rdata.to_wire() or b""
