"""One list into the builder: clean lines by the native scanner, odd ones by the format's parser, all accounted for.

The counts are those of ``blocklists.formats.read``, whichever way a line went: a test switches the native path off and
compares.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from blocklists.canaries import canary_of
from blocklists.edits import REACH, SCOPE_OF, Change, Edit
from blocklists.formats.protocol import LineParser, Semantics
from blocklists.formats.reading import BAD_REASONS, SHOWN_BAD_LINES, disposition, identity, lines
from blocklists.formats.registry import line_parser
from blocklists.model import Action, Disposition, Entry, ListCounts, ListSource, Scope, Skip, SkipReason
from blocklists.snapshot import native
from blocklists.snapshot.metadata import LocalData
from blocklists.snapshot.tokens import STOP, Token, TokenTable

SYNTAXES = {
    "domains": native.SYNTAX_DOMAINS,
    "hosts": native.SYNTAX_HOSTS,
    "adblock": native.SYNTAX_ADBLOCK,
    "dnsmasq": native.SYNTAX_DNSMASQ,
}
_WIDE = {Scope.DOMAIN, Scope.WILDCARD}
_URLS = {Scope.URL, Scope.URL_PREFIX}


class Intake:
    """Reads one list once. ``number`` is its place in the configuration.

    ``suffixes`` are public suffixes: the builder must have them marked if the native scanner is to see them.
    """

    def __init__(
        self,
        source: ListSource,
        number: int,
        builder: native.Builder,
        tokens: TokenTable,
        suffixes: Collection[str],
    ) -> None:
        self._source, self.number = source, number
        self._builder, self._tokens = builder, tokens
        self._suffixes = frozenset() if source.public_suffixes else suffixes
        self._parser: LineParser = line_parser(source)
        self._tally = _Tally()
        self._unplaced: set[tuple[str, Scope, Action, bool]] = (
            set()
        )  # entries that are no names; suffixes left out
        self._addresses: set[Entry] = set()
        self.counts = ListCounts()
        self.local_data: LocalData = {}
        self.odd_names: list[bytes] = []
        """Names that the parser gave, for lists whose entries may contradict each other."""

    @property
    def semantics(self) -> Semantics:
        """How the list's entries combine."""
        return self._parser.semantics

    @property
    def syntax(self) -> int | None:
        """The native syntax of its clean lines, if it has one."""
        return None if self._parser.syntax is None else SYNTAXES[self._parser.syntax]

    def read(self, data: bytes, *, use_native: bool = True) -> ListCounts:
        """Add all entries; where the lines went."""
        if self.syntax is None or not use_native:
            for number, line in enumerate(lines(data), start=1):
                self._line(number, line)
        else:
            self._scan(data, self.syntax)
        self._finish()
        self.counts = self._tally.counts()
        return self.counts

    def move(self, number: int, builder: native.Builder, tokens: TokenTable) -> None:
        """Become list ``number`` of a table that holds other lists too: what was read is added to its builder.

        Its builder must have the same key, and the same suffixes marked. To be called before ``complete``.
        """
        numbers = [STOP] + [tokens.number(replace(token, list=number)) for token in self._tokens]
        builder.merge(self._builder, numbers)
        self.number, self._builder, self._tokens = number, builder, tokens

    def complete(self, edits: Iterable[Edit] = ()) -> None:
        """Change what was read as the edits say, and add canary and addresses. Edits and canary are not counted."""
        for edit in edits:
            self._edit(edit)
        if (canary := canary_of(self._source)) is not None:
            self._edit(Edit(Change.ADD, canary.name, canary.scope), canary.action)
        self._place_addresses()

    def _scan(self, data: bytes, syntax: int) -> None:
        def odd(number: int, start: int, end: int) -> None:
            line = data[start:end].decode("utf-8", "surrogateescape")
            self._line(number, line.removesuffix("\r"))

        scope = self._parser.scope
        token = self._tokens.number(Token(self.number, scope))
        refuse = scope in _WIDE and bool(self._suffixes)
        self._tally.scanned(self._builder.scan(data, syntax, token, odd, refuse))

    def _line(self, number: int, line: str) -> None:
        """Account for one line as ``ListCounts`` says."""
        new = seen = False
        reasons: list[SkipReason] = []
        for outcome in self._parser.parse(line, number):
            result = outcome.reason if isinstance(outcome, Skip) else self._add(outcome)
            if isinstance(result, SkipReason):
                reasons.append(result)
            else:
                new, seen = new or result, seen or not result
        self._tally.line(number, new=new, seen=seen, reasons=reasons)

    def _finish(self) -> None:
        for entry in self._parser.finish():
            if self._add(entry) is False and identity(entry) not in self._unplaced:
                self._keep_local_data(entry)
        for entry in self._parser.removed():
            self._remove(entry)

    def _place_addresses(self) -> None:
        for entry in self._addresses:
            network = ipaddress.ip_network(entry.name)
            token = self._tokens.number(Token(self.number, Scope.ADDRESS, entry.action))
            self._builder.add_address(network.network_address.packed, network.prefixlen, token)

    def _add(self, entry: Entry) -> bool | SkipReason:
        """True for a new entry, False for one seen before, the reason for one that is left out."""
        if identity(entry) in self._unplaced:
            return False
        if entry.scope in _WIDE and entry.action is not Action.ALLOW and entry.name in self._suffixes:
            self._unplaced.add(identity(entry))
            return SkipReason.PUBLIC_SUFFIX
        if entry.scope is Scope.ADDRESS and not self._source.addresses:
            return SkipReason.ADDRESS
        added = self._add_other(entry) if entry.scope in _URLS | {Scope.ADDRESS} else self._add_name(entry)
        if added is True:
            self._tally.entry(disposition(entry), 1)
        return added

    def _add_other(self, entry: Entry) -> bool:
        self._unplaced.add(identity(entry))
        if entry.scope is Scope.ADDRESS:
            self._addresses.add(entry)
        return True

    def _add_name(self, entry: Entry) -> bool | SkipReason:
        if "." not in entry.name and entry.action is not Action.LOCAL_DATA:
            return SkipReason.SINGLE_LABEL
        token = Token(self.number, entry.scope, entry.action, entry.important)
        try:
            name = entry.name.encode("ascii")
            added = self._builder.add(name, self._tokens.number(token))
        except ValueError:
            return SkipReason.BAD_NAME
        if added:
            self._keep_local_data(entry)
            if self.semantics != "union":
                self.odd_names.append(name)
        return added

    def _keep_local_data(self, entry: Entry) -> None:
        """Local data of a later entry replaces that of an earlier one."""
        if entry.action is not Action.LOCAL_DATA:
            return
        if entry.scope in {Scope.HOST, Scope.DOMAIN}:
            self.local_data[entry.name] = entry.data
        if entry.scope in _WIDE:
            self.local_data[f"*.{entry.name}"] = entry.data

    def _remove(self, entry: Entry) -> None:
        if entry.scope in _URLS | {Scope.ADDRESS}:
            self._addresses.discard(entry)
            if identity(entry) in self._unplaced:
                self._unplaced.discard(identity(entry))
                self._tally.entry(disposition(entry), -1)
            return
        token = self._tokens.number(Token(self.number, entry.scope, entry.action, entry.important))
        name = entry.name.encode("ascii", "replace")
        kept = self._builder.tokens(name)
        if token in kept:
            self._builder.replace(name, [number for number in kept if number != token])
            self._tally.entry(Disposition.DNS, -1)

    def _edit(self, edit: Edit, action: Action = Action.BLOCK) -> None:
        """An edit replaces what the list's text says at this very name, as far as it reaches; exceptions elsewhere
        still hold, an exception at this name only against a removal.
        """
        if edit.scope is Scope.ADDRESS:
            entry = Entry(edit.name, Scope.ADDRESS)
            (self._addresses.add if edit.change is Change.ADD else self._addresses.discard)(entry)
            return
        name, reach = edit.name.encode("ascii"), REACH[edit.scope]
        before = self._builder.tokens(name)
        after = {number for number in before if number != STOP}
        for number in tuple(after):
            token = self._tokens.token(number)
            if token.list != self.number or (edit.change is Change.REMOVE and token.action is Action.ALLOW):
                continue
            after.discard(number)
            if rest := REACH[token.scope] & ~reach:
                kept = Token(self.number, SCOPE_OF[rest], token.action, token.important)
                after.add(self._tokens.number(kept))
        if edit.change is Change.ADD:
            important = self.semantics == "adblock"  # not to be lifted by the list's own plain exceptions
            after.add(self._tokens.number(Token(self.number, edit.scope, action, important)))
        if after != set(before):
            self._builder.replace(name, after)
            if self.semantics != "union":
                self.odd_names.append(name)


