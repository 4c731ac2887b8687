"""The canonical text of a list: what its digest or commitment in the public log stands for. Pure.

One line for each entry of a version, each once, sorted by bytes, each with LF. Parts of a line stand one space apart::

    domain bets.example                     a block: its scope, its canonical name, address, prefix or URL
    wildcard bets.example nxdomain          anything else that is asked for stands behind the name (``model.Action``)
    host bets.example passthru              the ALLOW of an RPZ zone; that of other lists is ``allow``
    domain bets.example block important     so does AdBlock's ``$important``
    host bets.example local-data [["A",300,"192.0.2.1"]]    and local data: type, TTL in seconds, rdata, as JSON, sorted
    expression sha256 6f1e…                 a publisher's digest: its shape, its algorithm, hexadecimal
    expression sha256 6f1e… site            … of a whole site (expression ``host/``)
    expression sha256 6f1e5c2a prefix       … which is only the beginning of one, and blocks nothing
    host-path sha256 6f1e…                  … of a host and all below it
    host-path sha256 6f1e… 90aa… 2          … of a host, and of the first two segments of the path

What the appliance leaves out whatever a list says (public suffixes with all their customers, pages of names that are
never listed) is no entry. Edits and canaries are none of the list's text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from blocklists.edits import BELOW, REACH
from blocklists.formats.facts import left_out
from blocklists.formats.protocol import DocumentParser, Found, LineParser
from blocklists.formats.reading import parse_line, rows
from blocklists.formats.registry import make_parser
from blocklists.guard import Guard
from blocklists.model import Action, Disposition, Entry, HashedEntry, Kind, ListSource, Scope, Skip
from blocklists.properties import HashShape
from blocklists.snapshot import native
from blocklists.snapshot.intake import SYNTAXES

PASSTHRU = "passthru"
"""An RPZ zone lets pass: unlike the ``allow`` of an AdBlock list, a nearer trigger of the zone outweighs it."""
MOST_APART = 200_000
"""Lines that are kept one by one, about 20 MB; more are folded into one text, or a list's lines would take tenfold memory."""
_WITH_PAGES = frozenset({"urls", "csv", "json"})
"""Formats whose entries may be pages."""
READING = 1
"""Raised whenever the same bytes would give another text."""


def canonical_text(
    source: ListSource,
    data: bytes,
    suffixes: Collection[str] = frozenset(),
    never: Collection[str] = frozenset(),
) -> bytes:
    """The canonical text of one version.

    ``suffixes`` are the public suffixes, ``never`` the names whose pages no list may touch (``formats.read``).
    ValueError for a format or scope that the source must not have; the bytes never cause an error.
    """
    parser = make_parser(source)
    said = Said(source, suffixes, never)
    clean = b""
    if isinstance(parser, DocumentParser) or parser.syntax is None:
        for _, outcomes in rows(parser, data):
            said.add(outcomes)
    else:
        clean = _clean_names(parser, data, said)
        said.gone.update(said.refused(parser.scope))
    for entry in parser.finish():
        said.put(entry)
    for entry in parser.removed():
        said.take_back(entry)
    return said.text(clean)


def is_scanned(source: ListSource) -> bool:
    """Whether the native scanner reads the greater part of the list, so that reading it once more costs little."""
    parser = make_parser(source)
    return not isinstance(parser, DocumentParser) and parser.syntax is not None


def never_listed(source: ListSource, guard: Guard) -> frozenset[str]:
    """The names whose pages this list may not touch; none for lists whose entries are never pages."""
    is_touched = source.format in _WITH_PAGES and source.kind is not Kind.PROTECTED
    return guard.domains if is_touched else frozenset()


def line_of(entry: Entry | HashedEntry, source: ListSource) -> bytes:
    """One entry of a list as a line, LF included."""
    if isinstance(entry, HashedEntry):
        return _hashed(entry, source)
    words = [entry.scope.value, entry.name]
    if entry.action is Action.ALLOW and source.format == "rpz":
        words.append(PASSTHRU)
    elif entry.action is not Action.BLOCK or entry.important:
        words.append(entry.action.value)
    if entry.important:
        words.append("important")
    if entry.data:
        words.append(json.dumps(sorted(entry.data), separators=(",", ":")))
    return " ".join(words).encode("ascii", "backslashreplace") + b"\n"


