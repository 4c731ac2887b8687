"""The writer of one log: recovered first, then one append after the other, each in the order that the design asks for.

    compose → stage → read back → sign → commit (the point of no return) → serve → publish

Whatever fails before the commit leaves the log as it was, and whoever asked tries again. Whatever fails afterwards is made
up for before the next append. In both cases nothing that is in memory is believed any more: the next one recovers first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from admin.audit.append import EMPTY, Edge, Growth, grow
from admin.audit.batch import Chance, Item, compose
from admin.audit.bundles import Bundle, Tree
from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.files import DamageError, LogFiles
from admin.audit.head import Commit, Head, History, Ledger, LogKey, LogLeaf
from admin.audit.recovery import MissingError, Rebuild, examine, missing, state_path
from admin.audit.signing import RefusedError, Request, Signer, SignerError
from resolver.tlog.tiles import Tile, hashes_from
from resolver.tlog.tree import inclusion_proof

REBUILD = 4_096
"""Leaves that are read at once to rebuild files: about 2 MB."""

Step = Callable[[str], None]
"""Told before each step which one it is; a test ends the process there."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What one append adds."""

    items: Sequence[Item]
    now: int
    """``t`` of its leaves."""
    state: str | None = None
    """The state that it leads to; None: it stays."""
    manifest: bytes = b""
    """Of that state."""
    events: int = 0
    """The sequence of the last event that was looked at."""
    keys: Sequence[LogKey] = ()
    """Keys that it adds or retires."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An append that is staged and signed."""

    bundle: Bundle
    growth: Growth
    leaves: Sequence[LogLeaf]
    after: Head


