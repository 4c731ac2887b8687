"""What a new version of a list says otherwise than the one before, where that can be told from the lines that differ.

Read are the lines that came or went, every line that has a name of theirs, and every line that is not beyond doubt
(``native``'s odd lines): of those names both versions are then known wholly. Whatever might bear on other names (exceptions,
guarded names, whole documents) has no such answer, and the version is read and compiled as a whole. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from blocklists.edits import REACH, SCOPE_OF, Change, Edit
from blocklists.formats.protocol import DocumentParser, Found
from blocklists.formats.reading import read, rows
from blocklists.formats.registry import make_parser
from blocklists.guard import Guard, parents
from blocklists.model import (
    Action,
    Confidentiality,
    Entry,
    HashedEntry,
    ListCounts,
    ListSource,
    Scope,
    Skip,
    SkipReason,
)
from blocklists.snapshot import native
from blocklists.snapshot.aligning import regions
from blocklists.snapshot.intake import SYNTAXES

MOST_CHANGED = 20_000
"""Lines that came or went, each, and odd lines: reading so many takes a fifth of a second, compiling a million takes one."""

_BOM = b"\xef\xbb\xbf"
_ADDRESS_MARKS = frozenset(":/")
"""Characters of addresses that no name has; lines with addresses are odd, so that none needs to be looked for."""
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class VersionChange:
    """``edits`` say wholly what the list's text says now at every name that it may say something else of."""

    edits: tuple[Edit, ...]
    gone: ListCounts
    """Of the version before, as far as the two differ: what both have alike counts alike in both."""
    come: ListCounts
    """Of the new one; its first bad lines are those of all of it."""
    moved: tuple[int, int] = (0, 0)
    """How many entries came, and how many went."""

    def counts(self, before: ListCounts) -> ListCounts:
        """The counts of the new version; ``before`` are those of the one before, about the same guarded names."""
        gone, come = self.gone, self.come
        return ListCounts(
            lines=before.lines - gone.lines + come.lines,
            accepted=before.accepted - gone.accepted + come.accepted,
            duplicate=before.duplicate - gone.duplicate + come.duplicate,
            skipped=_moved(before.skipped, gone.skipped, come.skipped),
            entries=before.entries - gone.entries + come.entries,
            entry_skips=_moved(before.entry_skips, gone.entry_skips, come.entry_skips),
            dispositions=_moved(before.dispositions, gone.dispositions, come.dispositions),
            traits=_moved(before.traits, gone.traits, come.traits),
            first_bad_lines=come.first_bad_lines,
            coverage=before.coverage,
        )


def version_change(
    source: ListSource, before: bytes, after: bytes, suffixes: Collection[str], guard: Guard, key: bytes
) -> VersionChange | None:
    """What ``after`` says otherwise than ``before``; None if only reading all of it tells.

    ``suffixes`` are the public suffixes, ``key`` KEY_BYTES random bytes; a change at a name of ``guard``, above one or below a protected one has no answer.
    """
    texts = _texts(source, before, after, key)
    if texts is None or (differing := _differing(*texts)) is None:
        return None
    old, new = texts
    names = _names(source, (old.cut(differing[0]), new.cut(differing[1])))
    if names is None or not _is_free(names, suffixes, guard):
        return None
    gone, come = old.part(names), new.part(names)
    return None if gone is None or come is None else _told(source, names, gone, come, suffixes)


