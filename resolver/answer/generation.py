"""What the hot path needs of one generation, worked out once when it comes into force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from ipaddress import IPv4Address, IPv6Address
from operator import or_

from blocklists.model import BitRole, Confidentiality
from blocklists.properties import LogPolicy
from resolver.answer.reply import TYPE_A, TYPE_AAAA
from resolver.answer.zones import LocalZones
from resolver.policy.model import Verdict
from resolver.policy.reasons import REASONS
from resolver.tables.view import View

_OWN = {BitRole.ILLEGAL, BitRole.SECURITY, BitRole.ACTION, BitRole.CLIENT}
"""The roles of bits that stand for one list."""


class Generation:
    """A view with its built-in zones and the gateway's addresses in wire form; immutable."""

    def __init__(self, view: View) -> None:
        tables = view.tables
        self.view = view
        self.zones = LocalZones(tables.zones, tables.records)
        self.limit = tables.resolver.udp_payload
        self._ede = _list_codes(view)
        self.named = _named(view)
        """The bits of lists whose hits may be logged by name."""
        self.uncounted = _uncounted(view)
        """The bits of lists of whose hits nothing is kept, not even a count."""
        self.secret = _secret(view)
        """The bits that a secret list sets: where one is met no name is kept."""
        self.gateway = {
            TYPE_A: IPv4Address(tables.gateway.ipv4).packed,
            TYPE_AAAA: IPv6Address(tables.gateway.ipv6).packed,
        }

    @property
    def list_codes(self) -> Mapping[int, int]:
        """By bit the EDE code that the operator wants for its list in place of the reason's."""
        return self._ede

    def ede_of(self, verdict: Verdict) -> int | None:
        """The EDE code of a blocked answer; None where no code is sent."""
        bit = verdict.reason.bit if verdict.zone is None else verdict.zone
        if bit is not None and bit in self._ede:
            return self._ede[bit]
        code = REASONS[verdict.reason.kind].ede
        return None if code is None else int(code)


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


def _list_codes(view: View) -> dict[int, int]:
    """A category that several lists feed has a code of its own only if they all want it."""
    lists = view.tables.lists
    codes: dict[int, int] = {}
    for bit in view.bits:
        if bit.role in _OWN:
            wanted = {lists[bit.id].ede} if bit.id in lists else set()
        else:
            wanted = {
                info.ede for info in lists.values() if view.masks.feeds.get(info.id, 0) >> bit.index & 1
            }
        if len(wanted) == 1 and (code := wanted.pop()) is not None:
            codes[bit.index] = code
    return codes
