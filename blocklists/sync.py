"""The life of one list: due → fetched → verified → gated → accepted, or held, or failed.

Whatever goes wrong, the last good version goes on serving. Compiling what is accepted is the caller's part, and so
are clocks and timers: times are arguments.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from blocklists.gates import GateFailure, inspect_bytes, judge
from blocklists.list_store import ListStore, ReleaseError
from blocklists.model import Confidentiality, ListCounts, ListSource, ListVersion
from blocklists.records import Attempt, ListState, ListStatus, Serving
from blocklists.sources import Fetched, FetchError, Known, NotModified

__all__ = [
    "Count",
    "Fetch",
    "ListState",
    "ListStatus",
    "ListStore",
    "RefreshOutcome",
    "ReleaseError",
    "note_fault",
    "refresh",
]

Count = Callable[[ListSource, bytes], ListCounts]
"""Counts a version without keeping it; called in a thread."""


class Fetch(Protocol):
    """``blocklists.sources.fetch``, or what a test puts in its place."""

    async def __call__(self, source: ListSource, *, known: Known | None, now: float) -> Fetched:
        """A version or the news that nothing changed; FetchError otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """How one refresh ended."""

    state: ListState
    message: str
    """One or more sentences for people; never text of the list."""
    version: ListVersion | None = None
    """The version that should serve from now on, whether new or old; None if its text is not at hand, or was not needed
    because the source says that nothing changed."""
    counts: ListCounts | None = None
    """Of the version that was fetched, if it was counted."""
    failures: tuple[GateFailure, ...] = ()
    retry_after: float | None = None
    """Seconds for which the source asks to be left alone, if it does."""


async def refresh(
    source: ListSource, store: ListStore, *, now: float, count: Count, fetch: Fetch
) -> RefreshOutcome:
    """Update one list; ``now`` is Unix seconds. Faults of source, list and disk end in an outcome, not an error."""
    is_secret = source.confidentiality is Confidentiality.SECRET
    try:
        if is_secret:
            await asyncio.to_thread(store.forget_text, source.id)
        held = await asyncio.to_thread(_held, source, store)
        known = await asyncio.to_thread(_known, source, store, held)
        fetched = await fetch(source, known=known, now=now)
        if isinstance(fetched, NotModified):
            outcome, attempt = _not_modified(held), store.attempt(source.id)
        else:
            fetched = await asyncio.to_thread(store.identified, source, fetched)
            outcome, attempt = await _take(source, store, fetched, count, is_lost=held is None)
    except (FetchError, OSError) as error:
        outcome, attempt = RefreshOutcome(ListState.FAILED, _fault(error)), store.attempt(source.id)
        if isinstance(error, FetchError):
            outcome = replace(outcome, retry_after=error.retry_after)
    if outcome.state in (ListState.FAILED, ListState.HELD) and not is_secret:
        outcome = replace(outcome, version=await asyncio.to_thread(store.load_for, source))
    return await _noted(source, store, attempt, outcome, now)


async def note_fault(source: ListSource, store: ListStore, fault: str, *, now: float) -> RefreshOutcome:
    """Remember an attempt that ended in a fault of our own; ``fault`` must not carry text of the list."""
    outcome = RefreshOutcome(ListState.FAILED, f"{fault}. The last good version goes on serving.")
    return await _noted(source, store, store.attempt(source.id), outcome, now)


def _held(source: ListSource, store: ListStore) -> Serving | None:
    """What is known of the version that serves, if it came from this very source and its text is kept and whole."""
    serving = store.serving_for(source)
    return serving if serving is not None and store.holds_text(source.id, serving) else None


def _known(source: ListSource, store: ListStore, held: Serving | None) -> Known | None:
    """What the source need not send again, and the signature that a new one must not be older than."""
    if held is not None:
        return Known(held.etag, held.last_modified, held.proof)
    serving = store.serving_for(source)
    return Known(proof=serving.proof) if serving is not None and serving.proof is not None else None


def _not_modified(held: Serving | None) -> RefreshOutcome:
    if held is None:
        return RefreshOutcome(ListState.FAILED, "The source reports no change, but no version is held here.")
    return _unchanged(held, None)


async def _take(
    source: ListSource, store: ListStore, fetched: ListVersion, count: Count, *, is_lost: bool
) -> tuple[RefreshOutcome, Attempt]:
    """Verify, gate and store a fetched version. OSError if it cannot be stored."""
    attempt, serving = store.attempt(source.id), store.serving_for(source)
    if serving is not None and serving.digest == fetched.digest:
        await asyncio.to_thread(_confirm, source, store, serving, fetched, is_lost=is_lost)
        return _unchanged(serving, fetched), attempt
    if (failure := inspect_bytes(fetched.data)) is not None:
        return RefreshOutcome(ListState.FAILED, _words(failure), failures=(failure,)), attempt
    counts = await asyncio.to_thread(count, source, fetched.data)
    failures = judge(source, counts, None if serving is None else serving.counts, fetched.digest)
    if failures and attempt.released != fetched.digest:
        held = await asyncio.to_thread(store.hold, source, fetched, counts, failures)
        outcome = RefreshOutcome(ListState.HELD, " ".join(map(_words, failures)), None, counts, failures)
        return outcome, replace(attempt, held=held, released="")
    await asyncio.to_thread(store.accept, source, fetched, counts)
    outcome = RefreshOutcome(
        ListState.ACCEPTED, f"A new version with {_entries(counts.entries)}.", fetched, counts
    )
    return outcome, replace(attempt, held=None, released="")


def _confirm(
    source: ListSource, store: ListStore, serving: Serving, fetched: ListVersion, *, is_lost: bool
) -> None:
    """Store the same version again if its text is missing or damaged, and its validators if they changed."""
    if is_lost and source.confidentiality is not Confidentiality.SECRET:
        store.accept(source, fetched, serving.counts)
    elif (serving.etag, serving.last_modified, serving.proof) != (
        fetched.etag,
        fetched.last_modified,
        fetched.proof,
    ):
        store.renew(source, serving, fetched)


def _unchanged(serving: Serving, version: ListVersion | None) -> RefreshOutcome:
    return RefreshOutcome(ListState.UNCHANGED, f"No change; {_entries(serving.counts.entries)}.", version)


async def _noted(
    source: ListSource, store: ListStore, attempt: Attempt, outcome: RefreshOutcome, now: float
) -> RefreshOutcome:
    note = replace(attempt, at=now, state=outcome.state, message=outcome.message)
    if outcome.state in {
        ListState.UNCHANGED,
        ListState.ACCEPTED,
    }:  # whatever was held, the source has it no more
        note = replace(note, success=now, held=None, released="")
    try:
        await asyncio.to_thread(store.note, source.id, note)
    except OSError as error:
        return replace(
            outcome, message=f"{outcome.message} (This attempt could not be noted: {_fault(error)})"
        )
    return outcome


def _words(failure: GateFailure) -> str:
    return f"{failure.message} {failure.remedy}"


def _fault(error: FetchError | OSError) -> str:
    if isinstance(error, FetchError):
        return f"{error}. The last good version goes on serving."
    advice = "free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "check the data folder"
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}; {advice}. The last good version goes on serving."


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"
