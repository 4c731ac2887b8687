"""Names that lists name by digest only: nobody here knows them, so the compiled table cannot hold them.

They are looked up where a name goes into Python, which is before it goes upstream. What the core answers by itself comes
from the cache, so no answer that leads to such a name may ever be kept there (``SharedCache``).
"""

from __future__ import annotations

from collections.abc import Mapping

from blocklists.model import Kind
from blocklists.urls.index import UrlIndex
from resolver.policy.model import Masks
from resolver.tables.model import ListInfo


class DigestNames:
    """What the lists of one generation say of a name by digest."""

    def __init__(self, index: UrlIndex, masks: Masks, lists: Mapping[str, ListInfo]) -> None:
        """An illegal list feeds no category, as in the compiled table: a profile would lift it."""
        self._index = index
        self._feeds = {
            name: mask & ~masks.categories if lists[name].kind is Kind.ILLEGAL else mask
            for name, mask in masks.feeds.items()
        }
        self.any = index.names_hosts

    def bits(self, wire: bytes) -> int:
        """The bits of the lists that name this lower-case wire name, or a parent of it."""
        mask = 0
        if self.any:
            for hit in self._index.find_name(_text(wire)):
                mask |= self._feeds.get(hit.list_id, 0)
        return mask

    def lists(self, wire: bytes) -> tuple[str, ...]:
        """Those lists, by number."""
        return tuple(hit.list_id for hit in self._index.find_name(_text(wire))) if self.any else ()


def _text(wire: bytes) -> str:
    """Dotted form up to the root; octets that no host name has make it a name that no list can have digested."""
    labels = []
    position = 0
    while position < len(wire) and (length := wire[position]):
        labels.append(wire[position + 1 : position + 1 + length].replace(b".", b"?"))
        position += 1 + length
    return b".".join(labels).decode("ascii", "replace").replace("�", "?")
