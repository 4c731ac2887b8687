"""What the processes of this box really serve, as events: each state once all of them can show it, each refusal.

A process tells the first bytes of the state that it has verified on its counter page (``resolver.tables.proving``). A state
that was changed in place counts as served once it was changed, whatever the proof said before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from admin.audit.events import Detail, Event, EventKind, digest_of
from admin.control.clocks import Clocks
from admin.control.proofs import Binding
from admin.control.storage import Storage
from admin.services.actors import Actor, ActorKind
from admin.services.serving import page_of
from resolver.runtime.counters import CounterPageError, read_counters

LOOK = 0.5
"""Seconds between looks while a process is yet to follow."""
_MARK = 16
_BY_CONTROL = Actor.of_the_box(ActorKind.SCHEDULE, "control")


@dataclass(slots=True)
class _Seen:
    """Since when (Unix seconds) each process is known to serve what is in force."""

    binding: Binding
    since: dict[str, float]


class Served:
    """Follows the processes of one box."""

    def __init__(self, run: Path, storage: Storage, clocks: Clocks, node: str) -> None:
        """``run`` is where the counter pages lie; events go to ``storage``."""
        self._run, self._storage, self._clocks, self._node = run, storage, clocks, node
        self._seen: _Seen | None = None
        self._is_told = False
        self._refused: dict[tuple[str, int], int] = {}

    @property
    def waits(self) -> bool:
        """Whether some process is yet to serve what is in force."""
        return self._seen is not None and not self._is_told

    async def look(self, binding: Binding | None, processes: Collection[str]) -> None:
        """Compare what is in force with what is served. ``binding`` None: nothing is in force that could be shown."""
        if binding is None:
            return
        pages = await asyncio.to_thread(lambda: {name: _page(self._run, name) for name in processes})
        await self._tell_refusals(pages)
        if self._seen is None or self._seen.binding != binding:
            self._seen, self._is_told = _Seen(binding, {}), False
        if self._is_told or not pages:
            return
        since, now = self._seen.since, self._clocks.unix()
        for name, page in pages.items():
            if page.get("generation") == binding.generation and page.get("logged_state") == binding.mark:
                since.setdefault(name, now)
            else:
                since.pop(name, None)
        if len(since) == len(pages):
            await self._tell(binding, since)
            self._is_told = True

    async def _tell(self, binding: Binding, since: Mapping[str, float]) -> None:
        detail: dict[str, Detail] = {
            "snap": binding.snap,
            "state": binding.state,
            "generation": binding.generation,
            **{f"since_{name}": moment for name, moment in since.items()},
        }
        event = Event(EventKind.STATE_ENFORCED, self._node, after=binding.state, detail=detail)
        # The leaf that bound this state is one of its own, so the same state enforced anew later is told anew.
        mark = digest_of([self._node, binding.state, binding.snap, binding.index])[:_MARK]
        await self._storage.note(event, _BY_CONTROL, self._clocks.unix(), mark)

    async def _tell_refusals(self, pages: Mapping[str, Mapping[str, int]]) -> None:
        """A count begins anew with each process, so it is known by when that began."""
        for name, page in pages.items():
            process, number = (name, page.get("started", 0)), page.get("generations_refused", 0)
            if number <= self._refused.get(process, 0):
                continue
            self._refused[process] = number
            detail: dict[str, Detail] = {"node": self._node, "refused": number, "started": process[1]}
            event = Event(EventKind.WORKER_REFUSED, name, detail=detail)
            mark = digest_of([name, *detail.values()])[:_MARK]
            await self._storage.note(event, _BY_CONTROL, self._clocks.unix(), mark)


def _page(run: Path, name: str) -> dict[str, int]:
    try:
        return read_counters(page_of(run, name))
    except (OSError, CounterPageError):
        return {}
