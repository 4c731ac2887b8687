# The writer of a snapshot's file of changes; included by native.pyx.

CHANGED_CLASS_RECORD_BYTES = WEIR_OVERLAY_CLASS_BYTES
CHANGED_CLASS_LISTS = WEIR_OVERLAY_LISTS
FLAG_LISTS = WEIR_FLAG_LISTS


class ChangesFullError(Exception):
    """The file of changes has no room left: compile the lists again."""


cdef class Changes:
    """Writes the file of changes of one snapshot. One writer per file, in all processes; not thread-safe."""

    cdef Snapshot snapshot
    cdef weir_table table
    cdef uint8_t *mapped
    cdef size_t mapped_bytes
    cdef int file

    def __cinit__(self):
        self.file = -1

    def __init__(self):
        raise TypeError("use Changes.create or Changes.open")

    def __dealloc__(self):
        self._close()

    cdef void _close(self) noexcept:
        if self.mapped != NULL:
            munmap(self.mapped, self.mapped_bytes)
        self.mapped = NULL
        if self.file >= 0:
            c_close(self.file)  # not os.close: the last ones are let go of when modules are gone already
        self.file = -1

    cdef int _check(self) except -1:
        if self.mapped == NULL:
            raise ValueError("the file of changes is closed")
        return 0

    @staticmethod
    def create(Snapshot snapshot not None, path):
        """Write a file of no changes to ``path``, a new file."""
        snapshot._check()
        cdef size_t size = weir_overlay_bytes(weir_overlay_class_room(snapshot.table.class_count))
        cdef void *mapped
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            # Room on the disk is taken now: a write to a mapped hole of a full disk kills the writer.
            os.posix_fallocate(file, 0, size)
            mapped = _map_file(path, file, O_RDWR, &size)
        finally:
            os.close(file)
        weir_overlay_format(&snapshot.table, <uint8_t *>mapped)
        munmap(mapped, size)

    @staticmethod
    def open(Snapshot snapshot not None, path):
        """The writer of the file at ``path``, which belongs to ``snapshot``."""
        cdef Changes changes = Changes.__new__(Changes)
        cdef const char *wrong
        snapshot._check()
        changes.snapshot, changes.table = snapshot, snapshot.table
        changes.file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(changes.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        changes.mapped = <uint8_t *>_map_file(path, changes.file, O_RDWR, &changes.mapped_bytes)
        wrong = weir_table_overlay_open(&changes.table, changes.mapped, changes.mapped_bytes)
        if wrong != NULL:
            raise SnapshotError(f"{path}: {wrong.decode('ascii')}; compile the lists again")
        # An earlier writer may have died between a change and this.
        weir_overlay_raise(changes.mapped)
        return changes

    def class_of(self, bytes name not None, bint base=False):
        """The class of exactly this canonical name, 0 if it is not listed; ``base``: before all changes."""
        cdef weir_hash hash
        self._check()
        _hash_name(&self.table.key, name, &hash)
        return self._class_of(hash, base)

    def class_of_prefix(self, bytes packed not None, unsigned prefix_length, bint base=False):
        """The same for an address prefix."""
        cdef weir_hash hash
        self._check()
        _hash_prefix(&self.table.key, packed, prefix_length, &hash)
        return self._class_of(hash, base)

    cdef uint32_t _class_of(self, weir_hash hash, bint base) noexcept:
        cdef uint32_t class_id
        if not base and weir_overlay_find(&self.table, hash, &class_id):
            return class_id
        return weir_table_base_find(&self.table, hash)

    def add_class(self, bytes record not None):
        """The id of a class record; an equal one is not kept twice."""
        self._check()
        if PyBytes_GET_SIZE(record) != WEIR_OVERLAY_CLASS_BYTES:
            raise ValueError(f"a record has {WEIR_OVERLAY_CLASS_BYTES} bytes, not {len(record)}")
        cdef uint32_t class_id = weir_overlay_class(&self.table, self.mapped, _bytes_of(record))
        if class_id == 0:
            raise ChangesFullError("no room for another class")
        return class_id

    def put(self, bytes name not None, uint32_t class_id):
        """Give a canonical name this class from now on; 0 = not listed."""
        cdef weir_hash hash
        self._check_class(class_id)
        cdef unsigned labels = _hash_name(&self.table.key, name, &hash)
        if not weir_overlay_put_name(&self.table, self.mapped, hash, labels, class_id):
            raise ChangesFullError("no room for another name")

    def put_prefix(self, bytes packed not None, unsigned prefix_length, uint32_t class_id):
        """The same for an address prefix."""
        cdef weir_hash hash
        self._check_class(class_id)
        cdef unsigned size = _hash_prefix(&self.table.key, packed, prefix_length, &hash)
        if not weir_overlay_put_prefix(&self.table, self.mapped, hash, size, prefix_length, class_id):
            raise ChangesFullError("no room for another prefix")

    cdef int _check_class(self, uint32_t class_id) except -1:
        self._check()
        if class_id >= self.table.class_count + weir_overlay_class_room(self.table.class_count):
            raise ValueError(f"there is no class {class_id}")
        return 0

    def commit(self):
        """Tell readers that something changed: answers judged before are judged anew."""
        self._check()
        weir_overlay_raise(self.mapped)

    def sync(self):
        """Write what was changed to the disk."""
        self._check()
        os.fsync(self.file)

    @property
    def count(self):
        """Names and prefixes that were changed."""
        self._check()
        return weir_overlay_used(&self.table)

    def close(self):
        """Give the file up."""
        self._close()
