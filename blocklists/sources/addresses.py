"""Addresses of lists on the web: what of them may be shown, and which may be followed. Pure."""

from __future__ import annotations

import ipaddress

from yarl import URL

from blocklists.sources.model import FetchError


def parsed(text: str, list_id: str) -> URL:
    """The address of a list. FetchError that does not repeat it."""
    try:
        return URL(text)
    except ValueError:
        raise FetchError(f"list {list_id}: its url is not a valid address; correct it") from None


def place(url: URL) -> str:
    """The address for messages: no user, no query, because they may hold a key."""
    return f"{url.scheme}://{url.host or ''}{url.path}"


def check_scheme(url: URL, *, loopback: bool) -> None:
    """FetchError unless the address is https; ``loopback`` allows http to this machine."""
    if url.scheme == "https" and url.host:
        return
    if url.scheme == "http" and loopback and _is_loopback(url.host or ""):
        return
    raise FetchError(f"{place(url)}: lists are fetched over https only; use an https address")


def redirected(url: URL, location: str) -> URL:
    """Where a redirect leads. FetchError if nowhere."""
    try:
        target = url.join(URL(location)) if location else None
    except ValueError:
        target = None
    if target is None:
        raise FetchError(f"{place(url)}: redirected to nowhere; check the list's address")
    return target


def is_same_server(one: URL, other: URL) -> bool:
    """Whether what is meant for one may be shown to the other: scheme, host and port are the same."""
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