class _Tally:
    """The numbers of one list while it is read."""

    def __init__(self) -> None:
        self._lines = self._accepted = self._duplicate = 0
        self._skipped: Counter[SkipReason] = Counter()
        self._entry_skips: Counter[SkipReason] = Counter()
        self._dispositions: Counter[Disposition] = Counter()
        self._bad: list[tuple[int, SkipReason]] = []

    def line(self, number: int, *, new: bool, seen: bool, reasons: list[SkipReason]) -> None:
        """One line that the parser read."""
        self._lines += 1
        if new or seen:
            self._accepted += new
            self._duplicate += not new
            self._entry_skips.update(reasons)
            return
        self._skipped[reasons[0]] += 1
        if reasons[0] in BAD_REASONS and len(self._bad) < SHOWN_BAD_LINES:
            self._bad.append((number, reasons[0]))

    def scanned(self, result: native.ScanResult) -> None:
        """The lines that the native scanner kept to itself; each has at most one name."""
        self._lines += result.accepted + result.duplicate + result.blank + result.comment
        self._accepted += result.accepted
        self._duplicate += result.duplicate
        self._skipped.update({SkipReason.BLANK: result.blank, SkipReason.COMMENT: result.comment})
        self.entry(Disposition.DNS, result.accepted)

    def entry(self, kind: Disposition, number: int) -> None:
        """Entries that came or went."""
        self._dispositions[kind] += number

    def counts(self) -> ListCounts:
        """The finished numbers."""
        dispositions = {kind: number for kind, number in self._dispositions.items() if number}
        return ListCounts(
            lines=self._lines,
            accepted=self._accepted,
            duplicate=self._duplicate,
            skipped={reason: number for reason, number in self._skipped.items() if number},
            entries=sum(dispositions.values()),
            entry_skips=dict(self._entry_skips),
            dispositions=dispositions,
            first_bad_lines=tuple(self._bad),
        )
