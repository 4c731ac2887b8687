"""Which lists wait for each other: one fetch at a time per server. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from blocklists.model import ListSource


def turn_of(source: ListSource) -> str:
    """What two lists of the same server share: the host of their addresses, or the first primary of their zones."""
    transfer = source.fetching.transfer
    return urlsplit(source.url).netloc if transfer is None else transfer.primaries[0].rpartition(":")[0]
