"""Answers by question, bounded by bytes: what the exchange asks of a cache, and the one that a process keeps for itself.

``Cache`` is also what the shared cache of ``resolver.outbound.shared_cache`` is tested against. Eviction is S3-FIFO (Yang et al., SOSP 2023): a new answer enters a small queue; only one that is asked for again moves
to the main queue, so a scan of names asked once cannot flush what everybody asks for. An answer that returns soon after
it was evicted (its hash is among the ghosts) enters the main queue at once.

An answer outlives its TTL by the stale window (RFC 8767); what is older is as good as absent and goes first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from resolver.exchange.ghosts import Ghosts
from resolver.exchange.model import Answer, Question

ENTRY_BYTES = 600
"""What Python objects cost for one answer beyond its message; a test compares the sum with the real memory."""
ITEM_BYTES = 48
"""One target, address or TTL offset."""
GHOST_BYTES = 120
"""The memory of one evicted question."""
SMALL_SHARE = 0.1
"""Share of the bytes for the small queue, as in the paper."""
MAX_SHARE = 1 / 8
"""Share of the bytes that one answer may take; a larger one is not kept."""
MAX_HITS = 3
"""Hits that count for another round in the main queue, as in the paper."""
MAX_ROUNDS = 64
"""Answers that one eviction may give another round, so that storing takes bounded time."""

PREFETCH_HITS = 3
"""Hits that make an answer popular."""
PREFETCH_SHARE = 0.1
"""The last part of a TTL, in which a popular answer is asked for again."""
PREFETCH_MIN_TTL = 10
"""Seconds; refreshing shorter lives early would hammer the upstream."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer in the cache: fresh or stale, and whether it should be asked for again before it expires."""

    answer: Answer
    fresh: bool
    prefetch: bool = False


class AnswerCache(Protocol):
    """What the exchange asks of a cache. ``now`` and the answers' ``stored`` are seconds of one clock."""

    @property
    def bytes(self) -> int:
        """Memory in use, as it is reported."""

    def __len__(self) -> int:
        """Answers held, as it is reported."""

    def look(self, question: Question, now: float) -> Found | None:
        """The answer, fresh or within the stale window; counts as a hit."""

    def holds(self, question: Question, now: float) -> bool:
        """Whether ``look`` would find an answer; counts nothing."""

    def store(self, answer: Answer) -> int:
        """Keep the answer if it may be kept; returns how many others had to go."""

    def resize(self, size: int, stale_window: float, now: float) -> int:
        """Put other limits in force, in bytes and seconds; returns how many answers had to go."""


class _Entry:
    """One answer and its place. ``rounds`` is the count that eviction uses, ``hits`` the one of this answer's life."""

    __slots__ = ("answer", "cost", "hits", "rounds", "small")

    def __init__(self, answer: Answer, cost: int, small: bool) -> None:
        self.answer = answer
        self.cost = cost
        self.small = small
        self.hits = 0
        self.rounds = 0


def cost_of(answer: Answer) -> int:
    """Bytes that keeping the answer takes."""
    items = len(answer.ttl_offsets) + len(answer.targets) + len(answer.addresses) + 4 * len(answer.ede)
    texts = (
        sum(map(len, answer.targets)) + sum(map(len, answer.addresses)) + sum(len(t) for _, t in answer.ede)
    )
    return ENTRY_BYTES + len(answer.wire) + len(answer.question.name) + ITEM_BYTES * items + texts


