"""What the hot path needs of one generation, worked out once when it comes into force."""

from __future__ import annotations

from functools import reduce
from ipaddress import IPv4Address, IPv6Address
from operator import or_

from blocklists.model import Confidentiality
from blocklists.properties import LogPolicy
from resolver.answer.codes import list_codes
from resolver.answer.reply import TYPE_A, TYPE_AAAA
from resolver.answer.zones import LocalZones
from resolver.tables.view import View


class Generation:
    """A view with its built-in zones and the gateway's addresses in wire form; immutable."""

    def __init__(self, view: View) -> None:
        tables = view.tables
        self.view = view
        self.zones = LocalZones(tables.zones, tables.records)
        self.limit = tables.resolver.udp_payload
        self.codes = list_codes(tables.lists, view.bits, view.masks)
        """By bit the EDE code that the operator wants for its list (``codes``)."""
        self.named = _named(view)
        """The bits of lists whose hits may be logged by name."""
        self.uncounted = _uncounted(view)
        """The bits of lists of whose hits nothing is kept, not even a count."""
        self.secret = _secret(view)
        """The bits that a secret list sets: where one is met no name is kept."""
        self.watched = self.secret if tables.resolver.secret_scan else 0
        """The bits whose hits tell who walks through a secret list (``resolver.scanning``)."""
        self.gateway = {
            TYPE_A: IPv4Address(tables.gateway.ipv4).packed,
            TYPE_AAAA: IPv6Address(tables.gateway.ipv6).packed,
        }


def _named(view: View) -> int:
    lists = view.tables.lists.values()
    return _of_lists(view, {info.id for info in lists if info.log is LogPolicy.NAMES}) & ~_secret(view)


def _uncounted(view: View) -> int:
    lists = view.tables.lists.values()
    counted = {info.id for info in lists if info.log is not LogPolicy.NONE}
    return _of_lists(view, set(view.tables.lists) - counted) & ~_of_lists(view, counted)


def _secret(view: View) -> int:
    lists = view.tables.lists.values()
    return _of_lists(view, {info.id for info in lists if info.confidentiality is Confidentiality.SECRET})


def _of_lists(view: View, ids: set[str]) -> int:
    """The bits that these lists set, their zones' included."""
    masks = view.masks
    plain = (masks.feeds.get(list_id, 0) for list_id in ids)
    zones = (1 << bit for bit, (list_id, _) in masks.actions.items() if list_id in ids)
    return reduce(or_, [*plain, *zones], 0)
