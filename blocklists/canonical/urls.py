"""The key under which a URL is listed and looked up: one function for entries and for requests.

A URL is first read as a browser reads it (WHATWG, ``browsers``), because that is what it makes browsers fetch; then it
gets the form of the published Safe Browsing canonicalisation: percent-escapes undone until nothing changes, dot segments
resolved, ``//`` collapsed in the path, path and query keep their case, ``www.`` is neither added nor stripped. Where the
documents disagree, README.md says which one rules. For matching, ``http`` equals ``https``, so the scheme is no part of
the key and both default ports are dropped; another port stays, because an entry never widens. A URL is a byte string:
text comes as UTF-8 with surrogateescape.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from blocklists.canonical.addresses import is_ipv4_like, parse_ipv4
from blocklists.canonical.browsers import read_as_browser
from blocklists.canonical.errors import CanonicalError
from blocklists.canonical.hosts import to_ascii
from blocklists.model import SkipReason

MAX_URL = 8192
"""Longer than what browsers and servers exchange in practice (RFC 9110 section 4.1 asks for 8,000)."""
_DEFAULT_PORTS = frozenset({80, 443})
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_URL = re.compile(rb"([^/?\\]*)([^?]*)(?:\?(.*))?", re.DOTALL)
_AUTHORITY = re.compile(rb"(\[[^\]]*\]|[^:]*)(?::([0-9]{0,5}))?")
_DOTS = re.compile(rb"\.{2,}")
_HOST_DELIMITERS = frozenset(b"/?:@[]\\")
_ESCAPED = tuple(
    b"%%%02X" % octet if octet <= 0x20 or octet >= 0x7F or octet in b"#%" else bytes((octet,))
    for octet in range(256)
)
_HEX = frozenset(b"0123456789abcdefABCDEF")
_SAFE = r"[a-zA-Z0-9!$&'()*+,:;=@_~|^`{}<>\"\[\]-]"
_PLAIN = re.compile(
    r"(?:https?://)?((?!xn--)[a-z0-9_-]{1,63}(?:\.(?!xn--)[a-z0-9_-]{1,63})*\.[a-z]{2,63})"
    rf"((?:/{_SAFE}(?:{_SAFE}|\.)*)*/?)(?:\?((?:{_SAFE}|[./?])*))?",
    re.ASCII,
)
"""What every reading agrees on and nothing changes: most of any list. Without escapes, ports, users, dot segments."""


@dataclass(frozen=True, slots=True)
class CanonicalUrl:
    """A URL's key in parts. ``host`` may be a name, an address or, escaped, what no resolver would take."""

    host: str
    port: int | None
    """None for the default ports of http and https."""
    path: str
    query: str | None
    """None without ``?``; empty if nothing follows it."""

    @property
    def text(self) -> str:
        """The key: ``host[:port]path[?query]``, ASCII, without scheme, user or fragment."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        query = "" if self.query is None else f"?{self.query}"
        return f"{name}{port}{self.path}{query}"


def url(text: str) -> CanonicalUrl:
    """The key of a URL, its scheme optional. ``url(url(x).text).text == url(x).text``.

    What no browser would take is read byte by byte, so that every line of a list that names a host has a key.
    CanonicalError: unsupported for a scheme other than http and https; bad-name without a host, with a bad port, with
    a delimiter inside the host, or over MAX_URL bytes.
    """
    if len(text) <= MAX_URL and (plain := _PLAIN.fullmatch(text)) is not None:
        return CanonicalUrl(plain[1], None, plain[2] or "/", plain[3])
    read = read_as_browser(text) if len(text) <= MAX_URL else None
    return _key(_to_bytes(text if read is None else read))


def requested_url(text: str) -> CanonicalUrl:
    """The key of a URL that a person or a client gives; CanonicalError (bad-name) also if no browser would take it."""
    if len(text) > MAX_URL or (read := read_as_browser(text)) is None:
        raise CanonicalError(SkipReason.BAD_NAME)
    return _key(_to_bytes(read))


def _key(data: bytes) -> CanonicalUrl:
    data = data.translate(None, b"\t\r\n").strip(b" ").partition(b"#")[0]
    if scheme := _SCHEME.match(data):
        if scheme[1].lower() not in {b"http", b"https"}:
            raise CanonicalError(SkipReason.UNSUPPORTED)
        data = data[scheme.end() :]
    match = _URL.fullmatch(data.removeprefix(b"//"))
    if match is None:
        raise CanonicalError(SkipReason.BAD_NAME)
    host, port = _authority(match[1])
    query = None if match[3] is None else _escape(_unescape(match[3]))
    return CanonicalUrl(host, port, _path(match[2]), query)


def _to_bytes(text: str) -> bytes:
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise CanonicalError(SkipReason.BAD_NAME) from None
    if len(data) > MAX_URL:
        raise CanonicalError(SkipReason.BAD_NAME)
    return data


def _authority(data: bytes) -> tuple[str, int | None]:
    match = _AUTHORITY.fullmatch(data.rpartition(b"@")[2])
    if match is None:
        raise CanonicalError(SkipReason.BAD_NAME)
    port = int(match[2]) if match[2] else None
    if port is not None and port > 0xFFFF:
        raise CanonicalError(SkipReason.BAD_NAME)
    return _host(match[1]), None if port in _DEFAULT_PORTS else port


def _host(data: bytes) -> str:
    if data.startswith(b"["):
        return _ipv6(data[1:-1])
    raw = _trim_dots(_unescape(data))
    if not raw.isascii():
        raw = _trim_dots(_idna(raw))
    if not raw or not _HOST_DELIMITERS.isdisjoint(raw):
        raise CanonicalError(SkipReason.BAD_NAME)
    name = _escape(raw.lower())
    return (parse_ipv4(name) if is_ipv4_like(name) else None) or name


def _ipv6(data: bytes) -> str:
    try:
        if b"%" in data:  # a zone id means something on one machine only
            raise CanonicalError(SkipReason.BAD_NAME)
        return str(ipaddress.IPv6Address(data.decode("ascii")))
    except ValueError:
        raise CanonicalError(SkipReason.BAD_NAME) from None


def _trim_dots(data: bytes) -> bytes:
    return _DOTS.sub(b".", data).strip(b".")


def _idna(data: bytes) -> bytes:
    """A-labels of a Unicode host; bytes that are no such host stay as they are and are escaped."""
    try:
        return to_ascii(data.decode("utf-8")).encode("ascii")
    except (UnicodeDecodeError, CanonicalError):
        return data


def _path(data: bytes) -> str:
    segments: list[bytes] = []
    parts = _unescape(data).split(b"/")
    for part in parts:
        if part == b"..":
            del segments[-1:]
        elif part not in {b"", b"."}:
            segments.append(part)
    is_folder = not segments or parts[-1] in {b"", b".", b".."}
    path = _escape(b"/" + b"/".join(segments) + (b"/" if is_folder and segments else b""))
    # An escaped question mark does not begin the query, and an escaped backslash is no slash.
    return path.replace("?", "%3F").replace("\\", "%5C")


def _unescape(data: bytes) -> bytes:
    """Undo percent-escapes until none is left, in one pass: a decoded byte may complete an escape before it."""
    if b"%" not in data:
        return data
    out = bytearray()
    for octet in data:
        out.append(octet)
        while len(out) > 2 and out[-3] == 0x25 and out[-2] in _HEX and out[-1] in _HEX:
            out[-3:] = bytes((int(out[-2:], 16),))
    return bytes(out)


def _escape(data: bytes) -> str:
    return b"".join(_ESCAPED[octet] for octet in data).decode("ascii")
