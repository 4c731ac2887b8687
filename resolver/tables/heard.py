"""Which bits and URLs of the compiled lists are heard: those of lists that are switched off are not. Pure.

This is the kill switch: a list ends, or comes back, with the next generation over the same compiled table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blocklists.enforcement import Enforced
from blocklists.model import Bit, BitRole, Kind
from blocklists.urls.index import Hit
from blocklists.urls.records import OF_NAMES
from resolver.tables.model import ListInfo


def heard(bits: Iterable[Bit], lists: Mapping[str, ListInfo]) -> tuple[Bit, ...]:
    """The bits that count. A category counts while any list that feeds it is on."""
    fed = {
        category
        for info in lists.values()
        if info.enforced is not Enforced.NOTHING and info.kind is not Kind.ILLEGAL
        for category in info.categories
    }
    off = {info.id for info in lists.values() if info.enforced is Enforced.NOTHING}
    if not off:
        return tuple(bits)
    return tuple(
        bit for bit in bits if (bit.id in fed if bit.role is BitRole.CATEGORY else bit.id not in off)
    )


def is_heard(hit: Hit, lists: Mapping[str, ListInfo]) -> bool:
    """Whether what a list says of a URL counts. Of one that is too old its web addresses have ended, its names may not."""
    info = lists.get(hit.list_id)
    if info is None or info.enforced is Enforced.NOTHING:
        return False
    return info.enforced is Enforced.ALL or hit.reach in OF_NAMES
