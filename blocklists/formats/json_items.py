"""JSON lists (RFC 8259): an array of items, found by pointers (RFC 6901).

The document is read whole; its size is bounded by the list's ``max_size``, its depth by the interpreter's. Only the
members that a pointer can pass are kept while it is read, so memory goes with the entries, not with their descriptions.
An object with a member twice says two things: no pointer leads through it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NoReturn

from blocklists.formats.mapped import RowReader
from blocklists.formats.names import MALFORMED
from blocklists.formats.protocol import DocumentParser, Outcome, Row
from blocklists.formats.text import BOM
from blocklists.model import ListSource

Pointer = tuple[str, ...]

_NOTHING = object()
"""What a pointer finds that leads nowhere; equal to no value of a document."""


class JsonParser(DocumentParser):
    """Parser of the format ``json``. A row's number is that of the item, from 1."""

    def __init__(self, source: ListSource) -> None:
        """ValueError if the list's ``fields`` are no pointers."""
        self._reader = RowReader(source)
        fields = self._reader.fields
        try:
            self._items, self._entry = parse_pointer(fields.items), parse_pointer(fields.entry)
            self._scope = parse_pointer(fields.scope) if fields.scope else None
        except ValueError as error:
            raise ValueError(f"list {source.id}: {error}") from None
        self._kept = {*self._items, *self._entry, *(self._scope or ())}
        self.scope = self._reader.scope

    def rows(self, data: bytes) -> Iterator[Row]:
        """See ``DocumentParser.rows``; the one malformed row has the line's number where reading ended."""
        try:
            text = data.removeprefix(BOM).decode("utf-8")
            document = json.loads(text, object_pairs_hook=self._members, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            yield error.lineno, MALFORMED
            return
        except (ValueError, RecursionError):  # not UTF-8, a number beyond reason, NaN, too deep
            yield 1, MALFORMED
            return
        del text
        items = find(document, self._items)
        if not isinstance(items, list):
            yield 1, MALFORMED
            return
        for number, item in enumerate(items, 1):
            yield number, (self._outcome(item),)

    def _outcome(self, item: object) -> Outcome:
        entry = find(item, self._entry)
        level = None if self._scope is None else find(item, self._scope)
        if not isinstance(entry, str) or not (level is None or isinstance(level, str)):
            return MALFORMED[0]
        if level is None and self._scope is not None:  # null says nothing
            return MALFORMED[0]
        return self._reader.outcome(entry, level)

    def _members(self, pairs: list[tuple[str, object]]) -> object:
        kept = {name: value for name, value in pairs if name in self._kept}
        wanted = sum(name in self._kept for name, _ in pairs)
        return kept if len(kept) == wanted else _NOTHING


def parse_pointer(text: str) -> Pointer:
    """The tokens of a JSON pointer; ValueError if it is none."""
    if not text:
        return ()
    if not text.startswith("/"):
        raise ValueError(f"`{text}` is no JSON pointer; write for example /url")
    tokens = text[1:].split("/")
    if any("~" in token.replace("~0", "").replace("~1", "") for token in tokens):
        raise ValueError(f"`{text}` is no JSON pointer: `~` is written ~0, `/` inside a name ~1")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def find(value: object, pointer: Pointer) -> object:
    """What a pointer leads to, or an object that no document holds."""
    for token in pointer:
        if isinstance(value, dict):
            value = value.get(token, _NOTHING)
        elif isinstance(value, list) and _is_index(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            return _NOTHING
    return value


def _is_index(token: str) -> bool:
    return token.isascii() and token.isdigit() and len(token) < 10 and (token == "0" or token[0] != "0")


def _refuse(_: str) -> NoReturn:
    raise ValueError("no JSON number")
