"""Notice a new generation and open it; keep the last good one if the new one is damaged.

The link ``current`` is read when the kernel says that something in its folder has changed, and every few milliseconds
where it does not say so: no writer to coordinate with, and it works across users, containers and restarts of either
side. To wake fifty times a second cost 1 to 2 % of a busy core in each process, mostly caches gone cold.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from blocklists.snapshot.native import SnapshotError
from resolver.runtime.logs import get_logger
from resolver.runtime.notices import FolderNotices, folder_notices
from resolver.tables.index_key import IndexKey, no_index_key
from resolver.tables.model import Tables
from resolver.tables.proving import Prover
from resolver.tables.store import TablesError, current_generation, take_any
from resolver.tables.view import View

POLL_SECONDS = 0.02
"""A change of policy is to reach every process within 50 ms (DESIGN.md section 6)."""

NOTICED_SECONDS = 1.0
"""The same where the kernel gives notice: only for file systems whose changes it does not see (network mounts)."""

RETRY_SECONDS = 1.0
"""A generation that could not be opened (memory, open files) is tried again this often until another one comes."""

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads generations, and by what right."""

    index_key: IndexKey = no_index_key
    """Asked for every generation: one with secret lists is not taken without their key, and tried again."""
    staged: bool = False
    """This process tries out generations before the others take them."""
    prover: Prover | None = None
    """What generations must be proven by; without it any is taken."""
    told: Callable[[], object] = lambda: None
    """Called after every look at a generation or its proof: the prover's numbers may be others then."""


ANY_READER = Reader()

_log = get_logger("weir.tables")


async def watch(
    state: Path,
    on_new: Callable[[View], None],
    reader: Reader = ANY_READER,
) -> None:
    """Call ``on_new`` with the view in force as soon as there is one, then with every later one; runs until cancelled.

    A generation that cannot be opened is reported and tried again; what was given before stays in force meanwhile.
    What ``on_new`` raises ends the watch: its caller must not go on with an old policy as if nothing had happened.
    """
    await watch_prepared(state, lambda view: view, on_new, reader)


async def watch_prepared(
    state: Path,
    prepare: Callable[[View], Prepared],
    on_new: Callable[[Prepared], None],
    reader: Reader = ANY_READER,
    *,
    poll: float | None = None,
) -> None:
    """The same, with ``prepare`` called in a thread: what takes time must not keep the loop from its sockets.

    ``poll`` is how often to look, in seconds; without it that is the kernel's to tell.
    """
    opener, prover = _Opener(state, prepare, reader), reader.prover
    with folder_notices(state) as notices:
        while True:
            if notices is not None:
                notices.happened.clear()
            generation = current_generation(state, staged=reader.staged)
            if generation is not None and generation != opener.taken:
                prepared = await asyncio.to_thread(opener.open)
                if prepared is not None:
                    on_new(prepared)
                reader.told()
                if generation != opener.taken:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
            elif prover is not None and prover.is_renewed:
                await asyncio.to_thread(prover.follow)
                reader.told()
            await _wait(notices, poll)


async def _wait(notices: FolderNotices | None, poll: float | None) -> None:
    """Until it is time to look again."""
    if poll is not None or notices is None:
        await asyncio.sleep(POLL_SECONDS if poll is None else poll)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(NOTICED_SECONDS):
            await notices.happened.wait()


class _Opener(Generic[Prepared]):
    """Opens what is in force. ``taken`` is the number of the generation that was given last."""

    def __init__(self, state: Path, prepare: Callable[[View], Prepared], reader: Reader) -> None:
        self._state, self._prepare, self._reader = state, prepare, reader
        prover = reader.prover
        self._check: Callable[[Tables], object] = take_any if prover is None else prover.check
        self._told: set[str] = set()
        self.taken: int | None = None

    def open(self) -> Prepared | None:
        """The newest generation that is whole, if it is newer than the one taken; what is wrong is logged.

        An older one would undo a change that is obeyed already, perhaps only because files or memory ran out for a
        moment: it is better than none, and no more.
        """
        try:
            reader = self._reader
            view, complaints = View.open_any(
                self._state, reader.index_key(), staged=reader.staged, check=self._check
            )
            self._tell("a damaged generation was passed over for an older one", complaints)
            number = view.tables.generation
            if self.taken is not None and complaints and number <= self.taken:
                return None
            prepared = self._prepare(view)
        except (TablesError, SnapshotError, OSError, MemoryError) as error:
            _log.error("cannot open the new state; the last good one stays in force", reason=str(error))
            return None
        except Exception:  # whatever else is wrong with a new state, the last good one is better than none
            _log.exception("cannot use the new state; the last good one stays in force")
            return None
        self.taken = number
        if self._reader.prover is not None:
            self._reader.prover.took()
        return prepared

    def _tell(self, event: str, complaints: list[str]) -> None:
        """Each complaint once, although the state is looked at again every second until it is whole."""
        for complaint in complaints:
            if complaint not in self._told:
                _log.error(event, reason=complaint)
        self._told = set(complaints)