class Cache:
    """Answers by question. ``size`` is in bytes, ``stale_window`` in seconds."""

    def __init__(self, size: int, stale_window: float) -> None:
        """Start empty."""
        self._limit = size
        self._stale_window = stale_window
        self._entries: dict[Question, _Entry] = {}
        self._small: deque[_Entry] = deque()
        self._main: deque[_Entry] = deque()
        self._ghosts = Ghosts()
        self._entry_bytes = 0
        self._small_bytes = 0

    def __len__(self) -> int:
        """Answers held, stale ones included."""
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Memory in use, overhead included; never above the limit."""
        return self._entry_bytes + GHOST_BYTES * len(self._ghosts)

    def look(self, question: Question, now: float) -> Found | None:
        """The answer, fresh or within the stale window; counts as a hit."""
        entry = self._entries.get(question)
        if entry is None:
            return None
        answer = entry.answer
        left = answer.stored + answer.ttl - now
        if left <= -self._stale_window:
            return None
        entry.hits += 1
        entry.rounds = min(entry.rounds + 1, MAX_HITS)
        return Found(answer, left > 0, left > 0 and _is_prefetch_due(entry, left))

    def holds(self, question: Question, now: float) -> bool:
        """Whether ``look`` would find an answer; counts nothing."""
        entry = self._entries.get(question)
        return entry is not None and not self._is_dead(entry, now)

    def store(self, answer: Answer) -> int:
        """Keep the answer if it may be kept; returns how many others had to go.

        One with TTL 0 only takes the place of an older answer to the same question, which it has refuted.
        """
        entry = self._entries.get(answer.question)
        cost = cost_of(answer)
        if cost > self._limit * MAX_SHARE or (entry is None and answer.ttl <= 0):
            return 0
        if entry is not None:
            self._account(entry, cost - entry.cost)
            entry.answer, entry.cost, entry.hits = answer, cost, 0
        else:
            self._admit(answer, cost)
        return self._shrink(answer.stored)

    def resize(self, size: int, stale_window: float, now: float) -> int:
        """Put other limits in force; returns how many answers had to go."""
        self._limit, self._stale_window = size, stale_window
        return self._shrink(now)

    def _admit(self, answer: Answer, cost: int) -> None:
        small = not self._ghosts.recall(answer.question)
        entry = _Entry(answer, cost, small)
        self._entries[answer.question] = entry
        (self._small if small else self._main).append(entry)
        self._account(entry, cost)

    def _account(self, entry: _Entry, difference: int) -> None:
        self._entry_bytes += difference
        if entry.small:
            self._small_bytes += difference

    def _shrink(self, now: float) -> int:
        before = len(self._entries)
        while self.bytes > self._limit and self._entries:
            if self._small and (self._small_bytes > self._limit * SMALL_SHARE or not self._main):
                self._shift_small(now)
            else:
                self._evict_main(now)
        self._ghosts.trim(len(self._entries))
        return before - len(self._entries)

    def _shift_small(self, now: float) -> None:
        """The oldest of the small queue moves to the main queue if it was asked for again, else it goes."""
        entry = self._small.popleft()
        if entry.rounds and not self._is_dead(entry, now):
            self._account(entry, -entry.cost)
            entry.small, entry.rounds = False, 0
            self._account(entry, entry.cost)
            self._main.append(entry)
            return
        self._drop(entry)
        self._ghosts.remember(entry.answer.question)
        self._ghosts.trim(len(self._entries))

    def _evict_main(self, now: float) -> None:
        """The oldest of the main queue goes, unless its hits earn it another round."""
        for _ in range(min(MAX_ROUNDS, len(self._main))):
            entry = self._main[0]
            if not entry.rounds or self._is_dead(entry, now):
                break
            entry.rounds -= 1
            self._main.rotate(-1)
        self._drop(self._main.popleft())

    def _drop(self, entry: _Entry) -> None:
        del self._entries[entry.answer.question]
        self._account(entry, -entry.cost)

    def _is_dead(self, entry: _Entry, now: float) -> bool:
        return now >= entry.answer.stored + entry.answer.ttl + self._stale_window


def _is_prefetch_due(entry: _Entry, left: float) -> bool:
    ttl = entry.answer.ttl
    return entry.hits >= PREFETCH_HITS and ttl >= PREFETCH_MIN_TTL and left <= ttl * PREFETCH_SHARE
