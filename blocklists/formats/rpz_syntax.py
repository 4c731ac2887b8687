"""Master file syntax (RFC 1035 section 5.1), as far as a response policy zone needs it.

Physical lines in, statements out: comments dropped, parentheses joined, quoted strings kept whole. A statement that
does not end within MAX_CONTINUATION lines is given up, so that a stray parenthesis costs lines, not the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CONTINUATION = 64
"""Lines of one statement; a SOA takes about seven."""
MAX_STATEMENT = 65_536
"""Characters of one statement: as many as rdata has octets."""

_TOKEN = re.compile(r'\s+|;.*|([()])|("(?:[^"\\]|\\.)*"|(?:[^\s;()"\\]|\\.)+)', re.DOTALL)


class ZoneSyntaxError(ValueError):
    """The line is no master file text."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A directive or record: its words, and whether it inherits the owner (it begins with a blank)."""

    words: tuple[str, ...]
    inherits_owner: bool


class StatementReader:
    """Joins physical lines to statements."""

    def __init__(self) -> None:
        """Begin outside any statement."""
        self._reset()

    @property
    def is_inside(self) -> bool:
        """True while a parenthesis is open."""
        return self._depth > 0

    def feed(self, line: str) -> Statement | None:
        """The statement that ends with this line; None if the line has no words or the statement goes on.

        ZoneSyntaxError for an unbalanced quote or parenthesis, or a statement without end; it is forgotten then.
        """
        try:
            words = self._tokens(line)
        except ZoneSyntaxError:
            self._reset()
            raise
        if not self._words and words:
            self._inherits = line[:1].isspace()
        self._words.extend(words)
        self._lines += 1
        self._size += len(line)
        if self.is_inside:
            if self._lines > MAX_CONTINUATION or self._size > MAX_STATEMENT:
                self._reset()
                raise ZoneSyntaxError("a parenthesis is not closed")
            return None
        statement = Statement(tuple(self._words), self._inherits) if self._words else None
        self._reset()
        return statement

    def _reset(self) -> None:
        self._words: list[str] = []
        self._depth = self._lines = self._size = 0
        self._inherits = False

    def _tokens(self, line: str) -> list[str]:
        words = []
        position = 0
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                raise ZoneSyntaxError("a quote is not closed, or a backslash escapes nothing")
            position = match.end()
            if match[1] is not None:
                self._depth += 1 if match[1] == "(" else -1
                if self._depth < 0:
                    raise ZoneSyntaxError("a parenthesis closes what was not opened")
            elif match[2] is not None:
                words.append(match[2])
        return words
