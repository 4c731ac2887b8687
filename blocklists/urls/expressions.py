"""The expressions of a URL: everything that a list may name it by, at most 5 hosts and 6 paths. Pure.

The numbers are those of the Safe Browsing protocol ("suffix/prefix expressions"). Hosts: the host itself and up to four
of its parents, from the last five labels on, never a single label; an address has no parents. Paths: with and without
the query, ``/``, and the first three folders. A list of pages names exact hosts only, so that nothing widens; parents
count where a list says so: scope ``domain``, and hashed lists, whose publisher digests expressions of any kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from blocklists.canonical import CanonicalUrl, is_ipv4_like

MAX_PARENTS = 4
MAX_LABELS = 5
MAX_FOLDERS = 3


def hosts(name: str) -> Iterator[str]:
    """The host, then its parents from the longest."""
    yield name
    if ":" in name or is_ipv4_like(name):
        return
    labels = name.split(".")
    first = max(1, len(labels) - MAX_LABELS)
    for start in range(first, min(first + MAX_PARENTS, len(labels) - 1)):
        yield ".".join(labels[start:])


def folders(path: str) -> Iterator[str]:
    """``/`` and the first folders below it, each with its last slash, as far as they lie above or at ``path``."""
    end = 0
    for _ in range(MAX_FOLDERS + 1):
        yield path[: end + 1]
        end = path.find("/", end + 1)
        if end < 0:
            return


def paths(path: str, query: str | None) -> Iterator[str]:
    """The path with its query and without it, then its folders; each once."""
    if query is not None:
        yield f"{path}?{query}"
    yield path
    yield from (folder for folder in folders(path) if folder != path)


def expressions(url: CanonicalUrl) -> Iterator[str]:
    """``host/path?query`` for every host and path. The port is no part of an expression."""
    for name in hosts(url.host):
        shown = f"[{name}]" if ":" in name else name
        for path in paths(url.path, url.query):
            yield shown + path


def place(key: str) -> str:
    """``host[:port]`` of a URL's key (``CanonicalUrl.text``): where the pages of a list of URLs are."""
    return key[: key.index("/")]


def host_of(key: str) -> str:
    """The host of a URL's key, an IPv6 address without brackets."""
    where = place(key)
    return where[1 : where.index("]")] if where.startswith("[") else where.partition(":")[0]


def is_within_reach(key: str) -> bool:
    """Whether a prefix can be found again by the folders of what lies below it: not with a query, nor deeper."""
    path = key[key.index("/") :]
    return "?" not in path and path.rstrip("/").count("/") <= MAX_FOLDERS
