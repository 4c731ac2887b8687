"""What the page needs of a log, kept up leaf by leaf so that no leaf is read twice. Values only; ``folding`` makes them.

It is derived from the log, trusted by nobody, and made anew where it is missing or of another log. Nothing is in it that
leaves and manifests do not say. A log has a year, so nothing here grows without end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

VERSION = 1
"""Another one lets what was kept be made anew."""
MOST_HAPPENINGS = 60
MOST_SILENCES = 100
MOST_NODES = 256


@dataclass(slots=True)
class ListLife:
    """One list, as the manifests of the log have had it. Times are POSIX seconds."""

    since: int
    """Since when it stands in the manifest without a break."""
    is_older: bool
    """Whether it stood there already when this log began."""
    enforced: str
    """``all``, ``names``, ``nothing``."""
    enforced_since: int
    until: int | None = None
    """Since when it does not stand there any more."""
    counts: dict[int, int] = field(default_factory=dict)
    """Day (since 1970) → entries at its end, for days on which they changed; of public lists alone."""
    suspended: int | None = None
    """Since when it is suspended."""
    suspended_until: int | None = None
    """When that ends by itself, if it does."""
    test: str = ""
    """What the last self-test of it found, ``working`` or ``failing``; empty: none was told."""
    tested: int = 0
    """When that was told."""


@dataclass(slots=True)
class Happening:
    """Something that people should know of, or the same thing several times on a day."""

    type: str
    subject: str
    """The id of the list, profile or category; empty where there is none."""
    word: str
    """What the type says beyond that: ``level``, ``how``, ``for``, ``why`` … of the leaf."""
    role: str
    second: bool
    """Whether two persons agreed."""
    seq: int
    """The last leaf of it."""
    t: int
    times: int = 1
    added: int | None = None
    """Entries, where all leaves of it tell them."""
    removed: int | None = None
    until: int | None = None


@dataclass(slots=True)
class Updates:
    """New versions of one list in one month."""

    times: int = 0
    last: int = 0
    added: int | None = 0
    """Entries, where all leaves of the month tell them."""
    removed: int | None = 0


@dataclass(slots=True)
class Silence:
    """A time longer than a day in which the log said nothing."""

    begin: int
    end: int


@dataclass(slots=True)
class Sums:
    """One log up to ``size``."""

    version: int = VERSION
    origin: str = ""
    size: int = 0
    first: int = 0
    """``t`` of the first leaf."""
    last: int = 0
    state: str = ""
    """The newest one; empty before there was one."""
    software: str = ""
    follows: bool = False
    """Whether an earlier log came before it."""
    closed: str = ""
    """Why the log ended; empty while it goes on."""
    successor: str = ""
    """The origin of the log that follows."""
    months: dict[str, dict[str, int]] = field(default_factory=dict)
    """``2026-11`` → group (``folding.GROUPS``) → leaves."""
    lists: dict[str, ListLife] = field(default_factory=dict)
    updates: dict[str, dict[str, Updates]] = field(default_factory=dict)
    """List → ``2026-11`` → its new versions."""
    happenings: list[Happening] = field(default_factory=list)
    """The newest last; without updates, which would drown what people decide."""
    silences: list[Silence] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)
    """Server → the state that it said last it serves."""


CODEC: TypeAdapter[Sums] = TypeAdapter(Sums)
"""For files (``blocklists.durable``)."""
