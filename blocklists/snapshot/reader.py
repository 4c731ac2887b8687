"""What the compiled lists say of a name or an address. Runs per query: masks are unpacked once, at open."""

from __future__ import annotations

from pathlib import Path

from blocklists.model import Bit
from blocklists.snapshot import metadata, native
from blocklists.snapshot.classes import Class, unpack, unpack_changed

Listed = tuple[int, tuple[tuple[int, int], ...]]
"""The bits that apply, and the hits behind them: (labels or prefix length, class id), longest first."""

_UNLISTED: Listed = (0, ())


class SnapshotReader:
    """One snapshot file, mapped. Immutable; safe to share between threads."""

    def __init__(self, snapshot: native.Snapshot, path: Path) -> None:
        """Use ``open``; takes over the native snapshot."""
        self._classes = unpack(snapshot.classes)
        try:
            self._meta = metadata.decode(snapshot.meta)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise native.SnapshotError(
                f"{path}: its notes cannot be read; compile the lists again"
            ) from error
        if len(self._meta.provenance) != len(self._classes):
            raise native.SnapshotError(f"{path}: its notes do not fit its classes; compile the lists again")
        self._snapshot = snapshot
        self._lookup = snapshot.lookup
        self._changed: dict[int, Class] = {}

    @staticmethod
    def open(
        path: Path, verify: bool = True, *, index_key: bytes | None = None, without_secret: bool = False
    ) -> SnapshotReader:
        """Map a file, and its file of changes if there is one. ``verify`` checks all of it first (about 3 ms per
        million entries), which also brings it into memory; other threads run meanwhile.

        Secret lists are found under their ``index_key``; ``without_secret`` is for whoever does not serve and asks
        about the other lists only. OSError as from open(2); SnapshotError saying what is wrong with a file, and
        IndexKeyError if it has secret lists whose key is not the one given.
        """
        snapshot = native.Snapshot.open(str(path), verify, index_key=index_key, without_secret=without_secret)
        changes = changes_of(path)
        if changes.exists():
            snapshot.heed(str(changes))
        return SnapshotReader(snapshot, path)

    @property
    def table(self) -> native.Snapshot:
        """The mapped table, for the resolver's core and for whoever writes its changes."""
        return self._snapshot

    @property
    def serial(self) -> int:
        """Another number, never 0, whenever the lists or their changes are others; the same in all processes."""
        return self._snapshot.serial

    @property
    def classes(self) -> int:
        """Classes of the table itself, the unused id 0 included."""
        return len(self._classes)

    @property
    def has_stops(self) -> bool:
        """Whether some name ends a look-up, so that what is listed above it does not reach past it."""
        return any(stop for _, _, stop in self._classes)

    @property
    def lists(self) -> tuple[str, ...]:
        """The ids of the compiled lists, by number."""
        return self._meta.lists

    def is_plain(self, list_number: int) -> bool:
        """Whether the list only ever blocks: what it says at a name depends on no other name."""
        return list_number in self._meta.plain

    @property
    def bits(self) -> tuple[Bit, ...]:
        """The bit plan, by index."""
        return self._meta.bits

    @property
    def entries(self) -> int:
        """Names and prefixes in the table."""
        return self._snapshot.entries

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._snapshot.size

    @property
    def created(self) -> int:
        """Unix seconds."""
        return self._snapshot.created

    @property
    def digest(self) -> str:
        """The compile report's digest."""
        return self._meta.digest

    def look_up(self, wire: bytes) -> Listed:
        """What applies to exactly this lower-case wire name. Malformed names are not listed.

        A hit is kept if it adds bits or ends the search (an exception).
        """
        labels, found = self._lookup(wire)
        if not found:
            return _UNLISTED
        mask, known = 0, len(self._classes)
        hits = []
        for hit in found:
            class_id = hit[1]
            if class_id < known:
                exact, below, stop = self._classes[class_id]
            else:
                class_ = self.class_of(class_id)
                exact, below, stop = class_.exact, class_.below, class_.stop
            bits = exact if hit[0] == labels else below
            if bits or stop:
                mask |= bits
                hits.append(hit)
        return mask, tuple(hits)

    def look_up_address(self, packed: bytes) -> Listed:
        """What applies to an address of 4 or 16 bytes."""
        found = self._snapshot.lookup_address(packed)
        mask = 0
        for _, class_id in found:
            mask |= self.class_of(class_id).exact
        return (mask, found) if found else _UNLISTED

    def class_of(self, class_id: int) -> Class:
        """A class of the table or of its changes. ValueError if there is none."""
        if class_id < len(self._classes):
            exact, below, stop = self._classes[class_id]
            return Class(exact, below, stop, self._meta.provenance[class_id])
        if class_id not in self._changed:  # a record never changes once its id has been seen
            self._changed[class_id] = unpack_changed(self._snapshot.class_record(class_id))
        return self._changed[class_id]

    def lists_of(self, class_id: int, *, below: bool = False) -> tuple[str, ...]:
        """The ids of the lists behind a class, for the name itself or for names ``below`` it.

        Empty for a class without bits, and where so many lists overlap that only their bits were kept.
        """
        lists = self.class_of(class_id).lists
        return () if lists is None else tuple(self._meta.lists[number] for number in lists[below])

    def local_data(self, list_id: str, name: bytes | str) -> tuple[tuple[str, int, str], ...]:
        """The (type, ttl seconds, rdata) records that an RPZ list holds for a name: its own, else the nearest
        wildcard's. ``name`` is a lower-case wire name, or text without a last dot.
        """
        owners = self._meta.local_data.get(list_id)
        if not owners:
            return ()
        text = name if isinstance(name, str) else _text(name)
        if text in owners:
            return owners[text]
        while text:
            text = text.partition(".")[2]
            if f"*.{text}" in owners:
                return owners[f"*.{text}"]
        return ()

    def close(self) -> None:
        """Unmap the file; any later look-up is a ValueError."""
        self._snapshot.close()


def changes_of(path: Path) -> Path:
    """The file of changes beside a snapshot file."""
    return path.with_suffix(".delta")


def _text(wire: bytes) -> str:
    """Dotted form; only used as a key of canonical names, so other bytes just never match."""
    labels = []
    position = 0
    while position < len(wire) and wire[position]:
        labels.append(wire[position + 1 : position + 1 + wire[position]].decode("latin-1"))
        position += 1 + wire[position]
    return ".".join(labels)
