"""What fetching gives: a version, the news that nothing changed, or one kind of error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from blocklists.model import ListVersion


class FetchError(Exception):
    """The list could not be had. The message says from where and why; never text of the list or a secret of its URL."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """How a version differs from the one before it: whole lines without their line ends, each once, in no order."""

    base: str
    """The digest of the version before, as the store knows it."""
    added: tuple[bytes, ...] = field(repr=False)
    removed: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ZoneVersion(ListVersion):
    """A version that came by zone transfer; its ``etag`` is the zone's serial."""

    change: LineChange | None = None
    """What an incremental transfer (RFC 1995) changed; None after a whole one."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source says that its list is the one we know."""


def _no_base() -> ListVersion | None:
    return None


@dataclass(frozen=True, slots=True)
class Known:
    """What the source told about the version we hold, for a conditional request."""

    etag: str = ""
    last_modified: str = ""
    base: Callable[[], ListVersion | None] = field(default=_no_base, compare=False, repr=False)
    """Reads that version, for sources that send what changed since; None if it cannot be read. May block."""


Fetched = ListVersion | NotModified


def version(source_id: str, data: bytes, *, now: float, known: Known | None = None) -> ListVersion:
    """A fetched version with its digest; ``now`` is Unix seconds, ``known`` the validators that came with it."""
    validators = known or Known()
    return ListVersion(
        source_id=source_id,
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        fetched=now,
        etag=validators.etag,
        last_modified=validators.last_modified,
    )


def too_large(place: str, limit: int) -> FetchError:
    """The error for a list beyond its size ceiling."""
    return FetchError(f"{place}: larger than {limit:,} bytes; raise the list's max_size if that is right")
