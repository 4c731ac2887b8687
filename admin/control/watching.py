"""Lists in files are taken as soon as they are written: the folders are watched, and what has changed is called for.

A change counts when two looks shortly after another find the same: writers that come back in between are waited for.
Where nothing can be watched (no such folder yet, no more watches, a network's file system) the files are looked at every
now and then instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from blocklists.model import ListSource
from blocklists.sources.file import file_state
from blocklists.sources.reading import file_path
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn

if TYPE_CHECKING:
    from blocklists.sources.inotify import Inotify

SETTLE = 0.15
"""Seconds from an event to a look, and between two looks that must agree."""
POLL = 30.0
"""Seconds between looks that no event called for: files on network file systems give none."""
POLL_BLIND = 1.0
"""The same while a folder cannot be watched."""

_log = get_logger("weir.lists")


class FileWatcher:
    """Calls for lists whose files have changed. For one event loop."""

    def __init__(self, call: Callable[[Collection[str]], object], read: Callable[[str], str]) -> None:
        """Nothing is watched before ``follow``. ``call`` is told the ids of lists; ``read`` tells the state in which a
        list's files were read, empty if that is not known.
        """
        self._call, self._read = call, read
        self._sources: dict[str, ListSource] = {}
        self._seen: dict[str, str] = {}
        """States that are known: as they were when the list was followed or last called for."""
        self._found: dict[str, str] = {}
        """Other states, found by the last look."""
        self._watches: dict[Path, int] = {}
        self._inotify: Inotify | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, sources: Iterable[ListSource]) -> None:
        """Watch the files of these lists from now on, as far as they lie in files."""
        before = self._sources
        self._sources = {source.id: source for source in sources if source.url.startswith("file:")}
        new = [source for source in self._sources.values() if before.get(source.id) != source]
        for source in new:
            self._found.pop(source.id, None)
        self._seen = {key: state for key, state in self._seen.items() if key in self._sources}
        states = await _states(new)
        self._seen |= states
        # They may have changed since they were read, before anybody watched.
        if missed := {key for key, state in states.items() if state != self._read(key)}:
            self._call(missed)
        if self._sources and self._task is None:
            self._open()
            self._task = spawn(self._run(), name="file watcher")
        self._wake.set()

    def close(self) -> None:
        """Watch nothing any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None
        self._watches.clear()

    def _open(self) -> None:
        from blocklists.sources.inotify import Inotify  # ctypes takes 10 ms, which no start shall wait for

        try:
            self._inotify = Inotify()
        except OSError as error:
            _log.warning(
                "files of lists are looked at every second: they cannot be watched", reason=error.strerror
            )
            return
        asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._happened)

    def _happened(self) -> None:
        if self._inotify is not None and self._inotify.drain():
            self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            sees_all = self._watch(await asyncio.to_thread(_folders, list(self._sources.values())))
            await self._look()
            try:
                async with asyncio.timeout(SETTLE if self._found else POLL if sees_all else POLL_BLIND):
                    await self._wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(SETTLE)

    def _watch(self, folders: set[Path]) -> bool:
        """Watch these folders and no others; False if one cannot be watched."""
        if self._inotify is None:
            return False
        for folder in self._watches.keys() - folders:
            self._inotify.unwatch(self._watches.pop(folder))
        sees_all = True
        for folder in folders:
            try:
                self._watches[folder] = self._inotify.watch(folder)
            except OSError:
                sees_all = False
        return sees_all

    async def _look(self) -> None:
        """Call for what is twice found changed in the same way."""
        sources = list(self._sources.values())
        states = await _states(sources)
        changed = {key: state for key, state in states.items() if state != self._seen.get(key, state)}
        called = {key for key, state in changed.items() if self._found.get(key) == state}
        self._found = {key: state for key, state in changed.items() if key not in called}
        if called:
            self._seen |= {key: states[key] for key in called}
            self._call(called)


async def _states(sources: Iterable[ListSource]) -> dict[str, str]:
    looked_at = list(sources)
    return await asyncio.to_thread(lambda: {source.id: file_state(source) for source in looked_at})


def _folders(sources: Iterable[ListSource]) -> set[Path]:
    """Where something happens when the files change; of a symbolic link also where it leads."""
    folders = set()
    for source in sources:
        path = file_path(source.url)
        for each in (path, path.resolve()):
            folders.add(each if each.is_dir() else each.parent)
    return folders
