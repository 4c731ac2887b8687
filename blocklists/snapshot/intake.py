"""One list into the builder: clean lines by the native scanner, odd ones by the format's parser, all accounted for.

The counts are those of ``blocklists.formats.read``, whichever way a line went: a test switches the native path off and
compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol

from blocklists.canaries import canary_of
from blocklists.edits import REACH, SCOPE_OF, Change, Edit
from blocklists.formats.facts import URL_SCOPES, disposition, left_out, traits
from blocklists.formats.protocol import DocumentParser, Found, LineParser, Parser, Semantics
from blocklists.formats.reading import BAD_REASONS, SHOWN_BAD_LINES, identity, parse_line, rows
from blocklists.formats.registry import make_parser
from blocklists.guard import NO_GUARD, Guard
from blocklists.model import (
    Action,
    Disposition,
    Entry,
    HashedEntry,
    Kind,
    ListCounts,
    ListSource,
    Scope,
    Skip,
    SkipReason,
    Trait,
)
from blocklists.snapshot import native
from blocklists.snapshot.metadata import LocalData, client_owner
from blocklists.snapshot.tokens import STOP, Token, TokenTable
from blocklists.urls.collecting import UrlRecords

SYNTAXES = {
    "domains": native.SYNTAX_DOMAINS,
    "hosts": native.SYNTAX_HOSTS,
    "adblock": native.SYNTAX_ADBLOCK,
    "dnsmasq": native.SYNTAX_DNSMASQ,
}
_WIDE = {Scope.DOMAIN, Scope.WILDCARD}
_PREFIXES = {Scope.ADDRESS, Scope.CLIENT}


class Hears(Protocol):
    """Somebody who wants to know what the rows of a list say (``canonical_text.Said``)."""

    def add(self, outcomes: Iterable[Found]) -> None:
        """What one row gives."""

    def put(self, entry: Entry) -> None:
        """An entry that needed the whole file."""

    def take_back(self, entry: Entry) -> None:
        """An entry that the list itself takes back."""


class Intake:
    """Reads one list once. ``number`` is its place in the configuration.

    ``suffixes`` are public suffixes: the builder must have them marked if the native scanner is to see them. ``guard`` has
    the protected names below which entries are collected in ``guarded``, and
    whose pages no list may touch.
    """

    def __init__(
        self,
        source: ListSource,
        number: int,
        builder: native.Builder,
        tokens: TokenTable,
        suffixes: Collection[str],
        guard: Guard = NO_GUARD,
    ) -> None:
        self._source, self.number = source, number
        self._builder, self._tokens = builder, tokens
        self._suffixes = frozenset() if source.public_suffixes else suffixes
        self._guard = NO_GUARD if source.kind is Kind.PROTECTED else guard
        self._parser: Parser = make_parser(source)
        self._tally = _Tally()
        self._unplaced: set[tuple[str, Scope, Action, bool] | HashedEntry] = (
            set()
        )  # addresses, and entries left out or out of reach
        self.addresses: set[Entry] = set()
        """Prefixes that must not stand in answers; ``prefixes`` places them."""
        self.clients: set[Entry] = set()
        """Prefixes of clients that triggers speak about."""
        self.urls = UrlRecords(source, builder.key)
        """What the list says of pages and by digests."""
        self.counts = ListCounts()
        self.local_data: LocalData = {}
        self.odd_names: list[bytes] = []
        """Names that the parser gave, for lists whose entries may contradict each other."""
        self.suffixes: set[str] = set()
        """Public suffixes and top-level domains that stand in the list."""
        self.guarded: set[bytes] = set()
        """Entries below a protected name that protects all below it."""
        self.hearer: Hears | None = None
        """Is told every row that the parser reads."""

    @property
    def semantics(self) -> Semantics:
        """How the list's entries combine."""
        return self._parser.semantics

    @property
    def syntax(self) -> int | None:
        """The native syntax of its clean lines, if it has one."""
        return None if self._parser.syntax is None else SYNTAXES[self._parser.syntax]

    @property
    def is_guarded(self) -> bool:
        """Whether its entries may not take away protected names; those of a list of protected names do not."""
        return self._source.kind is not Kind.PROTECTED

    def read(self, data: bytes, *, use_native: bool = True) -> ListCounts:
        """Add all entries; where the lines went."""
        parser = self._parser
        if self.syntax is None or not use_native or isinstance(parser, DocumentParser):
            for number, outcomes in rows(parser, data):
                self._row(number, outcomes)
        else:
            self._scan(data, self.syntax, parser)
            self.guarded |= names_below(self._guard.domains, data, self.syntax)
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

    def holds(self, entry: Entry | HashedEntry) -> bool:
        """Whether the list has this very entry; one that it has not is added, so this is for a reading of which nothing
        else is wanted.
        """
        return self._add(entry) is False

    def complete(self, edits: Iterable[Edit] = ()) -> None:
        """Change what was read as the edits say, and add the canary. Neither is counted."""
        for edit in edits:
            self._edit(edit)
        if (canary := canary_of(self._source)) is not None:
            self._edit(Edit(Change.ADD, canary.name, canary.scope), canary.action)

    def _scan(self, data: bytes, syntax: int, parser: LineParser) -> None:
        def odd(number: int, start: int, end: int) -> None:
            line = data[start:end].decode("utf-8", "surrogateescape")
            self._row(number, parse_line(parser, line.removesuffix("\r"), number))

        token = self._tokens.number(Token(self.number, parser.scope))
        refuse = parser.scope in _WIDE and bool(self._suffixes)
        self._tally.scanned(self._builder.scan(data, syntax, token, odd, refuse))

    def _row(self, number: int, outcomes: tuple[Found, ...]) -> None:
        """Account for one line, row or item as ``ListCounts`` says."""
        if self.hearer is not None:
            self.hearer.add(outcomes)
        new = seen = False
        reasons: list[SkipReason] = []
        for outcome in outcomes:
            result = outcome.reason if isinstance(outcome, Skip) else self._add(outcome)
            if isinstance(result, SkipReason):
                if not isinstance(outcome, HashedEntry):
                    self._note_suffix(outcome.name)
                reasons.append(result)
            else:
                new, seen = new or result, seen or not result
        self._tally.line(number, new=new, seen=seen, reasons=reasons)

    def _note_suffix(self, name: str) -> None:
        """An entry or single label was left out: a top-level domain or public suffix is for the gates to know."""
        if name in self._suffixes:
            self.suffixes.add(name)

    def said_at(self, name: bytes) -> list[Token]:
        """What the list says at exactly this canonical name."""
        found = self._tokens.tokens(self._builder.tokens(name))
        return [token for token in found if token.list == self.number]

    def leave_out(self, name: bytes) -> None:
        """Take back what the list asks for at exactly this name; its exceptions stay."""
        kept = self._builder.tokens(name)
        gone = {
            self._tokens.number(token) for token in self.said_at(name) if token.action is not Action.ALLOW
        }
        if gone:
            self._builder.replace(name, [number for number in kept if number not in gone])
            self.local_data.pop(name.decode(), None)
            self.local_data.pop(f"*.{name.decode()}", None)

    def _finish(self) -> None:
        for entry in self._parser.finish():
            if self.hearer is not None:
                self.hearer.put(entry)
            if self._add(entry) is False and not (entry.scope in _WIDE and entry.name in self._suffixes):
                self._keep_local_data(entry)
        for entry in self._parser.removed():
            if self.hearer is not None:
                self.hearer.take_back(entry)
            self._remove(entry)

    def _add(self, entry: Entry | HashedEntry) -> bool | SkipReason:
        """True for a new entry, False for one seen before, the reason for one that is left out."""
        if identity(entry) in self._unplaced:
            return False
        if isinstance(entry, Entry):
            if reason := left_out(entry, self._suffixes, self._guard.domains):
                self._unplaced.add(identity(entry))
                return reason
            if entry.scope is Scope.ADDRESS and not self._source.addresses and self.semantics != "rpz":
                return SkipReason.ADDRESS
        added = self._place(entry)
        if added is True:
            self._tally.entry(entry, 1)
        return added

    def _place(self, entry: Entry | HashedEntry) -> bool | SkipReason:
        if disposition(entry) is Disposition.NOT_ENFORCEABLE:
            self._unplaced.add(identity(entry))
            return True
        if isinstance(entry, HashedEntry) or entry.scope in URL_SCOPES:
            return self.urls.add(entry)
        if entry.scope in _PREFIXES:
            self._unplaced.add(identity(entry))
            (self.addresses if entry.scope is Scope.ADDRESS else self.clients).add(replace(entry, data=()))
            self._keep_local_data(entry)
            return True
        return self._add_name(entry)

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
            if self._guard.domains and self._guard.protector(entry.name):
                self.guarded.add(name)
            if self.semantics != "union":
                self.odd_names.append(name)
        return added

    def _keep_local_data(self, entry: Entry) -> None:
        """Local data of a later entry replaces that of an earlier one."""
        if entry.action is not Action.LOCAL_DATA or not entry.data:
            return
        if entry.scope in {Scope.HOST, Scope.DOMAIN, Scope.ADDRESS}:
            self.local_data[entry.name] = entry.data
        if entry.scope is Scope.CLIENT:
            self.local_data[client_owner(entry.name)] = entry.data
        if entry.scope in _WIDE:
            self.local_data[f"*.{entry.name}"] = entry.data

    def _remove(self, entry: Entry) -> None:
        if entry.scope is Scope.ADDRESS:
            if entry in self.addresses:
                self.addresses.discard(entry)
                self._unplaced.discard(identity(entry))
                self._tally.entry(entry, -1)
            return
        token = self._tokens.number(Token(self.number, entry.scope, entry.action, entry.important))
        name = entry.name.encode("ascii", "replace")
        kept = self._builder.tokens(name)
        if token in kept:
            self._builder.replace(name, [number for number in kept if number != token])
            self._tally.entry(entry, -1)

    def _edit(self, edit: Edit, action: Action = Action.BLOCK) -> None:
        """An edit replaces what the list's text says at this very name, as far as it reaches; exceptions elsewhere
        still hold, an exception at this name only against a removal.
        """
        if edit.scope is Scope.ADDRESS:
            entry = Entry(edit.name, Scope.ADDRESS)
            (self.addresses.add if edit.change is Change.ADD else self.addresses.discard)(entry)
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


