"""What may come in at all. The rules, pure: a request's facts in, a refusal or None out.

A browser on the operator's machine is the enemy here: pages of others can make it send requests to 127.0.0.1. A name
that an attacker points at 127.0.0.1 shows in Host; a request sent across sites shows in Origin or Sec-Fetch-Site. Who
somebody is and what they may do is ``admin.api.authentication``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from admin.api.problem import ProblemError

API = "/api/"
"""Below it nobody gets anything without being somebody."""
LOG = "/log/"
"""Below it everything is for anybody, whatever name the box goes by there: it is public, and read only."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
_OWN_SITE = {"same-origin", "none"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a guard may look at. ``peer`` is the address of the other end of the connection, empty if it has none."""

    method: str
    path: str
    headers: Mapping[str, str]
    peer: str = ""


def refusal(asked: Asked, *, node: str) -> ProblemError | None:
    """Why the request is not served; None if it is. ``node`` is the box's own name."""
    if asked.path.startswith(LOG) and asked.method in SAFE_METHODS:
        return None
    host = asked.headers.get("Host", "")
    if not _is_ours(host, node):
        return ProblemError(
            HTTPStatus.FORBIDDEN, f"Host names another server; use an IP address, localhost or {node}"
        )
    if asked.method not in SAFE_METHODS and not _same_site(asked.headers, host):
        return ProblemError(HTTPStatus.FORBIDDEN, "The request was made by a page of another site")
    return None


def _is_ours(host: str, node: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name.rstrip(".") in {"localhost", node.lower().rstrip(".")}:
        return bool(name)
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _same_site(headers: Mapping[str, str], host: str) -> bool:
    if headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        return False
    origin = headers.get("Origin")
    return origin is None or origin.partition("://")[2] == host
