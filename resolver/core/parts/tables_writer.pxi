# Clients and policies: the mapped file for the one who writes it.
from posix.mman cimport MS_SYNC, PROT_WRITE, msync

import fcntl

cdef extern from "tables_writer.h" nogil:
    enum:
        WEIR_WRITE_DONE
        WEIR_WRITE_FULL
        WEIR_WRITE_NO_MEMORY
    ctypedef struct weir_writer:
        weir_tables tables
    ctypedef struct weir_tables_room:
        uint32_t clients, policies
        uint64_t set_bytes, name_bytes
    ctypedef struct weir_tables_origin:
        uint8_t key[32]
        uint8_t plan[32]
        uint8_t boot[16]
        uint64_t created
    ctypedef struct weir_tables_changes:
        uint64_t changed, removed
    uint64_t weir_tables_size(const weir_tables_room *room)
    int weir_tables_format(uint8_t *bytes, size_t size, const weir_tables_room *room,
                           const weir_tables_origin *origin)
    const char *weir_writer_open(weir_writer *writer, uint8_t *bytes, size_t size)
    size_t weir_writer_records(const weir_writer *writer)
    int weir_writer_rules(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set)
    int weir_writer_rewrites(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set)
    int weir_writer_policy(weir_writer *writer, const weir_policy *policy, uint32_t *number)
    int weir_rules_cost(const uint8_t *text, size_t length, weir_tables_room *room)
    int weir_rewrites_cost(const uint8_t *text, size_t length, weir_tables_room *room)
    int weir_writer_client(weir_writer *writer, const weir_prefix *prefix, uint32_t number)
    int weir_writer_served(weir_writer *writer, const weir_prefix *prefix)
    int weir_writer_default(weir_writer *writer, uint32_t number)
    int weir_writer_replace(weir_writer *writer, const uint8_t *rows, size_t count,
                            weir_tables_changes *changes)
    void weir_writer_count_edit(weir_writer *writer)


class TablesFullError(CoreError):
    """A change does not fit into the file; what was stored before it stays. Publish a new file."""


class TablesBusyError(CoreError):
    """Another process is writing the file; the message names it."""


cdef int _lock(path, int file) except -1:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TablesBusyError(f"{path}: another process is writing it; one control at a time, "
                              "stop the other") from None
    return 0


