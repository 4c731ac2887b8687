"""What is remembered about a list between two runs: never its text, so that it may be kept for secret lists too.

Times are Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from blocklists.gates import GateFailure
from blocklists.model import ListCounts, Proof, Timers


class ListState(StrEnum):
    """How the last attempt to update a list ended."""

    NEVER = "never"
    """There was none."""
    UNCHANGED = "unchanged"
    """The source has the version that serves."""
    ACCEPTED = "accepted"
    """A new version passed the gates and serves."""
    PINNED = "pinned"
    """The source has a version that somebody rolled back from, or that waits until the list is resumed."""
    HELD = "held"
    """A new version did not pass the gates; it waits for the operator."""
    FAILED = "failed"
    """No usable version could be had, or it could not be stored."""


class AgeLevel(StrEnum):
    """How old a list is: measured since it was last known to be current."""

    CURRENT = "current"
    WARNED = "warned"
    CRITICAL = "critical"
    PAST = "past"
    """Past its maximum age: its stale policy holds."""


@dataclass(frozen=True, slots=True)
class Serving:
    """An accepted version; the one that serves, or one that is kept. ``size`` is in bytes."""

    digest: str
    size: int
    fetched: float
    counts: ListCounts
    etag: str = ""
    last_modified: str = ""
    origin: str = ""
    """Where it came from (``list_store.origin``): a version never serves for another source of the same id."""
    timers: Timers | None = None
    """Of a version that came by zone transfer."""
    proof: Proof | None = None
    """The signature that it came with, if one was asked for."""
    accepted: float = 0.0
    """When it passed the gates or was released; 0 = an older Weir did not say."""


@dataclass(frozen=True, slots=True)
class Held:
    """A version that was refused: its digest, why, and the numbers to judge it by."""

    digest: str
    fetched: float
    counts: ListCounts
    failures: tuple[GateFailure, ...]
    origin: str = ""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last attempt to update a list; ``success`` is the last time that one found or confirmed a version."""

    at: float | None = None
    state: ListState = ListState.NEVER
    message: str = ""
    success: float | None = None
    held: Held | None = None
    released: str = ""
    """The digest that the operator released and that has not come again yet."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """Somebody switched a list off; ``until`` None = until it is resumed."""

    since: float
    until: float | None
    reason: str
    by: str
    """Who, as the audit log calls them."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Somebody rolled a list back to the version ``digest``."""

    digest: str
    refused: tuple[str, ...]
    """The versions that were rolled back from, newest first: they are not taken again from the source."""
    hold: bool
    """True: until the list is resumed; False: until the source has a version that is none of these."""
    since: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody agreed to the release of the held version ``digest``. ``holder`` tells one person from another."""

    digest: str
    holder: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """The list's key and texts are destroyed, for good."""

    since: float
    reason: str
    by: str
    versions: tuple[str, ...] = ()
    """The digests of what was kept when it began."""
    done: float | None = None
    """When nothing was left; None while that is being seen to."""


@dataclass(frozen=True, slots=True)
class ListLife:
    """What people decided about a list, and what has been said about it."""

    suspension: Suspension | None = None
    pin: Pin | None = None
    approvals: tuple[Approval, ...] = ()
    erasure: Erasure | None = None
    age: AgeLevel = AgeLevel.CURRENT
    announced: str = ""
    """The digest of the version that was announced last, so that nothing is announced twice."""
    trouble: str = ""
    """What was last announced of updates that went wrong: ``failed``, or the digest of the version that is held."""
    pending: tuple[str, ...] = ()
    """Events that belong to the changes above and are not in the audit log yet, as their writer encoded them."""
    noted: str = ""
    """The last event of the list's edits (by its mark) that was among ``pending``: those kept after it are to be told."""


@dataclass(frozen=True, slots=True)
class ListStatus:
    """A list as the command line, the API and the metrics show it. ``age`` is in seconds."""

    id: str
    state: ListState
    message: str
    serving_digest: str = ""
    """Empty if no version serves."""
    entries: int = 0
    counts: ListCounts = field(default_factory=ListCounts)
    fetched: float | None = None
    """When the version that serves was fetched."""
    last_attempt: float | None = None
    last_success: float | None = None
    age: float | None = None
    """Since the version that serves was last known to be the current one; None if that was never known."""
    held: Held | None = None
    suspension: Suspension | None = None
    pin: Pin | None = None
