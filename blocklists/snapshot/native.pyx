# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=False
"""Native builder and reader of the compiled table (see README.md beside this file).

This module only converts: what happens to the bytes is in ``src/``, contracts are in ``native.pyi``.
"""

import fcntl
import os
from typing import NamedTuple

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset
from posix.fcntl cimport O_RDONLY, O_RDWR
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.unistd cimport close as c_close

KEY_BYTES = WEIR_KEY_BYTES
INDEX_KEY_BYTES = WEIR_SIP_KEY_BYTES
CLASS_RECORD_BYTES = WEIR_CLASS_BYTES
FORMAT_VERSION = WEIR_VERSION
SYNTAX_DOMAINS = WEIR_DOMAINS
SYNTAX_HOSTS = WEIR_HOSTS
SYNTAX_ADBLOCK = WEIR_ADBLOCK
SYNTAX_DNSMASQ = WEIR_DNSMASQ

cdef int MAX_CLASSES = 0xFFFF


class SnapshotError(ValueError):
    """The file is no snapshot, is damaged, or was made by another version."""


class ScanResult(NamedTuple):
    """Where the lines of a list went; the rest (``lines`` minus all others) were odd."""

    lines: int
    accepted: int
    duplicate: int
    blank: int
    comment: int
    idn: int


class Naming(NamedTuple):
    """Lines that name given names, and how many lines of each kind there are."""

    lines: list
    names: int
    blank: int
    comment: int
    odd: int


cdef inline const uint8_t *_bytes_of(bytes data) noexcept:
    return <const uint8_t *>PyBytes_AS_STRING(data)


cdef int _check_syntax(int syntax) except -1:
    if 0 <= syntax < WEIR_SYNTAXES:
        return 0
    raise ValueError(f"unknown syntax {syntax}")


cdef int _split_name(bytes name, uint8_t *padded, weir_label *labels) except -1:
    """Copy a canonical name to WEIR_MAX_TEXT + WEIR_PAD octets; returns its number of labels."""
    cdef const uint8_t *text = _bytes_of(name)
    cdef Py_ssize_t i
    cdef int count = weir_split_text(text, PyBytes_GET_SIZE(name), labels)
    for i in range(PyBytes_GET_SIZE(name)):
        if not 0x21 <= text[i] <= 0x7E or 0x41 <= text[i] <= 0x5A:
            count = -1
    if count < 0:
        raise ValueError("not a canonical name")
    memset(padded, 0, WEIR_MAX_TEXT + WEIR_PAD)
    memcpy(padded, text, PyBytes_GET_SIZE(name))
    return count


cdef int _hash_name(const weir_key *key, bytes name, weir_hash *hash) except -1:
    """Hash a canonical name; returns its number of labels."""
    cdef weir_label labels[WEIR_MAX_LABELS]
    cdef uint8_t padded[WEIR_MAX_TEXT + WEIR_PAD]
    cdef int count = _split_name(name, padded, labels)
    hash[0] = weir_hash_name(key, padded, labels, count)
    return count


cdef int _check_prefix(bytes packed, unsigned prefix_length) except -1:
    """The size of the address."""
    cdef unsigned size = PyBytes_GET_SIZE(packed)
    if size not in (4, 16) or prefix_length > 8 * size:
        raise ValueError(f"not a prefix: {size} bytes, length {prefix_length}")
    return size


cdef int _hash_prefix(const weir_key *key, bytes packed, unsigned prefix_length, weir_hash *hash) except -1:
    """Hash an address prefix; returns the size of the address."""
    cdef int size = _check_prefix(packed, prefix_length)
    hash[0] = weir_hash_address(key, _bytes_of(packed), size, prefix_length)
    return size


