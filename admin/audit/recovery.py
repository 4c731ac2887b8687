"""What a start makes of the files that it finds, held against the lock row: the crash rules, in their order.

Nothing here signs. What the lock row says is the truth; files are moved and written until they are of its tree, and where
that would take more than moving and writing what is missing, it ends in a DoubtError and leaves everything as it is.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence

from admin.audit.append import EMPTY, Edge, EdgeError, grow, read_edge
from admin.audit.bundles import Bundle
from admin.audit.doubt import ANOTHER_LOG, DoubtError, LogStoppedError
from admin.audit.files import CHECKPOINT, LogFiles
from admin.audit.head import Head, History
from admin.audit.verifying import verify
from resolver.tlog import checkpoints, notes
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaves import decode
from resolver.tlog.notes import VerifierKey
from resolver.tlog.tiles import TILE_WIDTH, entries_path, hashes_from, tile_path, widths_for
from resolver.tlog.tree import root

_RESTORED = (
    "an old backup of the database was restored, a standby without the last changes took its place, or another box wrote "
    f"here. Nothing was deleted. Restore the newest database; if there is none, {ANOTHER_LOG}"
)


class MissingError(LogStoppedError):
    """Served files are missing or torn: they are to be written again from the database (``Rebuild``)."""


def examine(history: History, files: LogFiles) -> Edge:
    """Bring the files to the tree of the lock row, if what is staged is enough for that, and publish it.

    DoubtError: a person has to decide. MissingError: files have to be rebuilt. OSError: the disk fails.
    """
    head = history.head
    _check_note(history)
    _check_published(history, files)
    _apply_staged(head, files)
    edge = _edge(head, files)
    _check_older(history, files)
    _remove_beyond(head.size, files)
    _publish(head, files)
    return edge


def trusted_keys(history: History) -> list[VerifierKey]:
    """All keys that ever signed this log."""
    return [VerifierKey.parse(key.vkey) for key in history.keys]


def _check_note(history: History) -> None:
    """The lock row must hold together before anything is measured by it."""
    head = history.head
    try:
        found = checkpoints.parse(notes.opened(head.note, trusted_keys(history), verify).text)
    except FormatError as error:
        raise DoubtError(
            f"the lock row of the log {head.origin} has no checkpoint of its own: {error}"
        ) from error
    if found != Checkpoint(head.origin, head.size, head.root):
        raise DoubtError(
            f"the lock row of the log {head.origin} and its checkpoint say different things: the database was changed by hand"
        )


def _check_published(history: History, files: LogFiles) -> None:
    """Whoever knows a larger tree than the lock row knows a newer database."""
    head = history.head
    largest = max(files.published_sizes(), default=0)
    known = _opened(history, files.find(CHECKPOINT))
    if known is not None and known.size > largest:
        largest = known.size
    if largest > head.size:
        raise DoubtError(
            f"a checkpoint of {largest} leaves of the log {head.origin} is published, and the database has {head.size}: "
            f"{_RESTORED}"
        )
    if known is not None and known.size == head.size and known.root != head.root:
        raise DoubtError(
            f"the published checkpoint of {known.size} leaves is not that of the database: {_RESTORED}"
        )
    at_size = _opened(history, files.find(f"cp/{head.size}"))
    if at_size is not None and at_size.root != head.root:
        raise DoubtError(f"cp/{head.size} is not the checkpoint of the database: {_RESTORED}")


def _opened(history: History, data: bytes | None) -> Checkpoint | None:
    """The checkpoint, if one of this log's keys has signed it: anything else says nothing."""
    if data is None:
        return None
    with contextlib.suppress(FormatError):
        found = checkpoints.parse(notes.opened(data, trusted_keys(history), verify).text)
        if found.origin == history.head.origin:
            return found
    return None


def _check_older(history: History, files: LogFiles) -> None:
    """What was published last must be of this history, too."""
    head, known = history.head, _opened(history, files.find(CHECKPOINT))
    if known is None or not 0 < known.size < head.size:
        return
    hashes = hashes_from(lambda tile: files.read(tile.path), head.size)
    try:
        found = root(known.size, hashes)
    except (FileNotFoundError, FormatError) as error:
        raise MissingError(f"tiles are missing or torn: {error}") from error
    if found != known.root:
        raise DoubtError(
            f"the published checkpoint of {known.size} leaves is not of the database's history: {_RESTORED}"
        )


