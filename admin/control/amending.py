"""New versions of lists put into force beside the compiled lists, without compiling them again. Runs in threads.

The order makes every state one that can be gone on from: the record of what is in force is taken back, the changes are
written, then synced, then the record says what is in force now. Whoever ends in between leaves no record, and the lists are
compiled from their texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from admin.control.compiled import Compiled, Fingerprint
from admin.control.editing import Editor
from admin.control.lists import ListKeeper
from blocklists.edits import Edit
from blocklists.model import Confidentiality, ListSource
from blocklists.snapshot.readings import Readings
from resolver.runtime.logs import get_logger

MOST_CHANGES = 32_768
"""Changed names beside compiled lists beyond which they are compiled again: half of the room that there is."""

_log = get_logger("weir.lists")

Amendment = tuple[ListSource, tuple[Edit, ...]]


class Amender:
    """Works out and applies what new versions change. Not thread-safe."""

    def __init__(self, keeper: ListKeeper, editor: Editor, readings: Readings) -> None:
        """``readings`` is what the keeper counts new versions with."""
        self._keeper, self._editor, self._readings = keeper, editor, readings

    @property
    def is_crowded(self) -> bool:
        """Whether it is time to compile again, however little changes."""
        return self._editor.changed > MOST_CHANGES

    def plan(self, compiled: Compiled, wanted: Fingerprint) -> list[Amendment] | None:
        """What to change so that the ``wanted`` versions are in force; None if only compiling does it."""
        if [source for source, _ in compiled.fingerprint] != [source for source, _ in wanted]:
            return None
        amendments: list[Amendment] = []
        for (source, before), (_, after) in zip(compiled.fingerprint, wanted, strict=True):
            if before == after:
                continue
            edits = self._edits(source, before, after)
            if edits is None:
                return None
            amendments.append((source, edits))
        return amendments

    def apply(
        self, compiled: Compiled, wanted: Fingerprint, amendments: Sequence[Amendment]
    ) -> Compiled | None:
        """Put them into force; None if some could not be, and the lists must be compiled. OSError."""
        for source, edits in amendments:
            if not self._editor.amend(source, edits):
                return None
            _log.info("new version in force beside the compiled lists", list=source.id, changes=len(edits))
        return replace(compiled, fingerprint=wanted)

    def _edits(self, source: ListSource, before: str, after: str) -> tuple[Edit, ...] | None:
        if (
            source.confidentiality is Confidentiality.SECRET
            or source.handling.staged
            or not (before and after)
        ):
            return None
        store = self._keeper.store
        change = self._readings.change(source, before, after, lambda digest: store.text(source.id, digest))
        return None if change is None else change.edits
