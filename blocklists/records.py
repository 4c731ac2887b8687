"""What is remembered about a list between two runs: never its text, so that it may be kept for secret lists too."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from blocklists.gates import GateFailure
from blocklists.model import ListCounts, Proof


class ListState(StrEnum):
    """How the last attempt to update a list ended."""

    NEVER = "never"
    """There was none."""
    UNCHANGED = "unchanged"
    """The source has the version that serves."""
    ACCEPTED = "accepted"
    """A new version passed the gates and serves."""
    HELD = "held"
    """A new version did not pass the gates; it waits for the operator."""
    FAILED = "failed"
    """No usable version could be had, or it could not be stored."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The version that serves. Times are Unix seconds, ``size`` is in bytes."""

    digest: str
    size: int
    fetched: float
    counts: ListCounts
    etag: str = ""
    last_modified: str = ""
    origin: str = ""
    """Where it came from (``list_store.origin``): a version never serves for another source of the same id."""
    proof: Proof | None = None
    """The signature that it came with, if one was asked for."""


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
class ListStatus:
    """A list as the command line, the API and the metrics show it. Times are Unix seconds, ``age`` seconds."""

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
