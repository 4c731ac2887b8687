"""CSV lists (RFC 4180): one row an entry, in columns that the list names by their head or by number.

A row may go over several lines inside quotes. What the csv module refuses (a quote in the wrong place, a field beyond
its limit) makes every line that was swallowed malformed, so that one stray quote shows by as many bad rows as it costs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from blocklists.formats.mapped import RowReader
from blocklists.formats.names import BLANK, HEADER, MALFORMED
from blocklists.formats.protocol import DocumentParser, Outcome, Row
from blocklists.formats.text import lines
from blocklists.model import ListSource

_NO_DELIMITERS = '"\r\n\0'


class CsvParser(DocumentParser):
    """Parser of the format ``csv``. A row's number is that of its last line."""

    def __init__(self, source: ListSource) -> None:
        """ValueError if the list's ``fields`` are no columns."""
        self._reader = RowReader(source)
        fields = self._reader.fields
        self._names = (fields.entry, fields.scope) if fields.scope else (fields.entry,)
        if not fields.entry or any(name.strip("0") == "" for name in self._names):
            raise ValueError(
                f"list {source.id}: `fields` names no column; write its head, or its number from 1"
            )
        if len(fields.delimiter) != 1 or fields.delimiter in _NO_DELIMITERS:
            raise ValueError(
                f"list {source.id}: `fields.delimiter` is one character, and no quote or line end"
            )
        self.scope = self._reader.scope

    def rows(self, data: bytes) -> Iterator[Row]:
        """See ``DocumentParser.rows``. Without numbers the first row that is not blank is the head."""
        reader = csv.reader(
            (f"{line}\n" for line in lines(data)), delimiter=self._reader.fields.delimiter, strict=True
        )
        columns = self._numbers()
        while True:
            before = reader.line_num
            try:
                row = next(reader, None)
            except csv.Error:
                yield from ((number, MALFORMED) for number in range(before + 1, reader.line_num + 1))
                continue
            if row is None:
                return
            if not row:
                yield reader.line_num, BLANK
            elif columns is None:
                columns = self._find(row)
                yield reader.line_num, HEADER if columns else MALFORMED
            else:
                yield reader.line_num, (self._outcome(row, columns),) if columns else MALFORMED

    def _numbers(self) -> tuple[int, ...] | None:
        """The columns from 0 if all of them are given by number."""
        if not all(name.isascii() and name.isdigit() for name in self._names):
            return None
        return tuple(int(name) - 1 for name in self._names)

    def _find(self, head: list[str]) -> tuple[int, ...]:
        """The columns from 0 by their heads; empty if one is missing or stands twice."""
        heads = [cell.strip() for cell in head]
        if any(heads.count(name) != 1 for name in self._names):
            return ()
        return tuple(map(heads.index, self._names))

    def _outcome(self, row: list[str], columns: tuple[int, ...]) -> Outcome:
        if max(columns) >= len(row):
            return MALFORMED[0]
        cells = [row[column] for column in columns]
        return self._reader.outcome(cells[0], cells[1] if len(cells) > 1 else None)