class Writer:
    """Owns one log's files and head. Used by one task at a time."""

    def __init__(
        self,
        ledger: Ledger,
        files: LogFiles,
        signer: Signer,
        chance: Chance,
        *,
        step: Step = lambda _name: None,
    ) -> None:
        """``open`` comes before everything else."""
        self._ledger, self._files, self._signer = ledger, files, signer
        self._chance, self._step = chance, step
        self._thread = ThreadPoolExecutor(1, "log-writer")
        """Of its own: in a pool each append would wake another one."""
        self._history: History | None = None
        self._edge: Edge | None = None
        self.last_leaf = b""
        """The last leaf of the last append; empty before one."""

    @property
    def history(self) -> History:
        """Head and keys."""
        assert self._history is not None, "open comes first"
        return self._history

    @property
    def head(self) -> Head:
        """How far the log has come."""
        return self.history.head

    async def open(self, history: History) -> None:
        """Take up this log as the database has it: recover its files. DoubtError, LogStoppedError."""
        self._history, self._edge = history, None
        if history.head.size == 0:
            self._edge = await asyncio.to_thread(self._begin)
            return
        try:
            self._edge = await asyncio.to_thread(self._recover, history)
        except MissingError:
            await self._rebuild(history.head)
            self._edge = await asyncio.to_thread(self._recover, history)
        except OSError as error:
            raise _of_disk(error) from error

    async def append(self, addition: Addition) -> Head:
        """Add leaves under one new checkpoint, and publish it. LogStoppedError: then call ``open`` before the next.

        All of it is done in one thread: each change of threads costs as much as a wait for the disk.
        """
        assert self._edge is not None, "open comes first"
        edge, self._edge = self._edge, None
        try:
            loop = asyncio.get_running_loop()
            self._edge = await loop.run_in_executor(self._thread, self._append, edge, addition)
        except RefusedError as error:
            raise DoubtError(str(error)) from error
        except SignerError as error:
            raise LogStoppedError(f"the public log is not signed: {error}") from error
        except OSError as error:
            raise _of_disk(error) from error
        return self.head

    @property
    def is_open(self) -> bool:
        """Whether the next append may come without ``open``."""
        return self._edge is not None

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The proof of a leaf under the head. OSError, FormatError: tiles cannot be read."""
        size = self.head.size
        tiles: dict[Tile, bytes] = {}

        def read(tile: Tile) -> bytes:
            if tile not in tiles:
                tiles[tile] = self._files.read(tile.path)
            return tiles[tile]

        return inclusion_proof(index, size, hashes_from(read, size))

    def _append(self, edge: Edge, addition: Addition) -> Edge:
        ready = self._stage_and_sign(edge, addition)
        manifests = [(addition.state, addition.manifest)] if addition.state and addition.manifest else []
        self._step("commit")
        self._ledger.commit(Commit(self.head, ready.after, ready.leaves, manifests, addition.keys))
        self._step("committed")
        self._history = History(ready.after, _with(self.history.keys, addition.keys))
        self.last_leaf = ready.leaves[-1].data
        self._serve(ready)
        return ready.growth.after

    def _stage_and_sign(self, edge: Edge, addition: Addition) -> _Ready:
        before = self.head
        batch = compose(
            before,
            addition.items,
            now=addition.now,
            state=addition.state,
            chance=self._chance,
            events=addition.events,
        )
        leaves = [leaf.data for leaf in batch.leaves]
        growth = grow(edge, leaves)
        tree = Tree(growth.after.size, growth.after.root)
        self._step("stage")
        bundle = Bundle(before.tree, tree, leaves, _beside(before, addition))
        again = self._files.stage(bundle)
        self._step("check")
        _check_again(again, growth)
        self._step("sign")
        keys = tuple(key.key_id for key in self.history.active)
        note = self._signer.sign(Request(before.origin, before.size, tree, growth.proof, keys))
        after = replace(batch.head, size=tree.size, root=tree.root, note=note)
        return _Ready(bundle, growth, batch.leaves, after)

    def _serve(self, ready: _Ready) -> None:
        self._files.apply(ready.growth.files, ready.bundle)
        self._step("publish")
        self._files.publish(ready.after.size, ready.after.note)
        self._step("published")

    def _begin(self) -> Edge:
        self._files.settle()
        return EMPTY

    def _recover(self, history: History) -> Edge:
        edge = examine(history, self._files)
        if path := missing(history.head, self._files):
            raise MissingError(f"{path} is missing")
        self._files.settle()
        self._files.clear_partials()
        return edge

    async def _rebuild(self, head: Head) -> None:
        rebuild = Rebuild(head, self._files)
        while rebuild.size < head.size:
            leaves = await self._ledger.leaves(head.origin, rebuild.size, REBUILD)
            await asyncio.to_thread(rebuild.add, leaves)
        rebuild.done()
        for state, manifest in await self._ledger.manifests(sorted(rebuild.states)):
            await asyncio.to_thread(self._files.put, state_path(state), manifest)


def _beside(before: Head, addition: Addition) -> dict[str, bytes]:
    """What is staged beside tiles. The checkpoint before: of what is not settled, the lock row has the last one alone."""
    found = {f"cp/{before.size}": before.note} if before.size else {}
    return found | (
        {state_path(addition.state): addition.manifest} if addition.state and addition.manifest else {}
    )


def _check_again(bundle: Bundle, growth: Growth) -> None:
    """Compute everything once more from the leaves as the disk gives them back. DamageError: something differs."""
    again = grow(growth.before, bundle.leaves)
    if again.after.root != growth.after.root or again.files != growth.files:
        raise DamageError(
            "what was staged does not give the tree that was computed; check the memory of this box"
        )


def _with(keys: Sequence[LogKey], changed: Sequence[LogKey]) -> tuple[LogKey, ...]:
    found = {key.key_id: key for key in (*keys, *changed)}
    return tuple(found.values())


def _of_disk(error: OSError) -> LogStoppedError:
    where = f"{error.filename}: " if error.filename else ""
    return LogStoppedError(
        f"the files of the public log cannot be written: {where}{error.strerror or error}; make room or mend the disk"
    )
