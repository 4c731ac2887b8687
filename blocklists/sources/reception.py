"""A body on its way, over as many connections as it takes (RFC 9110 section 14). Pure: heads and pieces in, text out.

What was cut is continued only under a strong validator: the server promises that both parts are of the same bytes. A
server that has other bytes meanwhile sends them whole, and all that came before is dropped. Nothing of a body is ever
on a disk: what has come is in memory, unpacked, where the whole must go anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from blocklists.sources.model import FetchError, Known, too_large
from blocklists.sources.unpacking import BoundedUnpacker

_PLAIN, _GZIP = frozenset({"", "identity"}), frozenset({"gzip", "x-gzip"})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.ASCII)
_MEDIA = ("image/", "audio/", "video/", "font/", "application/pdf")


class Reception:
    """Takes the head of an answer, then its pieces. Every method may raise FetchError, which names ``place``."""

    def __init__(self, place: str, limit: int) -> None:
        """``limit`` holds for what travels and for what comes out of it."""
        self.place, self._limit = place, limit
        self._start({}, "")

    def _start(self, headers: Mapping[str, str], encoding: str) -> None:
        self.received = 0
        """Bytes as they travel."""
        self.total = _number(headers.get("Content-Length", ""))
        self.validators = Known(headers.get("ETag", ""), headers.get("Last-Modified", ""))
        self._encoding = encoding
        self._unpacker = BoundedUnpacker(self.place, self._limit) if encoding in _GZIP else None
        self._pieces: list[bytes] = []

    @property
    def continuation(self) -> dict[str, str]:
        """The headers that ask for the rest; none if the whole must be asked for again."""
        etag = self.validators.etag
        if not self.received or not etag.startswith('"'):
            return {}
        return {"Range": f"bytes={self.received}-", "If-Range": etag}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer with a body begins: 200 is the whole, 206 the rest that was asked for."""
        encoding = headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _PLAIN | _GZIP:
            raise FetchError(
                f"{self.place}: packed in a way that was not asked for; the server is misconfigured"
            )
        self._check_type(headers.get("Content-Type", "").strip().lower())
        if status == 206:
            self._continue(headers, encoding)
            return
        is_framed = "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower()
        if not is_framed and encoding in _PLAIN:
            raise FetchError(
                f"{self.place}: the server does not say where the list ends, so that one cut short would pass for whole; "
                "ask its operator to send Content-Length"
            )
        self._start(headers, encoding)
        if self.total is not None and self.total > self._limit:
            raise too_large(self.place, self._limit)

    def _continue(self, headers: Mapping[str, str], encoding: str) -> None:
        range_ = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        total = _number(range_[2]) if range_ else None
        if (
            range_ is None
            or int(range_[1]) != self.received
            or encoding != self._encoding
            or headers.get("ETag", self.validators.etag) != self.validators.etag
            or (None not in (total, self.total) and total != self.total)
        ):
            raise FetchError(
                f"{self.place}: the server continues with another part than the one that was missing"
            )
        self.total = total if self.total is None else self.total

    def _check_type(self, kind: str) -> None:
        if kind.startswith(_MEDIA):
            raise FetchError(f"{self.place}: the server sends something else than text; check the address")
        charset = _CHARSET.search(kind)
        if charset is not None and charset[1].startswith(("utf-16", "utf-32", "utf-7", "ucs-")):
            raise FetchError(
                f"{self.place}: sent in another encoding than UTF-8; ask its publisher for UTF-8"
            )

    def feed(self, piece: bytes) -> None:
        """A piece came."""
        self.received += len(piece)
        if self.received > self._limit:
            raise too_large(self.place, self._limit)
        self._pieces.append(piece if self._unpacker is None else self._unpacker.feed(piece))

    def finish(self) -> bytes:
        """The text, if it is whole."""
        if self.total is not None and self.received != self.total:
            raise FetchError(
                f"{self.place}: {self.received:,} bytes came and {self.total:,} were announced; try again"
            )
        if self._unpacker is not None:
            self._unpacker.finish()
        return b"".join(self._pieces)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
