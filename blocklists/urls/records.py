"""Records of the index: keyed digests of what an entry says, and of what may be said of a request. Pure.

A record is a tag (``Reach``) and a text, digested under a key: that of one build, so that two builds have none in common,
and for secret lists that of the box, which stands in no file of the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from blocklists.canonical import CanonicalUrl
from blocklists.model import Disposition, Entry, HashedEntry, ListSource, Scope
from blocklists.properties import HashAlgorithm, HashShape
from blocklists.urls.expressions import expressions, folders, hosts, place

RECORD_BYTES = 16
"""At a hundred million entries the odds against one request that meets a wrong one are 10**30 to 1."""
KEY_BYTES = 32


class Reach(IntEnum):
    """What a record says of a request that finds it. The numbers are digested, so they never change."""

    URL = 1
    URL_PREFIX = 2
    HASHED_EXPRESSION = 3
    """A hashed list names one of the URL's expressions."""
    HASHED_SITE = 4
    """A hashed list of whole sites names the expression ``host/``: the host and all below it."""
    HASHED_HOST = 5
    """A hashed list names the host and all below it."""
    HASHED_PATH = 6
    """A hashed list names a path of exactly this host."""


OF_NAMES = frozenset({Reach.HASHED_SITE, Reach.HASHED_HOST})
"""What DNS must look for itself: names that the compiled table cannot hold, because nobody here knows them."""

_ALGORITHMS = tuple(HashAlgorithm)
"""Their places are digested too."""
_FUNCTIONS: Mapping[HashAlgorithm, Callable[[bytes], bytes]] = {
    HashAlgorithm.MD5: lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    HashAlgorithm.SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    HashAlgorithm.SHA256: lambda data: hashlib.sha256(data).digest(),
}
"""How publishers digest: to look something up, and for no security of ours."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What must be computed of a request to find the records of one kind in an index.

    ``algorithm`` is that of hashed lists, ``depth`` that of HASHED_PATH in segments.
    """

    reach: Reach
    algorithm: HashAlgorithm | None = None
    depth: int = 0


def record_key(table_key: bytes) -> bytes:
    """The key of records beside a compiled table with this key; neither tells the other."""
    return hashlib.blake2b(table_key, digest_size=KEY_BYTES, person=b"weir url index").digest()


def record(key: bytes, sought: Sought, content: bytes) -> bytes:
    """One record: ``content`` is a text of ours, or digests of a publisher's."""
    algorithm = 0 if sought.algorithm is None else 1 + _ALGORITHMS.index(sought.algorithm)
    tag = bytes((sought.reach, algorithm, sought.depth))
    return hashlib.blake2b(tag + content, digest_size=RECORD_BYTES, key=key).digest()


def records_of(entry: Entry | HashedEntry, source: ListSource) -> Iterator[tuple[Sought, bytes]]:
    """What an entry puts into the index; nothing for names, which are the compiled table's, and for bare prefixes.

    A prefix of a path that does not end in a slash is the page of that name and the folder of that name.
    """
    if isinstance(entry, HashedEntry):
        yield from _hashed(entry, source)
    elif entry.scope is Scope.URL:
        yield Sought(Reach.URL), entry.name.encode("ascii")
    elif entry.scope is Scope.URL_PREFIX:
        yield Sought(Reach.URL_PREFIX), entry.name.encode("ascii")
        if not entry.name.endswith("/"):
            yield Sought(Reach.URL_PREFIX), f"{entry.name}/".encode("ascii")


def _hashed(entry: HashedEntry, source: ListSource) -> Iterator[tuple[Sought, bytes]]:
    hashes = source.fetching.hashes
    if hashes is None or entry.disposition is Disposition.NOT_ENFORCEABLE:
        return
    whole = entry.disposition is Disposition.DNS
    if hashes.shape is HashShape.EXPRESSION:
        reach = Reach.HASHED_SITE if whole else Reach.HASHED_EXPRESSION
        yield Sought(reach, hashes.algorithm), entry.digest
    elif whole:
        yield Sought(Reach.HASHED_HOST, hashes.algorithm), entry.digest
    else:
        yield Sought(Reach.HASHED_PATH, hashes.algorithm, entry.depth), entry.digest + entry.path


def candidates(url: CanonicalUrl, sought: Sought) -> Iterator[bytes]:
    """The contents of all records of this kind that would name the URL."""
    match sought.reach:
        case Reach.URL:
            yield url.text.encode("ascii")
        case Reach.URL_PREFIX:
            where = place(url.text)
            paths = dict.fromkeys((url.path, *folders(url.path)))
            yield from (f"{where}{path}".encode("ascii") for path in paths)
        case Reach.HASHED_EXPRESSION:
            yield from (_digest(sought, text) for text in expressions(url))
        case Reach.HASHED_PATH:
            segments = url.path.strip("/").split("/")
            if url.path != "/" and len(segments) >= sought.depth:
                yield _digest(sought, url.host) + _digest(sought, "/".join(segments[: sought.depth]))
        case _:
            yield from name_candidates(url.host, sought)


def name_candidates(name: str, sought: Sought) -> Iterator[bytes]:
    """The same of a canonical name, and the kinds of record that speak of names."""
    if sought.reach is Reach.HASHED_HOST:
        yield from (_digest(sought, parent) for parent in hosts(name))
    elif sought.reach is Reach.HASHED_SITE:
        yield from (_digest(sought, f"{parent}/") for parent in hosts(name))


def _digest(sought: Sought, text: str) -> bytes:
    assert sought.algorithm is not None, "only hashed lists are sought by digests"
    return _FUNCTIONS[sought.algorithm](text.encode("ascii"))