cdef class Builder:
    """Collects names with sets of tokens under one key, then writes them as an immutable table."""

    cdef weir_builder builder
    cdef readonly bytes key

    def __cinit__(self, bytes key, uint32_t expected=0):
        self.key = key
        self._init(&self.builder, expected)

    def __dealloc__(self):
        weir_builder_free(&self.builder)

    cdef int _init(self, weir_builder *builder, uint32_t expected) except -1:
        """Begin a builder under our key: of hashes, or under an index key of digests."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(self.key)
        cdef int outcome
        if size == WEIR_KEY_BYTES:
            outcome = weir_builder_init(builder, _bytes_of(self.key), expected)
        elif size == WEIR_SIP_KEY_BYTES:
            outcome = weir_builder_init_secret(builder, _bytes_of(self.key), expected)
        else:
            raise ValueError(f"a key has {WEIR_KEY_BYTES} bytes, an index key {WEIR_SIP_KEY_BYTES}, not {size}")
        if outcome == WEIR_NO_MEMORY:
            raise MemoryError
        return 0

    def __len__(self):
        cdef uint32_t i
        cdef Py_ssize_t entries = 0
        with nogil:
            for i in range(self.builder.size):
                entries += self.builder.slots[i].set != 0
        return entries

    cdef int _hash(self, bytes name, weir_hash *hash) except -1:
        cdef weir_label labels[WEIR_MAX_LABELS]
        cdef uint8_t padded[WEIR_MAX_TEXT + WEIR_PAD]
        cdef int count = _split_name(name, padded, labels)
        hash[0] = weir_builder_hash_name(&self.builder, padded, labels, count)
        return count

    def add(self, bytes name not None, uint32_t token):
        """Add one canonical name; False if it had the token already."""
        cdef weir_hash hash
        cdef int labels = self._hash(name, &hash)
        cdef int outcome = weir_builder_add(&self.builder, hash, token)
        if outcome == WEIR_NO_MEMORY:
            raise MemoryError
        weir_builder_note_labels(&self.builder, labels)
        return outcome == WEIR_ADDED

    def add_address(self, bytes packed not None, unsigned prefix_length, uint32_t token):
        """Add one address prefix; False if it had the token already."""
        cdef int size = _check_prefix(packed, prefix_length)
        cdef weir_hash hash = weir_builder_hash_address(&self.builder, _bytes_of(packed), size, prefix_length)
        cdef int outcome = weir_builder_add(&self.builder, hash, token)
        if outcome == WEIR_NO_MEMORY:
            raise MemoryError
        weir_builder_note_prefix(&self.builder, size, prefix_length)
        return outcome == WEIR_ADDED

    def mark(self, bytes name not None):
        """Mark a name: ``scan`` can report it as odd instead of adding it. A mark is no entry."""
        cdef weir_hash hash
        self._hash(name, &hash)
        cdef weir_slot *slot = weir_builder_slot(&self.builder, hash)
        if slot == NULL:
            raise MemoryError
        slot.flags |= WEIR_SLOT_MARKED

    def scan(self, bytes data not None, int syntax, uint32_t token, odd, bint refuse_marked=False):
        """Add every clean line with ``token``; call ``odd(number, start, end)`` for the others, in order."""
        cdef weir_scan scan
        cdef int outcome
        _check_syntax(syntax)
        weir_scan_init(&scan, &self.builder, _bytes_of(data), len(data), syntax, token, refuse_marked)
        while True:
            with nogil:
                outcome = weir_scan_next(&scan)
            if outcome == WEIR_NO_MEMORY:
                raise MemoryError
            if outcome == WEIR_SCAN_END:
                break
            odd(scan.odd.number, scan.odd.start, scan.odd.end)
        return ScanResult(scan.lines.number, scan.accepted, scan.duplicate, scan.blank, scan.comment, scan.idn)

    def merge(self, Builder other not None, tokens):
        """Add all entries of another builder; ``tokens[t]`` is what its token t is called here."""
        cdef list numbers = list(tokens)
        cdef size_t count = len(numbers), i
        cdef uint32_t *renamed
        cdef int outcome
        if other is self or other.key != self.key:
            raise ValueError("only another builder with the same key can be merged")
        if other._largest_token() >= <int64_t>count:
            raise ValueError(f"{count} numbers do not rename all tokens")
        renamed = <uint32_t *>malloc((count + 1) * sizeof(uint32_t))
        if renamed == NULL:
            raise MemoryError
        try:
            for i in range(count):
                renamed[i] = numbers[i]
            with nogil:
                outcome = weir_builder_merge(&self.builder, &other.builder, renamed)
        finally:
            free(renamed)
        if outcome == WEIR_NO_MEMORY:
            raise MemoryError

    cdef int64_t _largest_token(self) noexcept:
        """-1 without any; a set that is no longer in use counts too."""
        cdef uint32_t set, count
        cdef const uint32_t *tokens
        cdef int64_t largest = -1
        for set in range(self.builder.sets.count):
            tokens = weir_sets_tokens(&self.builder.sets, set, &count)
            if count != 0:
                largest = max(largest, <int64_t>tokens[count - 1])
        return largest

    def tokens(self, bytes name not None):
        """The tokens at exactly this name, ascending; empty if it is not in the table."""
        cdef weir_hash hash
        self._hash(name, &hash)
        cdef weir_slot *slot = weir_builder_find(&self.builder, hash)
        return () if slot == NULL else self._tokens_of(slot.set)

    cdef tuple _tokens_of(self, uint32_t set):
        cdef uint32_t count, i
        cdef const uint32_t *tokens = weir_sets_tokens(&self.builder.sets, set, &count)
        return tuple([tokens[i] for i in range(count)])

    def replace(self, bytes name not None, tokens):
        """Give the name exactly these tokens; none removes it."""
        cdef list ordered = sorted(set(tokens))
        cdef size_t count = len(ordered), i
        cdef uint32_t number
        cdef weir_hash hash
        cdef int labels = self._hash(name, &hash)
        cdef weir_slot *slot
        cdef uint32_t *packed = <uint32_t *>malloc((count + 1) * sizeof(uint32_t))
        cdef int outcome
        if packed == NULL:
            raise MemoryError
        try:
            for i in range(count):
                packed[i] = ordered[i]
            outcome = weir_sets_intern(&self.builder.sets, packed, count, &number)
        finally:
            free(packed)
        slot = weir_builder_slot(&self.builder, hash) if outcome == 0 else NULL
        if slot == NULL:
            raise MemoryError
        slot.set = number
        weir_builder_note_labels(&self.builder, labels)

    def find_below(self, bytes data not None, int syntax, tokens):
        """The names of clean lines that stand at or below a name carrying one of ``tokens``."""
        cdef weir_builder wanted
        cdef weir_lines lines
        cdef weir_name name
        cdef int found
        cdef list names = []
        _check_syntax(syntax)
        self._init(&wanted, 0)
        try:
            self._collect(&wanted, frozenset(tokens))
            weir_lines_init(&lines, _bytes_of(data), len(data), syntax)
            while True:
                with nogil:
                    found = weir_below_next(&lines, &wanted, &name)
                if not found:
                    return names
                names.append(PyBytes_FromStringAndSize(<const char *>name.text, name.length))
        finally:
            weir_builder_free(&wanted)

    def find_naming(self, bytes data not None, int syntax, Py_ssize_t most):
        """The odd lines of ``data`` and the clean ones whose name is in this builder; ``most`` + 1 at most."""
        cdef weir_lines lines
        cdef weir_passed passed
        cdef int found
        cdef list spans = []
        _check_syntax(syntax)
        memset(&passed, 0, sizeof(passed))
        weir_lines_init(&lines, _bytes_of(data), len(data), syntax)
        while len(spans) <= most:
            with nogil:
                found = weir_naming_next(&lines, &self.builder, &passed)
            if not found:
                break
            spans.append((lines.number, lines.start, lines.end))
        return Naming(spans, passed.names, passed.blank, passed.comment, passed.odd)

    cdef int _collect(self, weir_builder *wanted, frozenset tokens) except -1:
        """Copy the hashes of all entries with one of ``tokens``."""
        cdef uint32_t set, i
        cdef uint32_t total = self.builder.sets.count
        cdef uint8_t *chosen = <uint8_t *>calloc(total, 1)
        cdef bint enough = True
        if chosen == NULL:
            raise MemoryError
        try:
            for set in range(total):
                chosen[set] = not tokens.isdisjoint(self._tokens_of(set))
            with nogil:
                for i in range(self.builder.size):
                    if chosen[self.builder.slots[i].set]:
                        enough &= weir_builder_slot(wanted, weir_slot_hash(&self.builder.slots[i])) != NULL
        finally:
            free(chosen)
        if not enough:
            raise MemoryError
        # Which of them are names of how many labels is not kept: all lengths of the whole table are tried.
        wanted.min_labels = self.builder.min_labels
        wanted.max_labels = self.builder.max_labels
        return 0

    def sets(self):
        """Every token set and how many entries have it; the index is the set's id, 0 the empty set."""
        cdef uint32_t i, total = self.builder.sets.count
        cdef uint32_t *counts = <uint32_t *>calloc(total, sizeof(uint32_t))
        if counts == NULL:
            raise MemoryError
        try:
            with nogil:
                for i in range(self.builder.size):
                    counts[self.builder.slots[i].set] += 1
            counts[0] = 0
            return [(self._tokens_of(i), counts[i]) for i in range(total)]
        finally:
            free(counts)

    cdef uint16_t *_pack_ids(self, class_of_set, uint32_t classes) except NULL:
        """The class ids of our sets, checked, in memory of the caller's."""
        cdef uint32_t i, total = self.builder.sets.count
        if len(class_of_set) != total:
            raise ValueError(f"{len(class_of_set)} class ids for {total} sets")
        cdef uint16_t *ids = <uint16_t *>malloc(total * sizeof(uint16_t))
        if ids == NULL:
            raise MemoryError
        for i in range(total):
            if not 0 <= class_of_set[i] < classes:
                free(ids)
                raise ValueError(f"class {class_of_set[i]} of set {i} is not in the class table")
            ids[i] = class_of_set[i]
        return ids

    def write(
        self,
        path,
        class_of_set,
        bytes classes not None,
        bytes meta not None,
        uint64_t created,
        Builder secret=None,
        secret_class_of_set=(),
    ):
        """Write the table to ``path``, a new file, and sync it; returns its size in bytes."""
        cdef weir_content content
        cdef uint16_t *ids = NULL
        cdef uint16_t *secret_ids = NULL
        cdef uint64_t size = 0
        if self.builder.is_secret or (secret is not None and not secret.builder.is_secret):
            raise ValueError("hashes are written, and digests beside them")
        content.class_count = _count_classes(classes)
        content.classes, content.meta = _bytes_of(classes), _bytes_of(meta)
        content.meta_bytes, content.created = PyBytes_GET_SIZE(meta), created
        content.secret = NULL
        try:
            ids = self._pack_ids(class_of_set, content.class_count)
            if secret is not None:
                secret_ids = secret._pack_ids(secret_class_of_set, content.class_count)
                content.secret = &secret.builder
            content.class_of_set, content.secret_class_of_set = ids, secret_ids
            _write(path, &self.builder, &content, &size)
        finally:
            free(ids)
            free(secret_ids)
        return size


