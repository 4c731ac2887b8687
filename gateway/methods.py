"""Every method gets the page: pure.

aiohttp's C parser knows a fixed set of methods and refuses the rest, but a method is any token (RFC 9110 section 9.1).
A stop page treats all but HEAD and CONNECT alike, so a method that the parser does not know is read as POST.
"""

from __future__ import annotations

import re

from aiohttp import hdrs

MAX_METHOD = 32
"""Octets; registered methods have at most 17."""

_TOKEN = re.compile(rb"[!#$%%&'*+.^_`|~0-9A-Za-z-]{1,%d}" % MAX_METHOD)
_KNOWN = frozenset(method.encode() for method in hdrs.METH_ALL)
_PREFACE = b"PRI"
"""The first word of HTTP/2 (RFC 9113 section 3.4): not a request of HTTP/1.1."""


def known_method(start: bytes) -> bytes:
    """The first bytes of a request with a method that the parser knows; other bytes are returned as they are."""
    method, space, rest = start.partition(b" ")
    if not space or method in _KNOWN or method == _PREFACE or _TOKEN.fullmatch(method) is None:
        return start
    return b"POST " + rest
