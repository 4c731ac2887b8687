"""The life of one list: due → fetched → verified → gated → accepted, or held, or failed.

Whatever goes wrong, the last good version goes on serving. Compiling what is accepted is the caller's part, and so
are clocks and timers: times are arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from blocklists.canonical_text import is_scanned
from blocklists.gates import SHORTEST_DIGEST, GateFailure, inspect_bytes, judge, notices
from blocklists.list_store import ListStore, ReleaseError
from blocklists.model import Confidentiality, ListCounts, ListSource, ListVersion
from blocklists.records import Attempt, ListState, ListStatus, Pin, Serving
from blocklists.sources import Fetched, FetchError, Known, NotModified

__all__ = [
    "CONFIRMING",
    "Count",
    "Digest",
    "Fetch",
    "ListState",
    "ListStatus",
    "ListStore",
    "Recount",
    "RefreshOutcome",
    "ReleaseError",
    "note_fault",
    "refresh",
]

CONFIRMING = frozenset({ListState.UNCHANGED, ListState.ACCEPTED, ListState.PINNED})
"""The states in which the source was heard and had nothing that waits for anybody."""

_KEEPING = frozenset({ListState.FAILED, ListState.HELD, ListState.PINNED})
"""The states in which what served before goes on serving although the source has something else."""

Count = Callable[[ListSource, bytes], ListCounts]
"""Counts a version without keeping it; called in a thread."""


Digest = Callable[[ListSource, str, bytes], object]
"""Works out what the public log says of a version that is known by this digest, and remembers it (``digesting``). Called
in a thread; OSError: it is worked out when it is needed."""


class Recount(Protocol):
    """``blocklists.snapshot.readings.Readings.recount``, or nothing that can."""

    def __call__(
        self, source: ListSource, before: ListVersion, counts: ListCounts, after: ListVersion
    ) -> ListCounts | None:
        """The counts of a version from those of the one before; None if it must be counted. Called in a thread."""
        ...


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


async def refresh(  # noqa: PLR0913 - its collaborators, each by name
    source: ListSource,
    store: ListStore,
    *,
    now: float,
    count: Count,
    fetch: Fetch,
    recount: Recount | None = None,
    digest: Digest | None = None,
) -> RefreshOutcome:
    """Update one list; ``now`` is Unix seconds. Faults of source, list and disk end in an outcome, not an error.

    ``digest`` runs beside the counting where that costs a second processor and no time.
    """
    is_secret = source.confidentiality is Confidentiality.SECRET
    try:
        if is_secret:
            await asyncio.to_thread(store.forget_text, source.id)
        held = await asyncio.to_thread(store.held_for, source)
        known = _known(store, source, held)
        fetched = await fetch(source, known=known, now=now)
        if isinstance(fetched, NotModified):
            outcome, attempt = _not_modified(store, source, held), store.attempt(source.id)
        else:
            fetched = await asyncio.to_thread(store.identified, source, fetched)
            taking = _Taking(source, store, count, recount, digest, now)
            outcome, attempt = await taking.take(fetched, is_lost=held is None)
    except (FetchError, OSError) as error:
        outcome, attempt = RefreshOutcome(ListState.FAILED, _fault(error)), store.attempt(source.id)
        outcome = replace(outcome, retry_after=getattr(error, "retry_after", None))
    if outcome.state in _KEEPING:
        outcome = replace(outcome, version=await asyncio.to_thread(store.load_for, source))
    return await _noted(source, store, attempt, outcome, now)


async def note_fault(source: ListSource, store: ListStore, fault: str, *, now: float) -> RefreshOutcome:
    """Remember an attempt that ended in a fault of our own; ``fault`` must not carry text of the list."""
    outcome = RefreshOutcome(ListState.FAILED, f"{fault}. The last good version goes on serving.")
    return await _noted(source, store, store.attempt(source.id), outcome, now)


def _known(store: ListStore, source: ListSource, held: Serving | None) -> Known | None:
    """What the source need not send again: the newest version that was accepted, which a rollback may have set aside;
    and the signature that a new version must not be older than, whether or not that one's text is at hand.
    """
    newest = store.newest_for(source)
    if newest is None or (held is None and newest.proof is None):
        return None
    if held is None:
        return Known(proof=newest.proof)

    def base() -> ListVersion | None:
        text = store.text(source.id, newest.digest)
        return None if text is None else ListVersion(source.id, text, newest.digest, newest.fetched)

    return Known(newest.etag, newest.last_modified, base, newest.proof)


def _not_modified(store: ListStore, source: ListSource, held: Serving | None) -> RefreshOutcome:
    if held is None:
        return RefreshOutcome(ListState.FAILED, "The source reports no change, but no version is held here.")
    if (pin := store.pin_for(source)) is not None:
        return _pinned(pin)
    return _unchanged(held, None)


@dataclass(frozen=True, slots=True)
class _Taking:
    """What becomes of a version that was fetched. Methods raise OSError if it cannot be stored."""

    source: ListSource
    store: ListStore
    count: Count
    recount: Recount | None
    digest: Digest | None
    now: float

    async def take(self, fetched: ListVersion, *, is_lost: bool) -> tuple[RefreshOutcome, Attempt]:
        """Verify, gate and store it; ``is_lost``: the text of the version that serves is not here."""
        source, store = self.source, self.store
        attempt, serving, pin = store.attempt(source.id), store.serving_for(source), store.pin_for(source)
        if serving is not None and serving.digest == fetched.digest:
            await asyncio.to_thread(self._confirm, serving, fetched, is_lost=is_lost)
            return _unchanged(serving, fetched), attempt
        if pin is not None and (pin.hold or fetched.digest in pin.refused):
            return _pinned(pin), attempt
        if (failure := inspect_bytes(fetched.data)) is not None:
            return RefreshOutcome(ListState.FAILED, _words(failure), failures=(failure,)), attempt
        counts = await self._counted_and_digested(fetched, serving)
        before = await self._before(serving, counts)
        failures = judge(source, counts, before, fetched.digest)
        if failures and attempt.released != fetched.digest:
            held = await asyncio.to_thread(store.hold, source, fetched, counts, failures)
            outcome = RefreshOutcome(ListState.HELD, " ".join(map(_words, failures)), None, counts, failures)
            return outcome, replace(attempt, held=held, released="")
        await asyncio.to_thread(store.accept, source, fetched, counts, now=self.now)
        words = (f"A new version with {_entries(counts.entries)}.", *notices(source, counts, before))
        outcome = RefreshOutcome(ListState.ACCEPTED, " ".join(words), fetched, counts)
        return outcome, replace(attempt, held=None, released="")

    async def _counted_and_digested(self, version: ListVersion, serving: Serving | None) -> ListCounts:
        """Beside each other where the scanner reads the list; else the digest is made of what the counting has read."""
        if is_scanned(self.source):
            return (await asyncio.gather(self._counts(version, serving), self._digested(version)))[0]
        counts = await self._counts(version, serving)
        await self._digested(version)
        return counts

    async def _counts(self, version: ListVersion, serving: Serving | None) -> ListCounts:
        return await self._recounted(version, serving) or await self._counted(version)

    async def _digested(self, version: ListVersion) -> None:
        if self.digest is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self.digest, self.source, version.digest, version.data)

    async def _recounted(self, version: ListVersion, serving: Serving | None) -> ListCounts | None:
        """The counts from what differs alone; None if they are not to be had so."""
        if self.recount is None or serving is None:
            return None
        current = await asyncio.to_thread(self.store.load_for, self.source)
        if current is None or current.digest != serving.digest:
            return None
        return await asyncio.to_thread(self.recount, self.source, current, serving.counts, version)

    async def _counted(self, version: ListVersion) -> ListCounts:
        counts = await asyncio.to_thread(self.count, self.source, version.data)
        return await asyncio.to_thread(self.store.identified_counts, self.source, counts)

    async def _before(self, serving: Serving | None, counts: ListCounts) -> ListCounts | None:
        """The counts of the version that serves, about the same guarded names as ``counts``: if other names are guarded
        than when it came, it is read again.
        """
        if serving is None or serving.counts.coverage.reference == counts.coverage.reference:
            return None if serving is None else serving.counts
        current = await asyncio.to_thread(self.store.load_for, self.source)
        if current is None or current.digest != serving.digest:
            return serving.counts  # its text is not at hand
        return replace(serving.counts, coverage=(await self._counted(current)).coverage)

    def _confirm(self, serving: Serving, fetched: ListVersion, *, is_lost: bool) -> None:
        """Store the same version again if its text is missing or damaged, or its validators changed."""
        validators = (fetched.etag, fetched.last_modified, fetched.proof)
        is_missed = is_lost and self.store.keeps_text(self.source)
        if is_missed or (serving.etag, serving.last_modified, serving.proof) != validators:
            self.store.confirm(self.source, fetched)


def _pinned(pin: Pin) -> RefreshOutcome:
    until = "it is resumed" if pin.hold else "its source has a newer one"
    words = f"The list was rolled back to version {pin.digest[:SHORTEST_DIGEST]}, which serves until {until}."
    return RefreshOutcome(ListState.PINNED, words)


def _unchanged(serving: Serving, version: ListVersion | None) -> RefreshOutcome:
    return RefreshOutcome(ListState.UNCHANGED, f"No change; {_entries(serving.counts.entries)}.", version)


async def _noted(
    source: ListSource, store: ListStore, attempt: Attempt, outcome: RefreshOutcome, now: float
) -> RefreshOutcome:
    note = replace(attempt, at=now, state=outcome.state, message=outcome.message)
    if outcome.state in CONFIRMING:  # whatever was held, the source has it no more
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
