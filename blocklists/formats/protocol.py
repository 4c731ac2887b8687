"""What every format gives: a parser of single lines, or one of a whole document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal, Protocol

from blocklists.model import Entry, HashedEntry, Scope, Skip

Syntax = Literal["domains", "hosts", "adblock", "dnsmasq"]
"""A line form that the native scanner of ``blocklists.snapshot`` knows. It takes only lines that are beyond doubt."""

Semantics = Literal["union", "adblock", "rpz"]
"""How entries of one list combine: any entry at or above a name speaks; exceptions beat blocks; the most specific
trigger wins."""

Outcome = Entry | Skip

Found = Outcome | HashedEntry

Row = tuple[int, tuple[Found, ...]]
"""The number of a line, row or item, and one outcome per name in it; exactly one Skip where there is none."""


class LineParser(Protocol):
    """Reads one version of one list, line by line, in order. It never raises, whatever the text."""

    @property
    def syntax(self) -> Syntax | None:
        """The native syntax that agrees with this parser on clean lines; None = every line is this parser's."""
        ...

    @property
    def scope(self) -> Scope:
        """The scope that a clean line's name gets."""
        ...

    @property
    def semantics(self) -> Semantics:
        """How the list's entries combine."""
        ...

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """One outcome per name on the line; exactly one Skip for a line without names.

        ``line`` is without its LF, decoded from UTF-8 with surrogateescape; ``number`` counts from 1.
        """
        ...

    def finish(self) -> tuple[Entry, ...]:
        """Entries that need the whole file. An entry of the same name, scope and action replaces the earlier one."""
        ...

    def removed(self) -> tuple[Entry, ...]:
        """Entries that the list itself takes back (AdBlock ``$badfilter``), wherever they stand in it."""
        ...


class DocumentParser(ABC):
    """Reads one version of a list whose entries are not lines. It never raises, whatever the bytes.

    A base class and no protocol: a list is read by rows or by lines, and this tells which.
    """

    syntax: Syntax | None = None
    semantics: Semantics = "union"
    scope: Scope
    """The scope of entries that do not say it."""

    @abstractmethod
    def rows(self, data: bytes) -> Iterator[Row]:
        """Every row of the document in order; a document that is none is one malformed row."""

    def finish(self) -> tuple[Entry, ...]:
        """No entry needs the whole document."""
        return ()

    def removed(self) -> tuple[Entry, ...]:
        """No row takes another one back."""
        return ()


Parser = LineParser | DocumentParser