def _apply_staged(head: Head, files: LogFiles) -> None:
    """Serve what was staged for this tree and what led to it; what was never committed is passed over."""
    wanted, chain = head.tree, deque[Bundle]()
    for bundle in reversed(files.staged()):
        if bundle.after == wanted:
            chain.appendleft(bundle)
            wanted = bundle.before
    edge = _first_edge(chain, files)
    for bundle in chain:
        growth = grow(edge, bundle.leaves)
        if growth.after.root != bundle.after.root:
            return  # damaged; what is served tells by itself whether anything is missing
        files.apply(growth.files, bundle, again=True)
        edge = growth.after


def _first_edge(chain: deque[Bundle], files: LogFiles) -> Edge:
    """The edge that the chain leads on from; begins it later if that edge is served no more."""
    while chain:
        before = chain[0].before
        with contextlib.suppress(FileNotFoundError, EdgeError, FormatError):
            return read_edge(before.size, before.root, files.read)
        chain.popleft()
    return EMPTY


def _edge(head: Head, files: LogFiles) -> Edge:
    try:
        return read_edge(head.size, head.root, files.read)
    except FileNotFoundError as error:
        raise MissingError(f"{error.filename} is missing") from error
    except (EdgeError, FormatError) as error:
        raise MissingError(str(error)) from error


def _remove_beyond(size: int, files: LogFiles) -> None:
    """Files of a batch that was never committed, and that no checkpoint anywhere is of."""
    for tile in widths_for(size):
        for number, least in ((tile.number, tile.width + 1), (tile.number + 1, 1)):
            for path in _names_of(tile.level, number):
                for width in files.partial(path):
                    if width >= least and width < TILE_WIDTH:
                        files.remove(f"{path}.p/{width}")
                if least <= TILE_WIDTH and files.has(path):
                    files.remove(path)


def _names_of(level: int, number: int) -> Iterator[str]:
    yield tile_path(level, number)
    if level == 0:
        yield entries_path(number)


def _publish(head: Head, files: LogFiles) -> None:
    """With the note of the lock row: nothing is ever signed again."""
    if files.find(f"cp/{head.size}") != head.note or files.find(CHECKPOINT) != head.note:
        files.publish(head.size, head.note)


def state_path(state: str) -> str:
    """Where the manifest of a state is served."""
    return f"state/{state}.json"


def missing(head: Head, files: LogFiles) -> str:
    """A full tile or bundle, or the manifest of the state, that ought to be served and is not; empty if none is missing."""
    if head.state != ZERO_HASH and not files.has(state_path(head.state)):
        return state_path(head.state)
    level = 0
    while count := (head.size >> 8 * level) // TILE_WIDTH:
        for number in range(count):
            for path in _names_of(level, number):
                if not files.has(path):
                    return path
        level += 1
    return ""


class Rebuild:
    """Writes what is missing of a tree from the leaves in the database, and compares all the rest."""

    def __init__(self, head: Head, files: LogFiles) -> None:
        """From the first leaf on."""
        self._head, self._files = head, files
        self._edge = EMPTY
        self.states: set[str] = set()
        """Those that the leaves name."""

    @property
    def size(self) -> int:
        """How many leaves were given."""
        return self._edge.size

    def add(self, leaves: Sequence[bytes]) -> None:
        """The next leaves; in the end exactly as many as the lock row says. DoubtError: files say otherwise."""
        if not leaves or self.size + len(leaves) > self._head.size:
            raise DoubtError(f"the database has not the {self._head.size} leaves that its lock row speaks of")
        growth = grow(self._edge, leaves)
        for path, data in growth.files.items():
            found = self._files.find(path)
            if found is None:
                self._files.put(path, data)
            elif found != data and not _is_torn(found, data):
                raise DoubtError(
                    f"{path} is not what the database says; somebody changed one of them. Compare with a copy of the log that "
                    "others keep, restore what is right, and start again"
                )
            elif found != data:
                self._files.put(path, data)
        self._edge = growth.after
        self.states |= {decode(leaf).state for leaf in leaves} - {ZERO_HASH}

    def done(self) -> Edge:
        """The edge of the whole tree. DoubtError: the leaves do not give the locked root."""
        if self._edge.root != self._head.root or self._edge.size != self._head.size:
            raise DoubtError(
                "the leaves in the database do not give the root that was signed; restore the newest backup of it"
            )
        return self._edge


def _is_torn(found: bytes, wanted: bytes) -> bool:
    """What a power cut leaves of a file: its beginning, or nothing but zeroes from somewhere on."""
    kept = found.rstrip(b"\0")
    return len(found) <= len(wanted) and wanted.startswith(kept)
