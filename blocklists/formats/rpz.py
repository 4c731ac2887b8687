"""Response policy zones (RPZ) as master files: QNAME triggers, and ``rpz-ip`` triggers if the source takes addresses.

======================  ==========================================
``name``                exactly this name
``*.name``              what lies below it
``CNAME .``             NXDOMAIN
``CNAME *.``            NODATA
``CNAME rpz-passthru.``  exception inside this list (also a CNAME to the name itself, the old form)
``CNAME rpz-drop.``     no answer
``CNAME rpz-tcp-only.``  truncated answer over UDP
other records           local data, gathered per owner
======================  ==========================================

The apex's own records, DNSSEC records and all but the last line of a statement are HEADER. Triggers on clients and
name servers are unsupported: honouring them needs what a list does not know.
"""

from __future__ import annotations

import re
from dataclasses import replace

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.ttl

from blocklists.formats.names import (
    BLANK,
    COMMENT,
    HEADER,
    MALFORMED,
    UNSUPPORTED,
    address_outcome,
    clean,
    outcome,
)
from blocklists.formats.protocol import Outcome, Semantics, Syntax
from blocklists.formats.rpz_names import Labels, ZoneNames, trigger_address
from blocklists.formats.rpz_syntax import Statement, StatementReader, ZoneSyntaxError
from blocklists.model import Action, Entry, ListSource, Scope, Skip, SkipReason

DEFAULT_TTL = 300
"""Seconds for local data where the zone states none."""

_ACTIONS = {
    ".": Action.NXDOMAIN,
    "*.": Action.NODATA,
    "rpz-passthru.": Action.ALLOW,
    "rpz-drop.": Action.DROP,
    "rpz-tcp-only.": Action.TCP_ONLY,
}
_ADDRESS_ACTIONS = frozenset({Action.NXDOMAIN, Action.NODATA, Action.DROP})
"""What can be done about an address: all of these keep it from the client."""
_TRIGGER_KINDS = frozenset({"rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"})
_DNSSEC = frozenset({"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDNSKEY", "CDS", "ZONEMD"})
_REFUSED_TYPES = frozenset({"NS", "DNAME", "DS"})
"""Records that would change a zone's structure: the RPZ draft gives them no meaning as local data."""
_RESERVED = re.compile(r"rpz-[^.]*\.")
_CLASSES = frozenset({"IN", "CH", "HS"})
_UNKNOWN_ORIGIN = dns.name.Name((b"\0origin", b""))
_UNKNOWN_MARK = "\\000origin"

_Key = tuple[str, Scope]
_Record = tuple[str, int, str]