cdef class TablesWriter:
    """The one writer of a file of clients and policies."""

    cdef weir_writer writer
    cdef void *mapped
    cdef size_t mapped_bytes
    cdef int file
    cdef readonly object path

    def __cinit__(self):
        self.file = -1

    def __init__(self):
        raise TypeError("use TablesWriter.create or TablesWriter.open")

    def __dealloc__(self):
        self._release()

    cdef void _release(self) noexcept:
        if self.mapped != NULL:
            munmap(self.mapped, self.mapped_bytes)
        if self.file >= 0:
            _close_file(self.file)
        self.mapped, self.file = NULL, -1

    cdef int _check(self) except -1:
        if self.mapped == NULL:
            raise ValueError("the writer is closed")
        return 0

    cdef int _use(self) except -1:
        cdef const char *wrong
        with nogil:
            wrong = weir_writer_open(&self.writer, <uint8_t *>self.mapped, self.mapped_bytes)
        if wrong != NULL:
            raise CoreError(f"{self.path}: {wrong.decode('ascii')}; publish it again (reload the appliance)")
        return 0

    cdef int _outcome(self, int outcome) except -1:
        if outcome == WEIR_WRITE_DONE:
            return 0
        if outcome == WEIR_WRITE_FULL:
            raise TablesFullError(f"{self.path}: no room for the change; publish a new file")
        if outcome == WEIR_WRITE_NO_MEMORY:
            raise MemoryError
        raise ValueError("malformed, or it names a policy or set that is not in the file")

    @staticmethod
    def create(path, *, bytes key not None, bytes plan not None, bytes boot not None, uint64_t created,
               uint32_t clients, uint32_t policies, uint64_t set_bytes, uint64_t name_bytes):
        """Make a new file with this room and hold it for writing."""
        cdef weir_tables_room room
        cdef weir_tables_origin origin
        cdef TablesWriter writer = TablesWriter.__new__(TablesWriter)
        if (PyBytes_GET_SIZE(key), PyBytes_GET_SIZE(plan), PyBytes_GET_SIZE(boot)) != (32, 32, 16):
            raise ValueError("key and plan have 32 bytes, boot has 16")
        room.clients, room.policies = clients, policies
        room.set_bytes, room.name_bytes = set_bytes, name_bytes
        memcpy(origin.key, _octets(key), 32)
        memcpy(origin.plan, _octets(plan), 32)
        memcpy(origin.boot, _octets(boot), 16)
        origin.created = created
        writer.path, writer.mapped_bytes = path, weir_tables_size(&room)
        if writer.mapped_bytes == 0:
            raise CoreError(f"{path}: {clients} clients and {policies} policies do not fit into one file")
        # A new file only: a file that a reader has mapped must never shrink.
        writer.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        _lock(path, writer.file)
        # Every block now: a store into a mapped hole on a full disk is a deadly signal, not an error.
        os.posix_fallocate(writer.file, 0, writer.mapped_bytes)
        writer.mapped = _map(path, writer.file, writer.mapped_bytes, PROT_READ | PROT_WRITE)
        writer._outcome(
            weir_tables_format(<uint8_t *>writer.mapped, writer.mapped_bytes, &room, &origin))
        writer._use()
        return writer

    @staticmethod
    def open(path):
        """Hold a file for writing, whatever its last writer was doing when it ended."""
        cdef TablesWriter writer = TablesWriter.__new__(TablesWriter)
        writer.path = path
        writer.file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        _lock(path, writer.file)
        writer.mapped_bytes = os.fstat(writer.file).st_size
        writer.mapped = _map(path, writer.file, writer.mapped_bytes, PROT_READ | PROT_WRITE)
        writer._use()
        return writer

    @property
    def facts(self):
        """What the file says of itself now."""
        self._check()
        return _facts(&self.writer.tables, self.mapped_bytes)

    def rules(self, bytes text not None):
        """Add a set of rules and grants; returns its number."""
        cdef uint32_t number = 0
        self._check()
        self._outcome(weir_writer_rules(&self.writer, _octets(text), PyBytes_GET_SIZE(text), &number))
        return number

    def rewrites(self, bytes text not None):
        """Add a set of rewrites; returns its number."""
        cdef uint32_t number = 0
        self._check()
        self._outcome(weir_writer_rewrites(&self.writer, _octets(text), PyBytes_GET_SIZE(text), &number))
        return number

    def policy(self, block, security, only, uint32_t flags, int64_t rules=-1, int64_t rewrites=-1):
        """Add a policy; ``rules`` and ``rewrites`` are numbers of sets, or -1. Returns its number."""
        cdef weir_policy policy
        cdef uint32_t number = 0
        self._check()
        _fill_mask(policy.block, block)
        _fill_mask(policy.security, security)
        _fill_mask(policy.only, only)
        policy.flags = flags & ~(<uint32_t>WEIR_POLICY_RULES | <uint32_t>WEIR_POLICY_REWRITES)
        policy.flags |= WEIR_POLICY_RULES if rules >= 0 else 0
        policy.flags |= WEIR_POLICY_REWRITES if rewrites >= 0 else 0
        policy.rules, policy.rewrites = <uint32_t>max(rules, 0), <uint32_t>max(rewrites, 0)
        self._outcome(weir_writer_policy(&self.writer, &policy, &number))
        return number

    def client(self, bytes address not None, unsigned length, int64_t number, uint32_t realm=0):
        """Give exactly this prefix a policy; NO_POLICY takes it out."""
        cdef weir_prefix prefix
        self._check()
        _fill_prefix(&prefix, address, length, realm)
        self._outcome(weir_writer_client(&self.writer, &prefix, <uint32_t>number))

    def served(self, bytes address not None, unsigned length, uint32_t realm=0):
        """Serve this prefix: with the default policy, where there is no client."""
        cdef weir_prefix prefix
        self._check()
        _fill_prefix(&prefix, address, length, realm)
        self._outcome(weir_writer_served(&self.writer, &prefix))

    def default(self, int64_t number):
        """The policy of whoever is served and no client; NO_POLICY: nobody else is served."""
        self._check()
        self._outcome(weir_writer_default(&self.writer, <uint32_t>number))

    def replace(self, bytes rows not None):
        """Make these rows all the clients; returns how many were (changed or added, taken out)."""
        cdef weir_tables_changes changes
        cdef size_t count = _count_rows(rows)
        cdef const uint8_t *first = _octets(rows)
        cdef int outcome
        self._check()
        with nogil:
            outcome = weir_writer_replace(&self.writer, first, count, &changes)
        self._outcome(outcome)
        return changes.changed, changes.removed

    def sync(self):
        """End a batch of changes: on the disk when this returns, records before the words that name them."""
        cdef size_t words
        cdef int failed
        self._check()
        weir_writer_count_edit(&self.writer)
        with nogil:
            words = weir_writer_records(&self.writer)
            failed = msync(<uint8_t *>self.mapped + words, self.mapped_bytes - words, MS_SYNC)
            failed = failed or msync(self.mapped, self.mapped_bytes, MS_SYNC)
        if failed:
            raise OSError(errno, os.strerror(errno), str(self.path))

    def close(self):
        """Let go of the file; any later use is a ValueError."""
        self._release()


def rules_cost(bytes text not None):
    """(bytes of sets, bytes of names) that a set of rules takes."""
    return _cost(text, True)


def rewrites_cost(bytes text not None):
    """(bytes of sets, bytes of names) that a set of rewrites takes."""
    return _cost(text, False)


cdef tuple _cost(bytes text, bint rules):
    cdef weir_tables_room room
    cdef int outcome
    memset(&room, 0, sizeof(room))
    if rules:
        outcome = weir_rules_cost(_octets(text), PyBytes_GET_SIZE(text), &room)
    else:
        outcome = weir_rewrites_cost(_octets(text), PyBytes_GET_SIZE(text), &room)
    if outcome != WEIR_WRITE_DONE:
        raise ValueError("malformed names, or more than one set may hold")
    return room.set_bytes, room.name_bytes
