"""How a browser reads a web address: WHATWG URL, by a parser that is exact. What it gives is the input of a URL's key."""

from __future__ import annotations

import re

import ada_url

from blocklists.canonical.errors import CanonicalError
from blocklists.model import SkipReason

_DROPPED = str.maketrans("", "", "\t\r\n")
_OUTER = "".join(map(chr, range(0x21)))
"""C0 controls and the blank: dropped at both ends."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|(https?):", re.ASCII | re.IGNORECASE)
_RAW = re.compile("[\udc80-\udcff]")


def read_as_browser(text: str) -> str | None:
    """The serialised URL, its scheme optional in ``text``; None if no browser would take it.

    CanonicalError (unsupported) for a scheme other than http and https. Bytes that are no UTF-8 (surrogateescape) count
    as if they were percent-escaped.
    """
    text = text.translate(_DROPPED).strip(_OUTER)
    scheme = _SCHEME.match(text)
    if scheme is None:
        if text.startswith(("//", "\\\\")):
            text = f"http:{text}"
        elif text.startswith(("/", "\\")):  # a path, and no browser knows whose
            return None
        else:
            text = f"http://{text}"
    elif (scheme[1] or scheme[2]).lower() not in {"http", "https"}:
        raise CanonicalError(SkipReason.UNSUPPORTED)
    try:
        return str(ada_url.URL(_RAW.sub(_escaped, text)).href)
    except ValueError:  # UnicodeEncodeError too: a lone surrogate
        return None


def _escaped(match: re.Match[str]) -> str:
    return f"%{ord(match[0]) - 0xDC00:02X}"
