"""How often each list has spoken: pages of words that a worker's threads add to and control reads.

A page's names say whose hits its words count, one word for each bit of the lists in force; another plan of bits has
pages of its own. The core adds to one by atomic additions of its threads, Python to another. Lists that want no count
have no name there. Here are no names of hits (``hit_log``) and nothing about clients.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from blocklists.model import MAX_BITS, Action, Bit, BitRole
from resolver.policy.model import bits_of
from resolver.runtime.counters import CounterPage, CounterPageError, read_counters

KEPT_PAGES = 2
"""The present plan's and its predecessor's: queries decided under that may still be counted, and control reads it a last
time."""


class HitKey(NamedTuple):
    """Whose hits a word counts: a list's, or those of all lists that feed a category."""

    role: BitRole
    id: str
    action: Action


class HitPages:
    """The pages of one worker for one plan of bits."""

    def __init__(self, run: Path, slot: int, names: tuple[str, ...]) -> None:
        """New pages of these ``page_names``. Where the disk gives none, hits are counted in memory that nobody reads."""
        self.names = names
        self.stem = f"{_stem(slot)}{sha256(json.dumps(names).encode()).hexdigest()[:16]}"
        self._python = CounterPage(run / f"{self.stem}.python", names)
        self._core = CounterPage(run / f"{self.stem}.core", names)

    @property
    def core(self) -> memoryview:
        """The words that the core adds to, one for each of the 256 bits."""
        return self._core.words

    def count(self, mask: int) -> None:
        """One more hit for each of these bits, in Python's own page."""
        for bit in bits_of(mask):
            self._python.add(bit)


def page_names(bits: Iterable[Bit], uncounted: int) -> tuple[str, ...]:
    """What the words of a page are called; those of no bit, or of one in the mask ``uncounted``, are only numbered."""
    named = {bit.index: f"{bit.role}:{bit.action}:{bit.id}" for bit in bits if not uncounted >> bit.index & 1}
    return tuple(named.get(index, f"unused:{index}") for index in range(MAX_BITS))


def read_hits(run: Path) -> dict[Path, Counter[HitKey]]:
    """What every page in the run folder says, by its file; pages that cannot be read are left out."""
    found: dict[Path, Counter[HitKey]] = {}
    for path in sorted(run.glob("worker-*.hits-*")):
        try:
            page = read_counters(path)
        except (OSError, CounterPageError):
            continue
        found[path] = Counter({key: count for name, count in page.items() if (key := _key(name)) is not None})
    return found


def forget_pages(run: Path, slot: int, keep: Iterable[str] = ()) -> None:
    """Remove the worker's pages but for those with these stems."""
    kept = set(keep)
    for path in run.glob(f"{_stem(slot)}*"):
        if path.stem not in kept:
            path.unlink(missing_ok=True)


def _stem(slot: int) -> str:
    return f"worker-{slot}.hits-"


def _key(name: str) -> HitKey | None:
    role, _, rest = name.partition(":")
    action, _, list_id = rest.partition(":")
    try:
        return HitKey(BitRole(role), list_id, Action(action))
    except ValueError:
        return None