def _hashed(entry: HashedEntry, source: ListSource) -> bytes:
    hashes = source.fetching.hashes
    if hashes is None:
        raise ValueError(f"list {source.id}: digests of a list that does not say how they are made")
    words = [hashes.shape.value, hashes.algorithm.value, entry.digest.hex()]
    if entry.path:
        words += [entry.path.hex(), str(entry.depth)]
    elif entry.disposition is Disposition.NOT_ENFORCEABLE:
        words.append("prefix")
    elif hashes.shape is HashShape.EXPRESSION and entry.disposition is Disposition.DNS:
        words.append("site")
    return " ".join(words).encode() + b"\n"


class Said:
    """What the rows of a list say, as ``formats.read`` takes them: the first of its kind stands. Whoever reads the rows
    anyway lets it hear them.
    """

    def __init__(self, source: ListSource, suffixes: Collection[str], never: Collection[str]) -> None:
        """As ``canonical_text``."""
        self._source, self._never = source, never
        self._suffixes = frozenset() if source.public_suffixes else suffixes
        self._lines: set[bytes] = set()
        self._folded = b""
        self.gone: set[bytes] = set()
        """Lines that clean names must not give."""
        self._local: dict[tuple[str, str], Entry] = {}

    def add(self, outcomes: Iterable[Found]) -> None:
        """What one row gives."""
        for outcome in outcomes:
            if isinstance(outcome, HashedEntry):
                self._lines.add(line_of(outcome, self._source))
            elif not isinstance(outcome, Skip) and not left_out(outcome, self._suffixes, self._never):
                if outcome.action is Action.LOCAL_DATA:
                    self._local.setdefault((outcome.scope.value, outcome.name), outcome)
                else:
                    self._lines.add(line_of(outcome, self._source))
        if len(self._lines) >= MOST_APART:
            self._fold()

    def put(self, entry: Entry) -> None:
        """An entry that needed the whole file replaces what stood in its place."""
        if entry.action is Action.LOCAL_DATA:
            self._local[entry.scope.value, entry.name] = entry
        else:
            self._lines.add(line_of(entry, self._source))

    def take_back(self, entry: Entry) -> None:
        """The list itself takes an entry back."""
        self.gone.add(line_of(entry, self._source))

    def refused(self, scope: Scope) -> Iterable[bytes]:
        """The lines of clean names that are public suffixes, if they reach what is below them."""
        if not REACH.get(scope, 0) & BELOW:
            return ()
        return (f"{scope.value} {suffix}\n".encode() for suffix in self._suffixes if suffix.isascii())

    def text(self, clean: bytes = b"") -> bytes:
        """The canonical text; ``clean`` are lines that were not heard, sorted, each once."""
        self._lines.update(line_of(entry, self._source) for entry in self._local.values())
        self._fold()
        heard = native.merged_lines(self._folded, _sorted(self.gone), b"")
        return native.merged_lines(clean, _sorted(self.gone), heard)

    def _fold(self) -> None:
        self._folded = native.merged_lines(self._folded, b"", _sorted(self._lines))
        self._lines = set()


def _clean_names(parser: LineParser, data: bytes, said: Said) -> bytes:
    """The lines of all clean names, the odd lines to the parser."""

    def odd(number: int, start: int, end: int) -> None:
        line = data[start:end].decode("utf-8", "surrogateescape")
        said.add(parse_line(parser, line.removesuffix("\r"), number))

    assert parser.syntax is not None
    return native.sorted_names(data, SYNTAXES[parser.syntax], f"{parser.scope.value} ".encode(), odd)


def _sorted(lines: Iterable[bytes]) -> bytes:
    return b"".join(sorted(lines))
