"""Hashed lists: one entry a line, as digests that the publisher made. ``#`` begins a comment.

=============  ===============================  ==============================================================
shape          line                             an entry is
=============  ===============================  ==============================================================
host-path      host digest, path digest, depth  with depth 0 the host and all below it; else every page of exactly
                                                this host whose first ``depth`` segments have the path digest
expression     digest of ``host/path?query``    every address that has it among its expressions
                                                (``blocklists.urls.expressions``)
expression     the first 4 bytes of it or more  nothing, until a full digest behind FULL_MARKER begins so
expression     with ``scope: domain``           the expression is ``host/``: the host and all below it
=============  ===============================  ==============================================================

Digests are hexadecimal; blanks, comma, semicolon or colon stand between parts. What the publisher has digested is
canonical (``blocklists.canonical.urls``) and without scheme, the path of ``host-path`` without its outer slashes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from blocklists.formats.names import BLANK, COMMENT, MALFORMED, clean
from blocklists.formats.protocol import DocumentParser, Found, Row
from blocklists.formats.text import lines
from blocklists.model import Disposition, HashedEntry, ListSource, Scope
from blocklists.properties import HashAlgorithm, HashShape

FULL_MARKER = b"\n#full-digests\n"
"""Behind it stand the full digests that confirm prefixes (``sources.full_digests`` puts both into one text)."""
DIGEST_BYTES = {HashAlgorithm.MD5: 16, HashAlgorithm.SHA1: 20, HashAlgorithm.SHA256: 32}
SHORTEST_PREFIX = 4
"""Bytes; the Safe Browsing protocol sends none shorter."""
MAX_DEPTH = 64
"""Segments of a path; what lies deeper is no page that anybody lists."""
MOST_CONFIRMED = 1000
"""Entries of one prefix: four bytes leave room for collisions, and none for a file that begins alike all over."""

_PARTS = re.compile(r"[\s,;:]+")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_DEPTH = re.compile(r"[0-9]{1,2}", re.ASCII)


class HashesParser(DocumentParser):
    """Parser of the format ``hashes``. A document of lines, because what a prefix means stands behind them all."""

    scope = Scope.DOMAIN

    def __init__(self, source: ListSource) -> None:
        """ValueError if nothing says how the digests are made."""
        hashes = source.fetching.hashes
        if hashes is None:
            raise ValueError(
                f"list {source.id}: format hashes needs `hashes`, which say how its digests are made"
            )
        self._size = DIGEST_BYTES[hashes.algorithm]
        self._is_expression = hashes.shape is HashShape.EXPRESSION
        self._has_full = bool(hashes.full)
        self._whole = Disposition.DNS if source.scope is Scope.DOMAIN else Disposition.URL_FILTER
        self._full: list[bytes] = []

    def rows(self, data: bytes) -> Iterator[Row]:
        """See ``DocumentParser.rows``. Full digests are no rows: they say nothing by themselves."""
        if self._has_full:
            data, _, full = data.partition(FULL_MARKER)
            self._full = sorted(set(self._digests(full)))
        for number, line in enumerate(lines(data), 1):
            yield number, self._line(clean(line, number))

    def _digests(self, data: bytes) -> Iterator[bytes]:
        for line in lines(data):
            text = line.strip()
            if _HEX.fullmatch(text) and len(text) == 2 * self._size:
                yield bytes.fromhex(text)

    def _line(self, text: str) -> tuple[Found, ...]:
        if not text:
            return BLANK
        if text.startswith("#"):
            return COMMENT
        parts = _PARTS.split(text.partition("#")[0].strip())
        return self._expression(parts) if self._is_expression else self._host_path(parts)

    def _expression(self, parts: list[str]) -> tuple[Found, ...]:
        if len(parts) != 1 or not _HEX.fullmatch(parts[0]):
            return MALFORMED
        digest = bytes.fromhex(parts[0])
        if len(digest) == self._size:
            return (HashedEntry(digest, disposition=self._whole),)
        if not SHORTEST_PREFIX <= len(digest) < self._size:
            return MALFORMED
        confirmed = tuple(HashedEntry(full, disposition=self._whole) for full in self._beginning_with(digest))
        return confirmed or (HashedEntry(digest, disposition=Disposition.NOT_ENFORCEABLE),)

    def _beginning_with(self, prefix: bytes) -> Iterator[bytes]:
        begin = bisect_left(self._full, prefix)
        for digest in self._full[begin : begin + MOST_CONFIRMED]:
            if not digest.startswith(prefix):
                return
            yield digest

    def _host_path(self, parts: list[str]) -> tuple[Found, ...]:
        if len(parts) != 3 or not _DEPTH.fullmatch(parts[2]) or int(parts[2]) > MAX_DEPTH:
            return MALFORMED
        if any(len(part) != 2 * self._size or not _HEX.fullmatch(part) for part in parts[:2]):
            return MALFORMED
        host, path, depth = bytes.fromhex(parts[0]), bytes.fromhex(parts[1]), int(parts[2])
        if depth == 0:
            return (HashedEntry(host, disposition=Disposition.DNS),)
        return (HashedEntry(host, path, depth),)