def names_below(domains: Collection[str], data: bytes, syntax: int) -> set[bytes]:
    """The names of clean lines that stand at or below one of ``domains``."""
    if not domains:
        return set()
    wanted = native.Builder(
        bytes(native.KEY_BYTES - 1) + b"\1"
    )  # no table is made with it, so any key will do
    for name in domains:
        wanted.add(name.encode("ascii"), 1)
    return set(wanted.find_below(data, syntax, [1]))


class _Tally:
    """The numbers of one list while it is read."""

    def __init__(self) -> None:
        self._lines = self._accepted = self._duplicate = 0
        self._skipped: Counter[SkipReason] = Counter()
        self._entry_skips: Counter[SkipReason] = Counter()
        self._dispositions: Counter[Disposition] = Counter()
        self._traits: Counter[Trait] = Counter()
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
        self._dispositions[Disposition.DNS] += result.accepted
        self._traits[Trait.IDN] += result.idn

    def entry(self, entry: Entry | HashedEntry, number: int) -> None:
        """One entry that came (1) or went (-1)."""
        self._dispositions[disposition(entry)] += number
        for trait in traits(entry):
            self._traits[trait] += number

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
            traits={trait: number for trait, number in self._traits.items() if number},
            first_bad_lines=tuple(self._bad),
        )
