"""What a worker keeps of lists' hits: counts for all that allow it, names for those that want them.

One keeper per worker; it follows the generations. A disk that gives no file costs the counts or the log, never an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from blocklists.model import Action, BitRole
from blocklists.properties import LogPolicy
from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.hit_log import Hit, HitLog, hit_log_path
from resolver.hits import KEPT_PAGES, HitPages, forget_pages, page_names
from resolver.policy.model import bits_of
from resolver.runtime.logs import get_logger

_log = get_logger("weir.worker")


class HitKeeper:
    """Counts and logs. ``clock`` gives Unix seconds."""

    def __init__(self, run: Path, slot: int, clock: Callable[[], float]) -> None:
        """Forgets what an earlier process of this slot has counted: its numbers begin anew with ours."""
        self._run, self._slot, self._clock = run, slot, clock
        self._lock = Lock()
        self._pages: list[HitPages] = []
        self._current: tuple[Generation, HitPages] | None = None
        self._hit_log: HitLog | None = None
        self._logs = True
        forget_pages(run, slot)
        hit_log_path(run, slot).unlink(missing_ok=True)

    def pages(self, generation: Generation) -> HitPages:
        """The pages that hits are counted in under this generation. For any thread."""
        names = page_names(generation.view.bits, generation.uncounted)
        with self._lock:
            for pages in self._pages:
                if pages.names == names:
                    return pages
            pages = HitPages(self._run, self._slot, names)
            self._pages = [pages, *self._pages][:KEPT_PAGES]
            forget_pages(self._run, self._slot, [kept.stem for kept in self._pages])
            return pages

    def use(self, generation: Generation) -> None:
        """Decisions are made under this generation from now on."""
        self._current = generation, self.pages(generation)

    def spoken(self, spoken: Spoken) -> None:
        """Count a query that Python has answered, and log it if that is wanted."""
        if self._current is None:
            return
        generation, pages = self._current
        pages.count(spoken.bits)
        if spoken.bits & generation.named and not spoken.seen & generation.secret:
            self._note(spoken, generation)

    def _note(self, spoken: Spoken, generation: Generation) -> None:
        log = self._opened()
        if log is None:
            return
        name = _text(spoken.query.name)
        for list_id, action in named_voices(spoken.bits & generation.named, generation):
            log.add(Hit(int(self._clock()), name, spoken.query.qtype, list_id, action))

    def _opened(self) -> HitLog | None:
        """The log, made at its first hit."""
        if self._hit_log is None and self._logs:
            try:
                self._hit_log = HitLog(hit_log_path(self._run, self._slot))
            except OSError as error:
                self._logs = False
                _log.error("hits are not logged by name", reason=error.strerror or str(error))
        return self._hit_log


def named_voices(mask: int, generation: Generation) -> list[tuple[str, str]]:
    """(list, action) of the bits; of a category the lists behind it that log by name, if those are all that feed it."""
    view, found = generation.view, []
    lists = view.tables.lists
    for bit in (view.bits[index] for index in bits_of(mask)):
        if bit.role is not BitRole.CATEGORY:
            found.append((bit.id, bit.action.value))
            continue
        feeding = [info for info in lists.values() if view.masks.feeds.get(info.id, 0) >> bit.index & 1]
        if all(info.log is LogPolicy.NAMES for info in feeding):
            found += [(info.id, Action.BLOCK.value) for info in feeding]
    return found


def _text(wire: bytes) -> str:
    """Presentation form, other octets than those of host names as in master files (RFC 1035 section 5.1)."""
    labels, position = [], 0
    while position < len(wire) and wire[position]:
        end = position + 1 + wire[position]
        labels.append("".join(map(_shown, wire[position + 1 : end])))
        position = end
    return ".".join(labels)


def _shown(octet: int) -> str:
    char = chr(octet)
    return char if char.isascii() and (char.isalnum() or char in "-_") else f"\\{octet:03d}"
