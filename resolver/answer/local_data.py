"""RPZ local data: the records that a list gives instead of the usual blocked answer."""

from __future__ import annotations

from blocklists.model import Bit
from blocklists.snapshot.reader import SnapshotReader
from resolver.answer.records import to_record
from resolver.answer.reply import TYPE_CNAME, Record
from resolver.policy.model import Listing, Masks
from resolver.tables.model import LocalRecord


def local_records(
    reader: SnapshotReader, masks: Masks, listing: Listing, bit: Bit, owner: bytes, qtype: int
) -> tuple[Record, ...]:
    """The records of the type asked for (or the CNAME) that the lists feeding ``bit`` hold for ``owner``."""
    if not owner:
        return ()  # a rule about an address has no owner, so no records
    value = 1 << bit.index
    for index, (list_id, _) in masks.actions.items():
        if not listing.bits >> index & 1 or not masks.feeds.get(list_id, 0) & value:
            continue
        data = reader.local_data(list_id, owner)
        if not data:
            continue
        records = [to_record(LocalRecord(".", rtype, ttl, rdata)) for rtype, ttl, rdata in data]
        return tuple(
            (owner, rtype, ttl, rdata) for _, rtype, ttl, rdata in records if rtype in (qtype, TYPE_CNAME)
        )
    return ()
