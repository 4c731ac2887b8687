"""Built-in zones: names that this appliance answers from its own configuration (``resolver.zones``).

Small on purpose: exact names, one-level wildcards (RFC 4592), CNAMEs followed inside the zones. What a CNAME leads to
outside is for the caller to ask. Nothing below a built-in apex ever goes upstream.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from blocklists.canonical import to_wire
from resolver.answer.message import Rcode
from resolver.answer.records import to_records
from resolver.answer.reply import TYPE_CNAME, Record
from resolver.policy.verdict import suffixes
from resolver.tables.model import LocalRecord

MAX_CHAIN = 8
"""CNAMEs followed in one answer; a loop ends here."""


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """What the zones say: records in order, and the name at which the chain leaves the zones (empty: it does not)."""

    rcode: int
    records: tuple[Record, ...]
    leaves_to: bytes = b""


class LocalZones:
    """All built-in zones of one generation; immutable."""

    def __init__(self, apexes: Iterable[str], records: Iterable[LocalRecord]) -> None:
        self._apexes = frozenset(to_wire(apex.lower()) for apex in apexes)
        self._names: dict[bytes, dict[int, list[Record]]] = {}
        self._parents: set[bytes] = set()
        for entry in to_records(records):
            self._names.setdefault(entry[0], {}).setdefault(entry[1], []).append(entry)
            self._parents.update(suffixes(entry[0]))

    @property
    def apexes(self) -> frozenset[bytes]:
        """The zones' own names, as lower-case wire names."""
        return self._apexes

    def find(self, name: bytes, qtype: int) -> LocalAnswer | None:
        """The zones' answer for a lower-case wire name; None if the name is in none of them."""
        if not self._apexes or not self._holds(name):
            return None
        records: list[Record] = []
        for _ in range(MAX_CHAIN):
            types = self._types_at(name)
            if types is None:
                rcode = Rcode.NOERROR if name in self._parents else Rcode.NXDOMAIN
                return LocalAnswer(rcode, tuple(records))
            found = types.get(qtype) or types.get(TYPE_CNAME)
            if not found:
                return LocalAnswer(Rcode.NOERROR, tuple(records))
            records += [(name, rtype, ttl, rdata) for _, rtype, ttl, rdata in found]
            if found[0][1] == qtype:
                return LocalAnswer(Rcode.NOERROR, tuple(records))
            name = found[0][3].lower()
            if not self._holds(name):
                return LocalAnswer(Rcode.NOERROR, tuple(records), leaves_to=name)
        return LocalAnswer(Rcode.SERVFAIL, ())

    def _holds(self, name: bytes) -> bool:
        return any(suffix in self._apexes for suffix in suffixes(name))

    def _types_at(self, name: bytes) -> dict[int, list[Record]] | None:
        types = self._names.get(name)
        if types is None and name not in self._parents:
            types = self._names.get(b"\x01*" + name[name[0] + 1 :])
        return types
