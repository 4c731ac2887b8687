"""Where the records of a transfer go while it runs: lines in memory, bounded in size. No socket, no clock.

``dns.xfr.Inbound`` knows in which order records may come (RFC 5936 section 2.2, RFC 1995 section 4) and drives this as
it would drive a zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dns.name
import dns.rdataclass
import dns.rdataset
import dns.transaction

from blocklists.sources.zone_faults import TooLargeError
from blocklists.sources.zone_text import record_line


@dataclass(frozen=True, slots=True)
class WholeZone:
    """All records of a zone."""

    soa: bytes
    lines: list[bytes]


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """What changed since the serial that was asked for, over all steps; a record that came and went is in neither."""

    soa: bytes
    removed: set[bytes]
    added: set[bytes]


class Records(dns.transaction.TransactionManager):
    """Takes one transfer; ``result`` is there once it is complete."""

    def __init__(self, origin: dns.name.Name, limit: int) -> None:
        """``limit`` bounds the lines in bytes."""
        self.origin, self.limit = origin, limit
        self.result: WholeZone | ZoneChange | None = None

    def writer(self, replacement: bool = False) -> dns.transaction.Transaction:
        """A transfer begins, or turns out to be a whole one."""
        return _Whole(self) if replacement else _Change(self)

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        """Names are absolute."""
        return self.origin, False, self.origin

    def get_class(self) -> dns.rdataclass.RdataClass:
        """IN."""
        return dns.rdataclass.IN


class _Writer(dns.transaction.Transaction):
    """What both kinds share: a line of bounded total size, and the SOA."""

    def __init__(self, manager: Records) -> None:
        super().__init__(manager)
        self._records = manager
        self._left = manager.limit
        self._soa = b""

    def _line(self, name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> bytes:
        line = record_line(name, rdataset, self._records.origin)
        self._left -= len(line) + 1
        if self._left < 0:
            raise TooLargeError
        return line

    def replace(self, *args: Any) -> None:
        """The SOA of a state of the zone; the last one stays."""
        name, rdataset = args
        self._soa = self._line(name, rdataset)

    def rollback(self) -> None:
        """Nothing is kept."""


class _Whole(_Writer):
    def __init__(self, manager: Records) -> None:
        super().__init__(manager)
        self._lines: list[bytes] = []

    def add(self, *args: Any) -> None:
        name, rdataset = args
        self._lines.append(self._line(name, rdataset))

    def commit(self) -> None:
        self._records.result = WholeZone(self._soa, self._lines)


class _Change(_Writer):
    def __init__(self, manager: Records) -> None:
        super().__init__(manager)
        self._removed: set[bytes] = set()
        self._added: set[bytes] = set()

    def add(self, *args: Any) -> None:
        name, rdataset = args
        _move(self._line(name, rdataset), self._removed, self._added)

    def delete_exact(self, *args: Any) -> None:
        name, rdataset = args
        _move(self._line(name, rdataset), self._added, self._removed)

    def commit(self) -> None:
        self._records.result = ZoneChange(self._soa, self._removed, self._added)


def _move(line: bytes, undone: set[bytes], done: set[bytes]) -> None:
    """What one step of a change does and a later one undoes is no change."""
    if line in undone:
        undone.remove(line)
    else:
        done.add(line)