cdef int _write(path, const weir_builder *builder, const weir_content *content, uint64_t *size) except -1:
    # A new file only: truncating one that a reader has mapped would kill the reader.
    cdef int outcome, file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with nogil:
            outcome = weir_write(builder, content, file, size)
    finally:
        os.close(file)
    if outcome != 0:
        raise OSError(outcome, os.strerror(outcome), path)
    return 0


cdef uint32_t _count_classes(bytes classes) except 0:
    cdef Py_ssize_t count = len(classes) // WEIR_CLASS_BYTES
    if len(classes) % WEIR_CLASS_BYTES or not 1 <= count <= MAX_CLASSES + 1:
        raise ValueError(f"{len(classes)} bytes are no class table")
    return count


include "snapshot.pxi"
include "overlay.pxi"
include "absent.pxi"
include "names.pxi"


def keep_little_memory():
    """Let the C library give large blocks back as soon as they are freed."""
    weir_keep_little_memory()


def release_memory():
    """Give memory that was freed back to the system, as far as the C library can."""
    with nogil:
        weir_release_memory()


def time_memory(size_t size, size_t reads):
    """(dependent, independent): mean nanoseconds to read a random 64-byte line of ``size`` bytes."""
    cdef double dependent = 0, independent = 0
    if weir_time_memory(size, reads, &dependent, &independent) != 0:
        raise MemoryError
    return dependent, independent
