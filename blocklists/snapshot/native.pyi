"""Native builder and reader of the compiled table (see README.md beside this file)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

KEY_BYTES: Final[int]
INDEX_KEY_BYTES: Final[int]
"""Of the key of secret lists' digests (SipHash-2-4, 128 bits)."""
CLASS_RECORD_BYTES: Final[int]
"""exact mask (32 bytes, bit 0 first) + below mask (32) + flags (8): flag bit 0 = stop."""
FORMAT_VERSION: Final[int]

SYNTAX_DOMAINS: Final[int]
SYNTAX_HOSTS: Final[int]
SYNTAX_ADBLOCK: Final[int]
SYNTAX_DNSMASQ: Final[int]

class SnapshotError(ValueError):
    """The file is no snapshot, is damaged, or was made by another version."""

class IndexKeyError(SnapshotError):
    """Secret lists are in the file, and the index key is not here or another one: nothing may be served from it."""

class ScanResult(NamedTuple):
    """Where the lines of a list went; the rest (``lines`` minus all others) were odd."""

    lines: int
    accepted: int
    duplicate: int
    blank: int
    comment: int
    idn: int
    """Of the accepted, those with an internationalised label."""

class Naming(NamedTuple):
    """Lines as (number from 1, start, end without the LF), and how many lines of each kind there are in all."""

    lines: list[tuple[int, int, int]]
    names: int
    blank: int
    comment: int
    odd: int

class Builder:
    """Collects names with sets of tokens under one key, then writes them as an immutable table. Tokens are numbers
    below 2**32 with a meaning of the caller's. Not thread-safe; the long calls release the GIL."""

    key: bytes
    """As given."""

    def __init__(self, key: bytes, expected: int = 0) -> None:
        """``key`` is KEY_BYTES secret bytes; ``expected`` entries fit without growing. Under a key of INDEX_KEY_BYTES it
        is a builder of secret lists: names are kept as digests, which are written beside another builder's table."""
    def __len__(self) -> int:
        """Entries with at least one token."""
    def scan(
        self,
        data: bytes,
        syntax: int,
        token: int,
        odd: Callable[[int, int, int], None],
        refuse_marked: bool = False,
    ) -> ScanResult:
        """Add every clean line of ``data`` with ``token``; call ``odd(line number from 1, start, end)`` for each of
        the rest, in its place in the order of the lines (it may add to this builder; what it raises ends the scan).
        ``refuse_marked``: clean lines with a marked name are odd too. The span is without the LF."""
    def add(self, name: bytes, token: int) -> bool:
        """Add one canonical name; False if it had the token already. ValueError if it is no canonical name."""
    def add_address(self, packed: bytes, prefix_length: int, token: int) -> bool:
        """Add a prefix of a 4- or 16-byte address; bits beyond the length do not count. ValueError for others."""
    def mark(self, name: bytes) -> None:
        """Mark a canonical name for ``scan(refuse_marked=True)``. A mark is no entry."""
    def merge(self, other: Builder, tokens: Sequence[int]) -> None:
        """Add all entries of another builder with the same key; ``tokens[t]`` is what its token ``t`` is called here.
        Marks are not taken over. ValueError if the keys differ or a token has no new number."""
    def tokens(self, name: bytes) -> tuple[int, ...]:
        """The tokens at exactly this name, ascending; empty if it is not in the table."""
    def replace(self, name: bytes, tokens: Iterable[int]) -> None:
        """Give the name exactly these tokens; none removes it."""
    def find_below(self, data: bytes, syntax: int, tokens: Iterable[int]) -> list[bytes]:
        """The names of clean lines of ``data`` that stand at or below a name that carries one of ``tokens``."""
    def find_naming(self, data: bytes, syntax: int, most: int) -> Naming:
        """The lines of ``data`` that are odd, and the clean ones whose very name is in this builder; of more than
        ``most`` only the first ``most`` + 1, and then the numbers are those of the lines up to there."""
    def sets(self) -> list[tuple[tuple[int, ...], int]]:
        """Every distinct token set with the number of entries that have it; the index is the set's id, 0 is empty."""
    def write(
        self,
        path: str,
        class_of_set: Sequence[int],
        classes: bytes,
        meta: bytes,
        created: int,
        secret: Builder | None = None,
        secret_class_of_set: Sequence[int] = (),
    ) -> int:
        """Write the table to ``path``, a new file, and sync it; returns its size in bytes.

        ``class_of_set[id]`` is the class id (1-65535) of each set, 0 = leave its entries out; ``classes`` is the
        packed class table (one record of CLASS_RECORD_BYTES per class, id 0 included); ``created`` is Unix seconds.
        ``secret`` is a builder of digests, whose sets have the classes ``secret_class_of_set``.
        FileExistsError if there is a file, OSError as from write(2); a part-written file is left to the caller."""

