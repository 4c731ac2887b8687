"""Edits of single entries: kept durably first, then put into force beside the compiled lists, at once where that is right.

While lists are being compiled, edits go on: each is in force in the old state at once, and is applied to the new one
before that comes into force. Everything here runs in threads; one lock orders edits and publications.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from admin.api.appliance import EditReport
from blocklists.edits import Change, Edit, EditError, beneath, combine
from blocklists.list_store import ListStore
from blocklists.model import Kind, ListSource
from blocklists.snapshot.above_stops import AboveStops
from blocklists.snapshot.deltas import Deltas, Effect
from resolver.runtime.logs import get_logger

NoteOf = Callable[[Sequence[Edit], Sequence[Edit]], str]
"""What is to be kept with edits, from those that held before and those that hold then."""
_log = get_logger("weir.lists")


def no_note(_before: Sequence[Edit], _after: Sequence[Edit]) -> str:
    """Nothing."""
    return ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a compilation starts from: the edits in force by list, and how many there had been."""

    mark: int
    edits: Mapping[str, tuple[Edit, ...]]


@dataclass(frozen=True, slots=True)
class _Recent:
    mark: int
    list_id: str
    edit: Edit


class Editor:
    """Owns the edits of all lists and the file of changes of the snapshot in force. Thread-safe."""

    def __init__(self, store: ListStore) -> None:
        """Nothing is in force before ``adopting``."""
        self._store = store
        self._lock = threading.Lock()
        self._deltas: Deltas | None = None
        self._path: Path | None = None
        self._recent: list[_Recent] = []
        self._held: list[tuple[str, Edit]] = []
        self._mark = self._owed = self._compiled = 0
        self.holds = False
        """Whether edits are kept first and put into force by ``release``: they are logged in between."""
        self.later = 0
        """How many of the edits that were released last need a compilation first."""

    @property
    def waits(self) -> bool:
        """Whether edits are kept that are not yet released."""
        return bool(self._held)

    @property
    def owes_compiling(self) -> bool:
        """Whether some edit is not wholly in force until the lists have been compiled again."""
        return self._owed > self._compiled

    def basis(self, sources: Iterable[ListSource]) -> Basis:
        """What to compile with. OSError if the edits of a list cannot be read."""
        with self._lock:
            return Basis(self._mark, {source.id: self._tidied(source) for source in sources})

    def edit(self, source: ListSource, edits: Sequence[Edit], note: NoteOf = no_note) -> EditReport:
        """Keep edits and put them into force. EditError or OSError: none of them is kept or in force.

        ``note`` says what is kept with them, from the edits that held before and those that hold then. Where ``holds``
        is set, they wait for ``release``.
        """
        with self._lock:
            for edit in edits:
                self._check_protected(source, edit)
            before = self._store.edits(source.id).edits
            self._store.edit(source, edits, note(combine(before), combine((*before, *edits))))
            self._recent += [_Recent(self._mark + 1 + n, source.id, edit) for n, edit in enumerate(edits)]
            self._mark += len(edits)
            self._held += [(source.id, edit) for edit in edits]
            later = len(edits) if self.holds else self._release()
            kept = combine(self._store.edits(source.id).edits)
        return EditReport(in_force=len(edits) - later, compiling=self.owes_compiling, edits=kept)

    def release(self) -> None:
        """Put into force what waits."""
        with self._lock:
            self.later = self._release()

    def _release(self) -> int:
        """The caller holds the lock."""
        effects: list[Effect] = []
        for list_id, held in groupby(self._held, key=itemgetter(0)):
            effects += self._apply(self._deltas, list_id, [edit for _, edit in held])
        self._held = []
        if any(effect is not Effect.NOW for effect in effects):
            self._owed = self._mark
        return sum(effect is Effect.LATER for effect in effects)

    def amend(self, source: ListSource, changes: Sequence[Edit]) -> bool:
        """Put into force what a list's text says otherwise now, beneath the edits made to it, and write it to the disk.

        False if not all of it could be: the lists are to be compiled then. OSError.
        """
        with self._lock:
            if self._deltas is None:
                return False
            effects = self._deltas.apply(source.id, beneath(changes, self._kept(source)))
            self._deltas.sync()
        return all(effect is Effect.NOW for effect in effects)

    @property
    def changed(self) -> int:
        """Names and prefixes that are in force otherwise than they were compiled."""
        with self._lock:
            return 0 if self._deltas is None else self._deltas.count

    @property
    def serial(self) -> int:
        """Of the snapshot in force with its changes; 0 without one."""
        with self._lock:
            return 0 if self._deltas is None else self._deltas.serial

    def edits(self, list_id: str) -> tuple[Edit, ...]:
        """All edits of a list that hold. OSError if they cannot be read."""
        return combine(self._store.edits(list_id).edits)

    @contextlib.contextmanager
    def adopting(
        self,
        path: Path,
        sources: Iterable[ListSource],
        basis: Basis | None,
        above_stops: AboveStops | None = None,
    ) -> Iterator[None]:
        """Within, the snapshot at ``path`` comes into force; its changes are written to from then on.

        ``basis`` is what it was compiled with; None: an earlier process compiled it, so all edits are applied again.
        ``above_stops`` are the names above the snapshot's stops, if they are known.
        An error inside leaves the old snapshot in force. OSError or SnapshotError if the new one cannot be opened.
        """
        with self._lock:
            if path == self._path:
                yield
                return
            fresh = Deltas(path, {source.id: source for source in sources}, above_stops)
            try:
                owed = self._catch_up(fresh, sources, basis)
                yield
            except BaseException:
                fresh.close()
                raise
            if self._deltas is not None:
                self._deltas.close()
            self._deltas, self._path, self._held = fresh, path, []
            if basis is not None:
                self._compiled = basis.mark
                self._recent = [recent for recent in self._recent if recent.mark > basis.mark]
            if owed:
                self._owed = self._mark

    def _catch_up(self, deltas: Deltas, sources: Iterable[ListSource], basis: Basis | None) -> bool:
        """Apply what the snapshot does not hold yet; whether some of it must wait for another compilation."""
        if basis is None:
            missing = [(source.id, edit) for source in sources for edit in self._kept(source)]
        else:
            missing = [(recent.list_id, recent.edit) for recent in self._recent if recent.mark > basis.mark]
        effects = [self._apply(deltas, list_id, [edit])[0] for list_id, edit in missing]
        return basis is not None and any(effect is not Effect.NOW for effect in effects)

    def _apply(self, deltas: Deltas | None, list_id: str, edits: Sequence[Edit]) -> list[Effect]:
        return [Effect.LATER] * len(edits) if deltas is None else deltas.apply(list_id, edits)

    def _tidied(self, source: ListSource) -> tuple[Edit, ...]:
        kept = self._kept(source)
        with contextlib.suppress(OSError):  # a full disk: the file stays as long as it is
            self._store.tidy_edits(source.id)
        return kept

    def _kept(self, source: ListSource) -> tuple[Edit, ...]:
        journal = self._store.edits(source.id)
        if journal.damaged:
            _log.error(
                "edits of a list are lost: their file is damaged; make them again",
                list=source.id,
                lines=journal.damaged,
            )
        return combine(journal.edits)

    def _check_protected(self, source: ListSource, edit: Edit) -> None:
        is_name = "/" not in edit.name and ":" not in edit.name
        if (
            edit.change is not Change.ADD
            or source.kind is Kind.PROTECTED
            or not is_name
            or self._deltas is None
        ):
            return
        if self._deltas.protects(edit.name):
            raise EditError(
                f"list {source.id}: {edit.name} is a protected name, which nothing may block; "
                "remove it from the list of protected names first"
            )
