"""List formats: one file per format, a registry, and the reference reading of a whole list.

Pure: text in, entries and reasons out. A parser never raises on a line, never widens what it means, and accounts for
every line by exactly one outcome.
"""

from blocklists.formats.protocol import LineParser, Outcome, Semantics, Syntax
from blocklists.formats.reading import lines, read
from blocklists.formats.registry import FORMATS, line_parser

__all__ = ["FORMATS", "LineParser", "Outcome", "Semantics", "Syntax", "line_parser", "lines", "read"]