class Snapshot:
    """A mapped table. Immutable, safe to share between threads and processes."""

    @staticmethod
    def open(
        path: str, verify: bool = True, *, index_key: bytes | None = None, without_secret: bool = False
    ) -> Snapshot:
        """Map and check a file. ``verify=False`` skips the checksum (time in proportion to the size), nothing else
        that keeps a look-up inside the file. OSError as from open(2), SnapshotError saying what is wrong.

        A file with secret lists opens only with their ``index_key`` (IndexKeyError), or ``without_secret``: look-ups then
        know nothing of those lists; never to be served from."""
    @property
    def entries(self) -> int: ...
    @property
    def has_secret(self) -> bool:
        """Whether some list in it is secret, so that look-ups need the index key."""
    @property
    def size(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def classes(self) -> bytes: ...
    @property
    def meta(self) -> bytes: ...
    def lookup(self, wire: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
        """The labels of a lower-case wire name, and (labels, class id) of every listed suffix of it, longest first,
        ending at a stop class. ``(0, ())`` if it is not a well-formed wire name."""
    def lookup_address(self, packed: bytes) -> tuple[tuple[int, int], ...]:
        """(prefix length, class id) of every listed prefix of a 4- or 16-byte address, longest first, to a stop."""
    def heed(self, path: str) -> None:
        """Let all look-ups heed the file of changes at ``path`` from now on; once, before the snapshot is shared.
        OSError as from open(2), SnapshotError saying what is wrong with the file (the snapshot stays without)."""
    @property
    def serial(self) -> int:
        """Another number, never 0, whenever the table or its changes are others; the same in all processes."""
    @property
    def changed(self) -> int:
        """Names and prefixes about which the file of changes speaks."""
    def class_record(self, class_id: int) -> bytes:
        """A class of the table (CLASS_RECORD_BYTES) or of its changes (CHANGED_CLASS_RECORD_BYTES). ValueError if
        there is none."""
    @property
    def address(self) -> int:
        """Address of the native table (``weir_table``), for the resolver's core; valid until ``close``."""
    def time_lookups(self, wires: Sequence[bytes], rounds: int, batch: int = 1) -> float:
        """Mean nanoseconds per look-up, ``batch`` (1 to 64) started together, each batch after the end of the one
        before; measured without the interpreter (for the benchmark). ValueError if there is nothing to measure."""
    def close(self) -> None:
        """Unmap the file; any later use is a ValueError."""

CHANGED_CLASS_RECORD_BYTES: Final[int]
"""A class record, then bit sets of list numbers: behind the exact mask, behind the below mask (equal halves)."""
CHANGED_CLASS_LISTS: Final[int]
"""Lists with this number or a higher one have no bit there."""
FLAG_LISTS: Final[int]
"""In the flags of a changed class: its lists are kept."""

class ChangesFullError(Exception):
    """The file of changes has no room left: compile the lists again."""

class Changes:
    """Writes the file of changes of one snapshot. One writer per file, in all processes; not thread-safe."""

    @staticmethod
    def create(snapshot: Snapshot, path: str) -> None:
        """Write a file of no changes to ``path``, a new file. OSError as from open(2) and posix_fallocate(3)."""
    @staticmethod
    def open(snapshot: Snapshot, path: str) -> Changes:
        """The writer of the file at ``path``. BlockingIOError if it has a writer, OSError as from open(2),
        SnapshotError if it is no sound file of changes to this snapshot."""
    def class_of(self, name: bytes, base: bool = False) -> int:
        """The class of exactly this canonical name, 0 if it is not listed; ``base``: before all changes."""
    def class_of_prefix(self, packed: bytes, prefix_length: int, base: bool = False) -> int:
        """The same for a prefix of a 4- or 16-byte address."""
    def add_class(self, record: bytes) -> int:
        """The id of a record of CHANGED_CLASS_RECORD_BYTES; an equal one is not kept twice. ChangesFullError."""
    def put(self, name: bytes, class_id: int) -> None:
        """Give a canonical name this class from now on; 0 = not listed. ChangesFullError, ValueError."""
    def put_prefix(self, packed: bytes, prefix_length: int, class_id: int) -> None:
        """The same for an address prefix."""
    def commit(self) -> None:
        """Tell readers that something changed: answers judged before are judged anew."""
    def sync(self) -> None:
        """Write what was changed to the disk. OSError as from fsync(2)."""
    @property
    def count(self) -> int:
        """Names and prefixes that were changed."""
    def close(self) -> None:
        """Give the file up; any later use is a ValueError."""

def keep_little_memory() -> None:
    """Let the C library give large blocks back to the system as soon as they are freed; for the whole process, to be
    called before it allocates much."""

def release_memory() -> None:
    """Give memory that was freed back to the system, as far as the C library can: a compilation uses ten times the
    memory of its result, and the library would keep most of it."""

def time_memory(size: int, reads: int) -> tuple[float, float]:
    """(dependent, independent): mean nanoseconds to read a random 64-byte line of ``size`` bytes of memory."""

def lines_not_in(text: bytes, other: bytes, key: bytes, most: int) -> list[tuple[int, int]]:
    """The spans (start, end without the LF) of the lines of ``text`` that ``other`` does not have, in order; at most
    ``most`` + 1 of them, so that more than ``most`` can be told. ``key`` is KEY_BYTES secret bytes."""

def sorted_names(data: bytes, syntax: int, word: bytes, odd: Callable[[int, int, int], object]) -> bytes:
    """One line for each name of a clean line of ``data``: ``word``, the name, LF; sorted by bytes, each once. Calls
    ``odd(number, start, end)`` for the lines that are not beyond doubt, as ``Builder.scan`` does."""

def merged_lines(text: bytes, gone: bytes, come: bytes) -> bytes:
    """The lines of ``text`` without those of ``gone``, and those of ``come``, which win. All three are sorted by bytes, each
    line once, each with its LF; what is not is merged as it comes, within bounds."""

def lines_changed(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines came and how many went. Both texts are sorted by bytes, each line once, each with its LF."""