class RpzParser:
    """Parser of the format ``rpz``: it remembers origin, owner, TTL and local data from line to line."""

    syntax: Syntax | None = None
    scope = Scope.HOST
    semantics: Semantics = "rpz"

    def __init__(self, source: ListSource) -> None:
        """The scope of each trigger is its own; the source's is not used."""
        self._source = source
        self._reader = StatementReader()
        self._names = ZoneNames()
        self._owner = ""
        self._ttl = DEFAULT_TTL
        self._local: dict[_Key, dict[_Record, None]] = {}

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """See ``LineParser.parse``. The outcome of a statement belongs to its last line."""
        text = clean(line, number)
        if not text:
            return BLANK
        if text.startswith(";"):
            return COMMENT
        try:
            statement = self._reader.feed(line.removeprefix("\ufeff") if number == 1 else line)
            return HEADER if statement is None else self._statement(statement)
        except ZoneSyntaxError:
            return MALFORMED

    def finish(self) -> tuple[Entry, ...]:
        """One entry per owner of local data, with all its records."""
        return tuple(
            Entry(name, scope, Action.LOCAL_DATA, data=tuple(records))
            for (name, scope), records in self._local.items()
        )

    def removed(self) -> tuple[Entry, ...]:
        """A zone takes nothing back."""
        return ()

    def _statement(self, statement: Statement) -> tuple[Outcome, ...]:
        if statement.words[0].startswith("$") and not statement.inherits_owner:
            return self._directive(statement.words)
        return self._record(statement)

    def _directive(self, words: tuple[str, ...]) -> tuple[Outcome, ...]:
        match words[0].upper(), len(words):
            case "$ORIGIN", 2:
                self._names.set_origin(words[1])
            case "$TTL", 2 if (ttl := _ttl(words[1])) is not None:
                self._ttl = ttl
            case "$INCLUDE" | "$GENERATE", _:
                return UNSUPPORTED
            case _:
                return MALFORMED
        return HEADER

    def _record(self, statement: Statement) -> tuple[Outcome, ...]:
        words = list(statement.words)
        if not statement.inherits_owner:
            self._owner = words.pop(0)
        ttl = _take_ttl_and_class(words)
        if not self._owner or len(words) < 2 or words[0].upper() in _CLASSES:
            return MALFORMED
        rtype, rdata = words[0].upper(), words[1:]
        if rtype == "SOA":
            self._names.set_apex(self._owner)
        trigger = self._names.trigger(self._owner)
        if trigger is None:
            return MALFORMED
        if not trigger or rtype in _DNSSEC:
            return HEADER
        if trigger[-1] in _TRIGGER_KINDS:
            return (self._address(trigger, rtype, rdata),)
        return (self._name(trigger, rtype, rdata, self._ttl if ttl is None else ttl),)

    def _address(self, trigger: Labels, rtype: str, rdata: list[str]) -> Outcome:
        action = _action("", rtype, rdata)
        if trigger[-1] != "rpz-ip" or action not in _ADDRESS_ACTIONS or not self._source.addresses:
            return Skip(SkipReason.UNSUPPORTED)
        try:
            return address_outcome(trigger_address(trigger[:-1]), self._source, action)
        except ValueError:
            return Skip(SkipReason.BAD_NAME)

    def _name(self, trigger: Labels, rtype: str, rdata: list[str], ttl: int) -> Outcome:
        scope = Scope.WILDCARD if trigger[0] == "*" else Scope.HOST
        name = ".".join(trigger[1:] if scope is Scope.WILDCARD else trigger)
        action = _action(name, rtype, rdata)
        if action is None:
            return Skip(SkipReason.UNSUPPORTED)
        entry = outcome(name, scope, self._source, action)
        if isinstance(entry, Skip) or action is not Action.LOCAL_DATA:
            return entry
        return self._local_data(entry, rtype, " ".join(rdata), ttl)

    def _local_data(self, entry: Entry, rtype: str, text: str, ttl: int) -> Outcome:
        origin = self._names.origin_text
        try:
            base = _UNKNOWN_ORIGIN if origin is None else dns.name.from_text(origin)
            rdata = dns.rdata.from_text(
                dns.rdataclass.IN, rtype, text, origin=base, relativize=False
            ).to_text()
        except (dns.exception.DNSException, ValueError):
            return Skip(SkipReason.MALFORMED)
        if _UNKNOWN_MARK in rdata:  # a relative name, and the file does not say relative to what
            return Skip(SkipReason.UNSUPPORTED)
        record = (rtype, ttl, rdata)
        self._local.setdefault((entry.name, entry.scope), {})[record] = None
        return replace(entry, data=(record,))


def _action(name: str, rtype: str, rdata: list[str]) -> Action | None:
    """What a record asks for at ``name``; None for what the RPZ draft reserves or a list cannot ask for."""
    if rtype in _REFUSED_TYPES:
        return None
    if rtype != "CNAME" or len(rdata) != 1:
        return Action.LOCAL_DATA
    target = rdata[0].lower()
    if target in _ACTIONS:
        return _ACTIONS[target]
    if target == f"{name}.":
        return Action.ALLOW
    return None if target.startswith("*.") or _RESERVED.fullmatch(target) else Action.LOCAL_DATA


def _take_ttl_and_class(words: list[str]) -> int | None:
    """Remove class IN and the TTL, in either order, from the front of a record's words; the TTL in seconds."""
    ttl = None
    for _ in range(2):
        value = _ttl(words[0]) if ttl is None and len(words) > 1 else None
        if value is None and words[:1] not in (["IN"], ["in"]):
            break
        ttl = ttl if value is None else value
        del words[0]
    return ttl


def _ttl(text: str) -> int | None:
    """Seconds of ``300`` or ``1h30m``; None if it is no TTL (RFC 2181 section 8)."""
    try:
        return dns.ttl.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None
