# Reading a compiled table; included by native.pyx.


class IndexKeyError(SnapshotError):
    """Secret lists are in the file, and the index key is not here or another one: nothing may be served from it."""


cdef const uint8_t *_index_key(bytes key) except? NULL:
    if key is None:
        return NULL
    if len(key) != WEIR_SIP_KEY_BYTES:
        raise ValueError(f"an index key has {WEIR_SIP_KEY_BYTES} bytes, not {len(key)}")
    return _bytes_of(key)


cdef void *_map(path, int flags, size_t *size) except NULL:
    """Map a whole file, writable with O_RDWR. OSError as from open(2), SnapshotError if it has no pages."""
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        return _map_file(path, file, flags, size)
    finally:
        os.close(file)


cdef void *_map_file(path, int file, int flags, size_t *size) except NULL:
    cdef int rights = PROT_READ if flags == O_RDONLY else PROT_READ | PROT_WRITE
    size[0] = os.fstat(file).st_size
    if size[0] == 0:
        raise SnapshotError(f"{path}: it is empty; compile the lists again")
    cdef void *mapped = mmap(NULL, size[0], rights, MAP_SHARED, file, 0)
    if mapped == MAP_FAILED:
        raise SnapshotError(f"{path}: it cannot be mapped: is it a regular file, is there memory?")
    return mapped


cdef class Snapshot:
    """A mapped table. Immutable, safe to share between threads and processes."""

    cdef weir_table table
    cdef void *mapped
    cdef size_t mapped_bytes
    cdef void *changes
    cdef size_t changes_bytes

    def __init__(self):
        raise TypeError("use Snapshot.open")

    def __dealloc__(self):
        self._unmap()

    cdef void _unmap(self) noexcept:
        cdef void *mapped = self.mapped
        cdef void *changes = self.changes
        self.mapped = self.changes = NULL
        with nogil:
            # Giving back millions of pages takes milliseconds, in which other threads go on.
            if changes != NULL:
                munmap(changes, self.changes_bytes)
            if mapped != NULL:
                munmap(mapped, self.mapped_bytes)

    cdef int _check(self) except -1:
        if self.mapped == NULL:
            raise ValueError("the snapshot is closed")
        return 0

    @staticmethod
    def open(path, bint verify=True, *, index_key=None, bint without_secret=False):
        """Map and check a snapshot file."""
        cdef Snapshot snapshot = Snapshot.__new__(Snapshot)
        cdef const char *wrong
        cdef const uint8_t *key = _index_key(index_key)
        cdef size_t size = 0
        snapshot.mapped = _map(path, O_RDONLY, &size)
        snapshot.mapped_bytes = size
        with nogil:
            wrong = weir_table_open(&snapshot.table, <const uint8_t *>snapshot.mapped, size, verify)
        if wrong != NULL:
            raise SnapshotError(f"{path}: {wrong.decode('ascii')}; compile the lists again")
        if not without_secret:
            wrong = weir_table_index_open(&snapshot.table, key)
        if wrong != NULL:
            raise IndexKeyError(f"{path}: {wrong.decode('ascii')}; is control running, and the same vault key in use?")
        return snapshot

    def heed(self, path):
        """Let all look-ups heed the file of changes at ``path``. Once per snapshot, before it is shared."""
        cdef size_t size = 0
        self._check()
        if self.changes != NULL:
            raise ValueError("the snapshot heeds a file of changes already")
        cdef void *mapped = _map(path, O_RDONLY, &size)
        cdef const char *wrong = weir_table_overlay_open(&self.table, <const uint8_t *>mapped, size)
        if wrong != NULL:
            munmap(mapped, size)
            raise SnapshotError(f"{path}: {wrong.decode('ascii')}; compile the lists again")
        self.changes, self.changes_bytes = mapped, size

    @property
    def serial(self):
        """Another number whenever the table or its changes are others; never 0."""
        self._check()
        return weir_table_serial(&self.table)

    @property
    def changed(self):
        """Names and prefixes about which the file of changes speaks."""
        self._check()
        return weir_overlay_used(&self.table)

    def class_record(self, uint16_t class_id):
        """The record of a class of the table, or of its changes with the lists behind it."""
        self._check()
        cdef size_t size = WEIR_CLASS_BYTES if class_id < self.table.class_count else WEIR_OVERLAY_CLASS_BYTES
        if class_id >= self.table.class_count + self._changed_classes():
            raise ValueError(f"there is no class {class_id}")
        return PyBytes_FromStringAndSize(<const char *>weir_table_class(&self.table, class_id), size)

    cdef uint32_t _changed_classes(self) noexcept:
        return 0 if self.changes == NULL else weir_overlay_class_room(self.table.class_count)

    @property
    def address(self):
        """Where the native table is, for the resolver's core, which copies it; valid until ``close``."""
        self._check()
        return <uintptr_t>&self.table

    @property
    def entries(self):
        """Names and prefixes in the table, those of secret lists too."""
        return self.table.entries + self.table.secret.entries

    @property
    def has_secret(self):
        """Whether some list in it is secret, so that look-ups need the index key."""
        return self.table.secret.head != NULL

    @property
    def size(self):
        """Bytes of the file."""
        return self.mapped_bytes

    @property
    def created(self):
        """Unix seconds, as given to the builder."""
        return self.table.created

    @property
    def classes(self):
        """The class table."""
        self._check()
        cdef size_t size = self.table.class_count * <size_t>WEIR_CLASS_BYTES
        return PyBytes_FromStringAndSize(<const char *>self.table.classes, size)

    @property
    def meta(self):
        """The opaque bytes given to the builder."""
        self._check()
        return PyBytes_FromStringAndSize(<const char *>self.table.meta, self.table.meta_bytes)

    def lookup(self, bytes wire not None):
        """(labels of the name, (labels, class id) of every listed suffix, longest first, to a stop)."""
        cdef weir_hit hits[WEIR_MAX_HITS]
        cdef unsigned found, labels, i
        self._check()
        found = weir_table_lookup(&self.table, _bytes_of(wire), PyBytes_GET_SIZE(wire), hits, &labels)
        if found == 0:
            return labels, ()
        return labels, tuple([(hits[i].labels, hits[i].class_id) for i in range(found)])

    def lookup_address(self, bytes packed not None):
        """(prefix length, class id) of every listed prefix of an address, longest first, to a stop class."""
        cdef weir_hit hits[WEIR_MAX_PREFIXES]
        cdef unsigned found, i
        self._check()
        found = weir_table_lookup_address(&self.table, _bytes_of(packed), PyBytes_GET_SIZE(packed), hits)
        return tuple([(hits[i].labels, hits[i].class_id) for i in range(found)])

    def time_lookups(self, wires, unsigned rounds, unsigned batch=1):
        """Mean nanoseconds of one look-up, measured without the interpreter."""
        cdef bytes joined = b"".join(wires)
        cdef const uint8_t *names = _bytes_of(joined)
        cdef size_t count = len(wires), i, position = 0
        self._check()
        if not (count and rounds and 1 <= batch <= WEIR_MAX_TIMED_BATCH):
            raise ValueError(f"{count} names, {rounds} rounds, batches of {batch}: nothing to measure")
        cdef size_t *ends = <size_t *>malloc((count + 1) * sizeof(size_t))
        cdef double result
        if ends == NULL:
            raise MemoryError
        for i in range(count):
            position += len(wires[i])
            ends[i] = position
        with nogil:
            result = weir_time_lookups(&self.table, names, ends, count, rounds, batch)
        free(ends)
        return result

    def close(self):
        """Unmap the file; any later use is a ValueError."""
        self._unmap()
