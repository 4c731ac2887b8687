"""Which site a request is for, as the client named it: pure text, not yet a canonical host.

RFC 9112 section 3.2 decides: an absolute target outranks the Host field, CONNECT names its authority as the target,
and two Host fields make the request invalid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]\s]*)(?::[0-9]{0,5})?", re.ASCII)


class TargetError(ValueError):
    """The request does not name one site: the message says what is wrong with it, without quoting it."""


def requested_host(method: str, target: str, hosts: Sequence[str]) -> str:
    """The host that a request is for, without port and brackets; empty if it names none. TargetError if unclear."""
    if method == "CONNECT":
        return _host_of(target)
    if absolute := _ABSOLUTE.match(target):
        return _host_of(absolute[1])
    if len(hosts) > 1:
        raise TargetError("more than one Host field")
    return _host_of(hosts[0].strip(" \t")) if hosts else ""


def _host_of(authority: str) -> str:
    """The host of ``host[:port]``. User information has no place here (RFC 9110 section 4.2.4)."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise TargetError("the site's name is not of the form host:port")
    return match[1].strip("[]")
