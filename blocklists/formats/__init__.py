"""List formats: one file per format, a registry, and the reference reading of a whole list.

Pure: text in, entries and reasons out. A parser never raises on a line, never widens what it means, and accounts for
every line, row or item by exactly one outcome.
"""

from blocklists.formats.protocol import (
    DocumentParser,
    Found,
    LineParser,
    Outcome,
    Parser,
    Row,
    Semantics,
    Syntax,
)
from blocklists.formats.reading import read, rows
from blocklists.formats.registry import FORMATS, LINE_FORMATS, line_parser, make_parser
from blocklists.formats.text import lines

__all__ = [
    "FORMATS",
    "LINE_FORMATS",
    "DocumentParser",
    "Found",
    "LineParser",
    "Outcome",
    "Parser",
    "Row",
    "Semantics",
    "Syntax",
    "line_parser",
    "lines",
    "make_parser",
    "read",
    "rows",
]