@dataclass(frozen=True, slots=True)
class _Text:
    data: bytes
    syntax: int
    key: bytes
    """Random, so that nobody can write lines that pass for others."""

    def cut(self, spans: Iterable[tuple[int, int]]) -> bytes:
        """These lines, in the order of the text."""
        return b"\n".join(self.data[start:end] for start, end in sorted(spans))

    def part(self, names: Collection[str]) -> _Part | None:
        """The lines with one of the names, and the odd ones; None if they are too many."""
        wanted = native.Builder(self.key)
        for name in names:
            if not _ADDRESS_MARKS.intersection(name):
                wanted.add(name.encode("ascii"), 1)
        found = wanted.find_naming(self.data, self.syntax, 2 * MOST_CHANGED)
        if len(found.lines) > 2 * MOST_CHANGED:
            return None
        return _Part(self.cut((start, end) for _, start, end in found.lines), found)


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of a text that are read, and what there is beside them."""

    text: bytes
    found: native.Naming

    def counts(self, source: ListSource, suffixes: Collection[str]) -> ListCounts:
        """Of the whole text, but every clean line beside these counts as a duplicate: what such a line has is the same in
        both versions.
        """
        found, counts = self.found, read(source, self.text, suffixes=suffixes)[1]
        beside = found.names - (len(found.lines) - found.odd)
        skipped = Counter(counts.skipped)
        skipped.update({SkipReason.BLANK: found.blank, SkipReason.COMMENT: found.comment})
        return replace(
            counts,
            lines=counts.lines + beside + found.blank + found.comment,
            duplicate=counts.duplicate + beside,
            skipped=dict(skipped),
            first_bad_lines=tuple(
                (found.lines[number - 1][0], reason) for number, reason in counts.first_bad_lines
            ),
        )


def _texts(source: ListSource, before: bytes, after: bytes, key: bytes) -> tuple[_Text, _Text] | None:
    """Both texts, if lines of theirs can be told apart."""
    parser = make_parser(source)
    is_whole = isinstance(parser, DocumentParser) or parser.syntax is None
    if is_whole or source.confidentiality is Confidentiality.SECRET:
        return None
    if before.startswith(_BOM) or after.startswith(_BOM):
        return None
    assert parser.syntax is not None
    syntax = SYNTAXES[parser.syntax]
    return _Text(before, syntax, key), _Text(after, syntax, key)


def _differing(old: _Text, new: _Text) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
    """The lines that went and those that came, perhaps with some that only moved; None if they are too many."""
    if (found := regions(old.data, new.data, MOST_CHANGED)) is not None:
        return found
    went = native.lines_not_in(old.data, new.data, old.key, MOST_CHANGED)
    came = native.lines_not_in(new.data, old.data, old.key, MOST_CHANGED)
    return None if max(len(went), len(came)) > MOST_CHANGED else (went, came)


def _names(source: ListSource, texts: Iterable[bytes]) -> set[str] | None:
    """The names on these lines; None if one of them asks for anything but plain blocks of names and addresses, or has a
    single label, which the gates must know of.
    """
    names: set[str] = set()
    for text in texts:
        if any(isinstance(outcome, Skip) and outcome.name for outcome in _outcomes(source, text)):
            return None
        for entry in _entries(source, text):
            if entry is None:
                return None
            names.add(entry.name)
    return names


def _outcomes(source: ListSource, text: bytes) -> Iterator[Found]:
    return (outcome for _, outcomes in rows(make_parser(source), text) for outcome in outcomes)


def _entries(source: ListSource, text: bytes) -> Iterator[Entry | None]:
    """The entries of lines, each None that bears on others or is no name."""
    parser = make_parser(source)
    for _, outcomes in rows(parser, text):
        for outcome in outcomes:
            if not isinstance(outcome, Skip):
                yield _plain(outcome)
    if parser.finish() or parser.removed():
        yield None


def _plain(entry: Entry | HashedEntry) -> Entry | None:
    if isinstance(entry, HashedEntry) or entry.scope not in REACH:
        return None
    return entry if entry.action is Action.BLOCK and not entry.important else None


def _is_free(names: Iterable[str], suffixes: Collection[str], guard: Guard) -> bool:
    """Whether no public suffix, no single label and nothing about a guarded name is among them."""
    guarded = {*guard.protected, *guard.popular, *guard.today}
    guarded |= {parent for name in guarded for parent in parents(name)}
    return not any(
        name in suffixes or name in guarded or guard.protector(name) or not ("." in name or ":" in name)
        for name in names
    )


def _told(
    source: ListSource, names: Iterable[str], gone: _Part, come: _Part, suffixes: Collection[str]
) -> VersionChange | None:
    """What the lines of two versions say of the names; None if any of them bears on others."""
    said = dict.fromkeys(names, 0)
    addresses: set[str] = set()
    listed: tuple[set[Entry], set[Entry]] = (set(), set())
    for part, seen in zip((gone, come), listed, strict=True):
        for entry in _entries(source, part.text):
            if entry is None:
                return None
            seen.add(entry)
            if entry.scope is Scope.ADDRESS:
                addresses.add(entry.name)
            if part is come and entry.name in said:
                said[entry.name] |= REACH[entry.scope]
    return VersionChange(
        tuple(edit for name in sorted(said) for edit in _edits(name, said[name], name in addresses)),
        gone.counts(source, suffixes),
        come.counts(source, suffixes),
        (len(listed[1] - listed[0]), len(listed[0] - listed[1])),
    )


def _edits(name: str, said: int, is_address: bool) -> Iterator[Edit]:
    """The edits after which a list says just so much at a name."""
    if is_address:
        yield Edit(Change.ADD if said else Change.REMOVE, name, Scope.ADDRESS)
        return
    if said:
        yield Edit(Change.ADD, name, SCOPE_OF[said])
    if not_said := max(SCOPE_OF) & ~said:
        yield Edit(Change.REMOVE, name, SCOPE_OF[not_said])


def _moved(before: Mapping[_Key, int], gone: Mapping[_Key, int], come: Mapping[_Key, int]) -> dict[_Key, int]:
    total = Counter(before)
    total.subtract(gone)
    total.update(come)
    return {key: number for key, number in total.items() if number}
