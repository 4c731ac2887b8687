"""The answer cache that all workers share, as the exchange sees it: the memory is ``mapping``'s, the rules the core's.

Where no memory can be shared the worker keeps answers for itself, with its part of the size: serving goes on, and
``problem`` says why.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from resolver.core.native import (
    CACHE_BUSY,
    CACHE_PREFETCH,
    CACHE_STALE,
    CACHE_TOO_LONG,
    KEY_CD,
    KEY_DO,
    Cache,
)
from resolver.exchange.cache import Found
from resolver.exchange.counters import Count
from resolver.exchange.model import Answer, Question
from resolver.outbound.mapping import Mapping, MappingError, open_mapping, private_cache, whole_pages

MAX_NAME = 255
"""Octets of a question's name (RFC 1035 section 2.3.4)."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Names to which no kept answer may lead: the core, which does not know them, would give it.

    ``edition`` (letters and digits) is another one whenever the names are; ``has`` is true for a lower-case wire name
    that is one of them, None for none.
    """

    edition: str = ""
    has: Callable[[bytes], object] | None = None


NOTHING_WITHHELD = Withheld()


class SharedCache:
    """An ``AnswerCache`` whose times are CLOCK_MONOTONIC, the same for every process of the machine."""

    def __init__(
        self,
        run: Path,
        size: int,
        stale_window: float,
        *,
        workers: int,
        count: Count,
        withheld: Withheld = NOTHING_WITHHELD,
    ) -> None:
        """Join the cache of the appliance with this run folder; ``size`` is that of the whole appliance.

        A size of less than two pages keeps nothing. ``count`` counts answers that could not be kept. ``withheld``
        as for ``withhold``.
        """
        self._withheld = withheld
        self.workers = workers
        """Among how many the size is divided where it cannot be shared."""
        self.problem = ""
        """Why the cache is not as it was asked for; empty if it is."""
        self._run, self._count = run, count
        self._size = -1
        self._mapping: Mapping | None = None
        self._cache: Cache | None = None
        self.resize(size, stale_window, 0.0)

    @property
    def native(self) -> Cache | None:
        """The handle for the core; another one after ``resize``. None while nothing is to be kept."""
        return self._cache

    @property
    def memory(self) -> mmap.mmap | None:
        """The shared memory, claimed as a whole; another one after ``resize``. None where none is shared."""
        return self._mapping.memory if self._mapping is not None else None

    @property
    def is_shared(self) -> bool:
        """Whether other workers see the same answers."""
        return self._mapping is not None

    def look(self, question: Question, now: float) -> Found | None:
        """The answer, fresh or within the stale window; counts as a hit."""
        if self._cache is None or len(question.name) > MAX_NAME:
            return None
        found = self._cache.get(*_key(question), _ms(now), self._stale_ms)
        if found is None:
            return None
        state, wire, ttl_offsets, targets, addresses, stored_ms, ttl, ede = found
        flags = int.from_bytes(wire[2:4], "big")
        answer = Answer(question, wire, flags, ttl_offsets, targets, addresses, stored_ms / 1000, ttl, ede)
        return Found(answer, state != CACHE_STALE, state == CACHE_PREFETCH)

    def holds(self, question: Question, now: float) -> bool:
        """Whether ``look`` would find an answer; counts nothing."""
        if self._cache is None or len(question.name) > MAX_NAME:
            return False
        return bool(self._cache.peek(*_key(question), _ms(now), self._stale_ms))

    def store(self, answer: Answer) -> int:
        """Keep the answer if it may be kept; returns how many others had to go."""
        if self._cache is None or self._is_withheld(answer):
            return 0
        stored_ms = _ms(answer.stored)
        gone = self._cache.put(
            *_key(answer.question),
            stored_ms,
            answer.wire,
            answer.ttl_offsets,
            answer.targets,
            answer.addresses,
            stored_ms,
            max(answer.ttl, 0),
            answer.ede,
        )
        if gone == CACHE_TOO_LONG:
            self._count("cache_too_long")
        elif gone == CACHE_BUSY:
            self._count("cache_busy")
        return max(gone, 0)

    def resize(self, size: int, stale_window: float, now: float) -> int:
        """Put other limits in force. Another size begins an empty cache, for all workers; nothing is counted as evicted.

        If it cannot be had, a cache that was shared before stays in use.
        """
        self._stale_ms = _ms(stale_window)
        wanted = whole_pages(size)
        if wanted != self._size:
            self._change_to(wanted)
            self._size = wanted
        if self._cache is not None:
            self._cache.dead_ms = self._stale_ms
        return 0

    def withhold(self, withheld: Withheld) -> None:
        """Keep no answer from now on that leads to such a name. Another edition begins an empty cache, for all workers."""
        before, self._withheld = self._withheld, withheld
        if withheld.edition == before.edition:
            return
        self.close()  # what was kept so far must not be given any more, whatever comes of the new one
        if self._size > 0:
            self._change_to(self._size)
        if self._cache is not None:
            self._cache.dead_ms = self._stale_ms
        if self.problem:
            self._withheld = replace(withheld, edition=before.edition)  # tried again with the next generation

    def close(self) -> None:
        """Let go of the mapping. What the core still uses stays until it lets go too."""
        self._cache = None
        if self._mapping is not None:
            self._mapping.close()
            self._mapping = None

    @property
    def bytes(self) -> int:
        """Memory of the answers; 0 where another worker reports the same cache, so that sums over workers are right."""
        return self._usage()[1]

    def __len__(self) -> int:
        """Answers held, stale ones included; 0 like ``bytes``."""
        return self._usage()[0]

    def _usage(self) -> tuple[int, int]:
        if self._cache is None or (self._mapping is not None and not self._mapping.is_first()):
            return 0, 0
        return self._cache.usage()

    def _is_withheld(self, answer: Answer) -> bool:
        has = self._withheld.has
        return has is not None and any(map(has, (answer.question.name, *answer.targets)))

    def _change_to(self, size: int) -> None:
        self.problem = ""
        if size == 0:
            self.close()
            return
        try:
            mapping = open_mapping(self._run, size, self._withheld.edition)
        except MappingError as error:
            self._do_without(size, error)
            return
        self.close()
        self._mapping, self._cache = mapping, mapping.cache

    def _do_without(self, size: int, error: MappingError) -> None:
        if self._mapping is not None:
            self.problem = f"{error}; the cache keeps its former size"
            return
        own = whole_pages(size // max(self.workers, 1))
        self._cache = private_cache(own) if own else None
        self.problem = f"{error}; until then this worker keeps answers for itself, {own} bytes of them"


def _key(question: Question) -> tuple[bytes, int, int, int]:
    flags = (KEY_DO if question.dnssec_ok else 0) | (KEY_CD if question.checking_disabled else 0)
    return question.name, question.qtype, question.qclass, flags


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
