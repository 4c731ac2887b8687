"""Edits put into force without compiling: the class of one name is worked out anew and written to the file of changes.

That is right where what a list says at a name depends on no other name. Where it does (exceptions, RPZ), or where the
table no longer knows which lists are behind a class, the edit waits for the next compilation, and says so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from blocklists.edits import AT_NAME, BELOW, REACH, Change, Edit
from blocklists.model import BitRole, ListSource, Scope
from blocklists.snapshot.above_stops import AboveStops
from blocklists.snapshot.bits import feeds
from blocklists.snapshot.classes import NOTHING, Class, Provenance, pack_changed
from blocklists.snapshot.native import Changes, ChangesFullError
from blocklists.snapshot.reader import SnapshotReader, changes_of


class Effect(Enum):
    """What became of an edit here."""

    NOW = "now"
    """In force in every process."""
    PARTLY = "partly"
    """In force at the name; below it there may be names for which only compiling works it out."""
    LATER = "later"
    """Only compiling puts it into force."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What a list can say: the bits it feeds, and the bits of the actions that it asks for."""

    fed: int
    actions: int


class Deltas:
    """The writer of the changes to one snapshot. One per file; not thread-safe."""

    def __init__(
        self, path: Path, sources: Mapping[str, ListSource], above_stops: AboveStops | None = None
    ) -> None:
        """``path`` is the snapshot, ``sources`` the lists that it was compiled from, by id, ``above_stops`` the names above
        its stops, if they are known.

        OSError as from open(2), BlockingIOError if the file has another writer, SnapshotError if a file is not sound.
        """
        self._reader = SnapshotReader.open(path, verify=False, without_secret=True)
        self._numbers = {list_id: number for number, list_id in enumerate(self._reader.lists)}
        self._voices = [self._voice(sources[list_id]) for list_id in self._reader.lists]
        self._has_stops, self._above_stops = self._reader.has_stops, above_stops
        self._ids = {self._reader.class_of(number): number for number in range(1, self._reader.classes)}
        self._changes = Changes.open(self._reader.table, str(changes_of(path)))

    def apply(self, list_id: str, edits: Sequence[Edit]) -> list[Effect]:
        """Put edits of one list into force, as far as that can be done here; one effect for each."""
        effects = [self._apply(list_id, edit) for edit in edits]
        self._changes.commit()
        return effects

    def protects(self, name: str) -> bool:
        """Whether a list of protected names speaks about this name."""
        wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
        bits, _ = self._reader.look_up(wire)
        return any(bit.role is BitRole.PROTECTED and bits >> bit.index & 1 for bit in self._reader.bits)

    def sync(self) -> None:
        """Write what was put into force to the disk. OSError as from fsync(2)."""
        self._changes.sync()

    @property
    def serial(self) -> int:
        """Another number whenever something was put into force (``SnapshotReader.serial``)."""
        return self._reader.serial

    @property
    def count(self) -> int:
        """Names and prefixes in the file of changes."""
        return self._changes.count

    def close(self) -> None:
        """Give the file up. The snapshot stays mapped until the last reader is gone."""
        self._changes.close()
        self._reader.close()

    def _voice(self, source: ListSource) -> Voice:
        actions = sum(
            1 << bit.index for bit in self._reader.bits if bit.role is BitRole.ACTION and bit.id == source.id
        )
        return Voice(feeds(source, self._reader.bits), actions)

    def _apply(self, list_id: str, edit: Edit) -> Effect:
        number = self._numbers.get(list_id)
        if number is None or edit.change is Change.TAKE_BACK or not self._reader.is_plain(number):
            return Effect.LATER
        before = self._class_at(edit)
        after = amended(before, number, edit, self._voices)
        if after is None:
            return Effect.LATER
        try:
            if after != before:
                self._put(edit, self._id_of(after))
        except ChangesFullError:
            return Effect.LATER
        reaches_below = edit.scope is not Scope.ADDRESS and REACH[edit.scope] & BELOW
        return Effect.PARTLY if reaches_below and self._may_be_stopped(edit.name) else Effect.NOW

    def _may_be_stopped(self, name: str) -> bool:
        """Whether look-ups may end below a name, at what was worked out when the table was compiled."""
        return self._has_stops and (self._above_stops is None or name in self._above_stops)

    def _class_at(self, edit: Edit) -> Class:
        if edit.scope is Scope.ADDRESS:
            class_id = self._changes.class_of_prefix(*_packed(edit.name))
        else:
            class_id = self._changes.class_of(edit.name.encode("ascii"))
        return self._reader.class_of(class_id) if class_id else NOTHING

    def _id_of(self, class_: Class) -> int:
        if class_ == NOTHING:
            return 0
        return self._ids.get(class_) or self._changes.add_class(pack_changed(class_))

    def _put(self, edit: Edit, class_id: int) -> None:
        if edit.scope is Scope.ADDRESS:
            self._changes.put_prefix(*_packed(edit.name), class_id)
        else:
            self._changes.put(edit.name.encode("ascii"), class_id)


@dataclass(frozen=True, slots=True)
class _Side:
    """Half a class: the bits for the name itself or for names below it, and the lists behind them (None: not kept)."""

    bits: int
    lists: frozenset[int] | None


def amended(before: Class, number: int, edit: Edit, voices: Sequence[Voice]) -> Class | None:
    """The class of a name once list ``number`` says there what the edit wants; None if that cannot be told. Pure."""
    reach = REACH[edit.scope]
    change = _with if edit.change is Change.ADD else _without
    sides = _sides(before)
    exact = change(sides[0], number, voices) if reach & AT_NAME else sides[0]
    below = change(sides[1], number, voices) if reach & BELOW else sides[1]
    if exact is None or below is None:
        return None
    if before.stop and edit.change is Change.REMOVE and (exact, below) != sides:
        return None  # what goes may be a parent's entry, which is counted in here
    lists: Provenance | None = None
    if exact.lists is not None and below.lists is not None:
        lists = tuple(sorted(exact.lists)), tuple(sorted(below.lists))
    return Class(exact.bits, below.bits, before.stop, lists)


def _sides(class_: Class) -> tuple[_Side, _Side]:
    if class_.lists is None:
        return _Side(class_.exact, None), _Side(class_.below, None)
    exact, below = map(frozenset, class_.lists)
    return _Side(class_.exact, exact), _Side(class_.below, below)


def _with(side: _Side, number: int, voices: Sequence[Voice]) -> _Side:
    return _Side(side.bits | voices[number].fed, None if side.lists is None else side.lists | {number})


def _without(side: _Side, number: int, voices: Sequence[Voice]) -> _Side | None:
    if side.lists is None:
        # Without all bits of the list, it is none of those behind it.
        return side if side.bits & voices[number].fed != voices[number].fed else None
    if number not in side.lists:
        return side
    left, bits = side.lists - {number}, 0
    for other in left:
        voice = voices[other]
        if voice.actions and voice.fed & voices[number].fed:
            return None  # whether it says an action here or a plain block cannot be told from the bits that both feed
        bits |= side.bits & (voice.fed | voice.actions)
    return _Side(bits, left)


def _packed(name: str) -> tuple[bytes, int]:
    network = ipaddress.ip_network(name)
    return network.network_address.packed, network.prefixlen
