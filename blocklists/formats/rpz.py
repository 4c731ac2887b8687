"""Response policy zones (RPZ) as master files: triggers on names, on addresses in answers and on clients.

======================  ==========================================
``name``                exactly this name
``*.name``              what lies below it
``24.0.2.0.192.rpz-ip``  answers with an address of 192.0.2.0/24
``….rpz-client-ip``     queries of clients of that prefix
``CNAME .``             NXDOMAIN
``CNAME *.``            NODATA
``CNAME rpz-passthru.``  let it pass (also a CNAME to the name itself, the old form)
``CNAME rpz-drop.``     no answer
``CNAME rpz-tcp-only.``  truncated answer over UDP
``CNAME *.garden.``     local data: the name asked for, below ``garden``
other records           local data, gathered per owner
======================  ==========================================

The apex's own records, DNSSEC records and all but the last line of a statement are HEADER. Triggers on name servers
are skipped as such. The source's override (``ListSource.fetching.rpz``) stands in place of every trigger's action. An
illegal list takes no triggers on clients: it says what must not be found, not by whom. A protected list takes what lets
pass, and nothing else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.ttl

from blocklists.canonical import CanonicalError
from blocklists.formats.names import (
    BLANK,
    COMMENT,
    HEADER,
    MALFORMED,
    MIN_PREFIX,
    UNSUPPORTED,
    clean,
    outcome,
)
from blocklists.formats.protocol import Outcome, Semantics, Syntax
from blocklists.formats.rpz_names import Labels, ZoneNames, trigger_address
from blocklists.formats.rpz_syntax import Statement, StatementReader, ZoneSyntaxError
from blocklists.model import Action, Entry, Kind, ListSource, Scope, Skip, SkipReason
from blocklists.properties import PolicyOverride

DEFAULT_TTL = 300
"""Seconds for local data where the zone states none."""

_ACTIONS = {
    ".": Action.NXDOMAIN,
    "*.": Action.NODATA,
    "rpz-passthru.": Action.ALLOW,
    "rpz-drop.": Action.DROP,
    "rpz-tcp-only.": Action.TCP_ONLY,
}
OVERRIDES: Mapping[PolicyOverride, Action] = {
    PolicyOverride.DISABLED: Action.COUNT,
    PolicyOverride.PASSTHRU: Action.ALLOW,
    PolicyOverride.NXDOMAIN: Action.NXDOMAIN,
    PolicyOverride.NODATA: Action.NODATA,
    PolicyOverride.DROP: Action.DROP,
    PolicyOverride.TCP_ONLY: Action.TCP_ONLY,
    PolicyOverride.CNAME: Action.LOCAL_DATA,
}
"""What every trigger of an overridden zone asks for."""
_ADDRESS_TRIGGERS = {"rpz-ip": Scope.ADDRESS, "rpz-client-ip": Scope.CLIENT}
_NAME_SERVER_TRIGGERS = frozenset({"rpz-nsip", "rpz-nsdname"})
_DNSSEC = frozenset({"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDNSKEY", "CDS", "ZONEMD"})
_REFUSED_TYPES = frozenset({"NS", "DNAME", "DS"})
"""Records that would change a zone's structure: the RPZ draft gives them no meaning as local data."""
_NAMES = frozenset({Scope.HOST, Scope.WILDCARD})
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
        self._override = OVERRIDES.get(source.fetching.rpz.override)
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
        if trigger[-1] in _NAME_SERVER_TRIGGERS:
            return (Skip(SkipReason.NAME_SERVER),)
        entry = self._triggered(trigger)
        if isinstance(entry, Skip):
            return (entry,)
        action = _action(".".join(trigger), rtype, rdata)
        if action is Action.LOCAL_DATA and self._override is None:
            return (self._local_data(entry, rtype, " ".join(rdata), self._ttl if ttl is None else ttl),)
        return (self._asked(entry, action),)

    def _triggered(self, trigger: Labels) -> Entry | Skip:
        """The entry of a trigger, without what it asks for."""
        if trigger == ("*",):
            return Skip(SkipReason.UNSUPPORTED)  # everything: that is what an allow-only profile is for
        scope = _ADDRESS_TRIGGERS.get(trigger[-1])
        if scope is not None:
            return self._prefix(trigger[:-1], scope)
        scope = Scope.WILDCARD if trigger[0] == "*" else Scope.HOST
        entry = outcome(".".join(trigger[scope is Scope.WILDCARD :]), scope, self._source)
        # An address in place of a name is no trigger, though the source may take addresses.
        is_address = isinstance(entry, Entry) and entry.scope is Scope.ADDRESS
        return Skip(SkipReason.ADDRESS) if is_address else entry

    def _prefix(self, labels: Labels, scope: Scope) -> Entry | Skip:
        if not labels:
            return Skip(SkipReason.BAD_NAME)
        try:
            text = trigger_address(labels)
        except CanonicalError:
            return Skip(SkipReason.BAD_NAME)
        network = ipaddress.ip_network(text)
        is_too_wide = network.prefixlen < MIN_PREFIX[network.version] and not network.is_private
        if network.prefixlen == 0 or (scope is Scope.ADDRESS and is_too_wide):
            return Skip(SkipReason.UNSUPPORTED)
        if scope is Scope.CLIENT and self._source.kind is Kind.ILLEGAL:
            return Skip(SkipReason.UNSUPPORTED)
        return Entry(text, scope)

    def _asked(self, entry: Entry, action: Action | None) -> Outcome:
        """The entry with what it asks for, as the zone's override and the list's kind have it."""
        if action is None:
            return Skip(SkipReason.UNSUPPORTED)
        action = self._override or action
        if self._source.kind is not Kind.PROTECTED:
            return replace(entry, action=action)
        if action is not Action.ALLOW or entry.scope not in _NAMES:
            return Skip(SkipReason.UNSUPPORTED)
        return entry

    def _local_data(self, trigger: Entry, rtype: str, text: str, ttl: int) -> Outcome:
        entry = self._asked(trigger, Action.LOCAL_DATA)
        if isinstance(entry, Skip):
            return entry
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
    return None if _RESERVED.fullmatch(target) else Action.LOCAL_DATA


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
