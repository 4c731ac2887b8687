"""Which of the kept versions of a list serves, what is seen of it, and how the row of kept versions grows. Pure.

A row has the newest accepted version first. A rollback is a pin beside the row and changes nothing in it, so that it is
one write, and taking it back is another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from blocklists.model import ListSource, Proof
from blocklists.records import Attempt, ListLife, ListStatus, Pin, Serving

KEPT_VERSIONS = 5
"""Accepted versions of a list that are kept, the one that serves among them."""

Row = tuple[Serving, ...]


def origin(source: ListSource) -> str:
    """What makes two sources the same: address and format, as a digest, because an address may carry a key."""
    return hashlib.sha256(f"{source.format}\n{source.url}".encode()).hexdigest()


class RollbackError(ValueError):
    """The list cannot be rolled back so; the message says why and what there is."""


def serving_of(row: Row, pin: Pin | None) -> Serving | None:
    """The version that serves: the pinned one while the pin holds, else the newest."""
    if not row:
        return None
    return _pinned(row, pin) or row[0]


def pin_in_force(row: Row, pin: Pin | None) -> Pin | None:
    """The pin, if it still decides which version serves."""
    return pin if _pinned(row, pin) is not None else None


def status_of(list_id: str, row: Row, attempt: Attempt, life: ListLife, now: float) -> ListStatus:
    """The list as people and metrics see it, from all that is kept of it; ``now`` is Unix seconds."""
    known = ListStatus(list_id, attempt.state, attempt.message)
    if (serving := serving_of(row, life.pin)) is not None:
        known = replace(
            known,
            serving_digest=serving.digest,
            entries=serving.counts.entries,
            counts=serving.counts,
            fetched=serving.fetched,
        )
    return replace(
        known,
        last_attempt=attempt.at,
        last_success=attempt.success,
        age=None if attempt.success is None else max(0.0, now - attempt.success),
        held=attempt.held,
        suspension=life.suspension,
        pin=pin_in_force(row, life.pin),
    )


def with_accepted(row: Row, version: Serving, keep: int = KEPT_VERSIONS) -> Row:
    """The row once ``version`` was accepted, of at most ``keep``; versions of another origin can never serve again and go."""
    others = [kept for kept in row if kept.digest != version.digest and kept.origin == version.origin]
    return (version, *others[: max(keep, 1) - 1])


def with_confirmed(
    row: Row, digest: str, *, fetched: float, etag: str, last_modified: str, proof: Proof | None = None
) -> Row:
    """The row once the source sent a kept version again: its place stays, its validators are new."""
    return tuple(
        replace(kept, fetched=fetched, etag=etag, last_modified=last_modified, proof=proof)
        if kept.digest == digest
        else kept
        for kept in row
    )


def rolled_back(row: Row, current: Serving, wanted: str, *, shortest: int) -> tuple[Serving, tuple[str, ...]]:
    """The version to serve and those that it is rolled back from, newest first.

    ``wanted`` is the beginning of a digest, at least ``shortest`` digits, or empty for the version before ``current``.
    RollbackError if there is no such version.
    """
    place = row.index(current)
    if wanted:
        found = _named(row, wanted, shortest)
        if found == place:
            raise RollbackError("this version serves already")
    else:
        found = place + 1
        if found == len(row):
            raise RollbackError("no version before the one that serves is kept")
    return row[found], tuple(kept.digest for kept in row[:found])


def _named(row: Sequence[Serving], wanted: str, shortest: int) -> int:
    places = [n for n, kept in enumerate(row) if kept.digest.startswith(wanted.lower())]
    if len(wanted) < shortest or len(places) != 1:
        known = ", ".join(kept.digest[:shortest] for kept in row)
        raise RollbackError(f"no single version with this digest is kept; kept are, newest first: {known}")
    return places[0]


def _pinned(row: Row, pin: Pin | None) -> Serving | None:
    if pin is None or (not pin.hold and row[0].digest not in pin.refused):
        return None
    return next((kept for kept in row if kept.digest == pin.digest), None)
