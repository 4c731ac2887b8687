# Clients and policies: the mapped file for reading, and for the one who writes it.
from posix.mman cimport MAP_FAILED, MAP_SHARED, MS_SYNC, PROT_READ, PROT_WRITE, mmap, msync, munmap
from posix.unistd cimport close as _close_file

import errno
import fcntl

cdef extern from "hash.h" nogil:
    enum:
        WEIR_KEY_BYTES
        WEIR_MAX_WIRE
        WEIR_MAX_LABELS
        WEIR_PAD
    ctypedef struct weir_key:
        uint64_t word[4]
    ctypedef struct weir_hash:
        uint64_t h1, h2
    ctypedef struct weir_label:
        uint8_t start, length
    int weir_split_wire(const uint8_t *wire, size_t length, weir_label *labels)
    void weir_hash_suffixes(const weir_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count,
                            unsigned limit, weir_hash *out)

cdef extern from "tables.h" nogil:
    enum:
        WEIR_MASK_WORDS
        WEIR_POLICY_RULES
        WEIR_POLICY_REWRITES
    const uint32_t WEIR_NO_POLICY
    ctypedef struct weir_tables:
        weir_key key
    ctypedef struct weir_tables_facts:
        uint8_t plan[32]
        uint8_t boot[16]
        uint64_t created
        uint32_t room_clients, room_policies, clients, policies
        uint64_t edits
    ctypedef struct weir_client:
        uint8_t address[16]
        uint8_t family
        uint32_t realm
    ctypedef struct weir_prefix:
        weir_client client
        uint8_t length
    ctypedef struct weir_policy:
        uint64_t block[4]
        uint64_t security[4]
        uint64_t only[4]
        uint32_t flags, rules, rewrites
    const char *weir_tables_open(weir_tables *tables, const uint8_t *bytes, size_t size, int verify)
    void weir_tables_describe(const weir_tables *tables, weir_tables_facts *facts)
    void weir_tables_prefetch(const weir_tables *tables, const weir_client *client)
    uint32_t weir_tables_policy_of(const weir_tables *tables, const weir_client *client)
    uint32_t weir_tables_policy_at(const weir_tables *tables, const weir_prefix *prefix)
    uint32_t weir_tables_default(const weir_tables *tables)
    int weir_tables_policy(const weir_tables *tables, uint32_t number, weir_policy *policy)
    unsigned weir_tables_rule(const weir_tables *tables, const weir_policy *policy, const weir_hash *hash,
                              unsigned labels, int grants, int rules, uint64_t unix_ms, unsigned *matched)
    const uint8_t *weir_tables_rewrite(const weir_tables *tables, const weir_policy *policy, weir_hash exact,
                                       size_t *length)
    const uint8_t *weir_tables_rule_names(const weir_tables *tables, const weir_policy *policy, size_t *length)
    const uint8_t *weir_tables_rewrite_names(const weir_tables *tables, const weir_policy *policy,
                                             size_t *length)

cdef extern from "tables_writer.h" nogil:
    enum:
        WEIR_WRITE_DONE
        WEIR_WRITE_FULL
        WEIR_WRITE_NO_MEMORY
        WEIR_CLIENT_ROW
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
    void weir_client_row_load(const uint8_t *row, weir_prefix *prefix, uint32_t *policy)
    int weir_writer_replace(weir_writer *writer, const uint8_t *rows, size_t count,
                            weir_tables_changes *changes)
    void weir_writer_count_edit(weir_writer *writer)

cdef enum:
    _WALK = 64

CLIENT_ROW = WEIR_CLIENT_ROW
NO_POLICY = -1


class TablesFullError(CoreError):
    """A change does not fit into the file; what was stored before it stays. Publish a new file."""


class TablesBusyError(CoreError):
    """Another process is writing the file; the message names it."""


cdef int _fill_client(weir_client *client, bytes address, uint32_t realm) except -1:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(address)
    if size not in (4, 16):
        raise ValueError(f"an address has 4 or 16 bytes, not {size}")
    memset(client, 0, sizeof(weir_client))
    memcpy(client.address, _octets(address), size)
    client.family = 4 if size == 4 else 6
    client.realm = realm
    return 0


cdef int _fill_prefix(weir_prefix *prefix, bytes address, unsigned length, uint32_t realm) except -1:
    _fill_client(&prefix.client, address, realm)
    if length > 8 * <unsigned>PyBytes_GET_SIZE(address):
        raise ValueError(f"a prefix of {PyBytes_GET_SIZE(address)} bytes has no length {length}")
    prefix.length = length
    return 0


cdef object _mask(const uint64_t *words):
    cdef object mask = 0
    cdef int i
    for i in range(WEIR_MASK_WORDS):
        mask |= <object>words[i] << (64 * i)
    return mask


cdef int _fill_mask(uint64_t *words, object mask) except -1:
    cdef int i
    for i in range(WEIR_MASK_WORDS):
        words[i] = (mask >> (64 * i)) & 0xFFFFFFFFFFFFFFFF
    return 0


cdef inline object _number(uint32_t policy):
    return NO_POLICY if policy == WEIR_NO_POLICY else policy


cdef object _facts(const weir_tables *tables, size_t size):
    cdef weir_tables_facts facts
    weir_tables_describe(tables, &facts)
    return TablesFacts(
        PyBytes_FromStringAndSize(<char *>facts.plan, 32), PyBytes_FromStringAndSize(<char *>facts.boot, 16),
        facts.created, size, facts.room_clients, facts.room_policies, facts.clients, facts.policies, facts.edits,
        _number(weir_tables_default(tables)),
    )


class TablesFacts:
    """What a file says of itself."""

    __slots__ = ("boot", "clients", "created", "default", "edits", "plan", "policies", "room_clients",
                 "room_policies", "size")

    def __init__(self, plan, boot, created, size, room_clients, room_policies, clients, policies, edits, default):
        self.plan, self.boot, self.created, self.size = plan, boot, created, size
        self.room_clients, self.room_policies = room_clients, room_policies
        self.clients, self.policies, self.edits, self.default = clients, policies, edits, default


cdef class TablesReader:
    """A mapped file of clients and policies."""

    cdef weir_tables tables
    cdef void *mapped
    cdef size_t mapped_bytes

    def __init__(self):
        raise TypeError("use TablesReader.open")

    def __dealloc__(self):
        if self.mapped != NULL:
            munmap(self.mapped, self.mapped_bytes)

    @staticmethod
    def open(path, bytes boot not None=b""):
        """Map and check a file; every record of it unless it was written in this ``boot`` of the machine."""
        cdef TablesReader reader = TablesReader.__new__(TablesReader)
        cdef const char *wrong
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            reader.mapped_bytes = os.fstat(file).st_size
            reader.mapped = _map(path, file, reader.mapped_bytes, PROT_READ)
        finally:
            os.close(file)
        with nogil:
            wrong = weir_tables_open(&reader.tables, <const uint8_t *>reader.mapped, reader.mapped_bytes, False)
        if wrong == NULL and (not boot or reader.facts.boot != boot):
            with nogil:
                wrong = weir_tables_open(&reader.tables, <const uint8_t *>reader.mapped, reader.mapped_bytes, True)
        if wrong != NULL:
            raise CoreError(f"{path}: {wrong.decode('ascii')}; publish it again (reload the appliance)")
        return reader

    @property
    def facts(self):
        """What the file says of itself now."""
        return _facts(&self.tables, self.mapped_bytes)

    @property
    def default(self):
        """The policy number of whoever is served and no client."""
        return _number(weir_tables_default(&self.tables))

    def policy_of(self, bytes address not None, uint32_t realm=0):
        """The policy number for an address."""
        cdef weir_client client
        _fill_client(&client, address, realm)
        return _number(weir_tables_policy_of(&self.tables, &client))

    def policy_at(self, bytes address not None, unsigned length, uint32_t realm=0):
        """The policy number of exactly this prefix."""
        cdef weir_prefix prefix
        _fill_prefix(&prefix, address, length, realm)
        return _number(weir_tables_policy_at(&self.tables, &prefix))

    cdef int _policy(self, int64_t number, weir_policy *policy) except -1:
        if not 0 <= number < 0xFFFFFFFF or not weir_tables_policy(&self.tables, <uint32_t>number, policy):
            raise KeyError(number)
        return 0

    def policy(self, int64_t number):
        """(block, security, only, flags, text of rules, rewrite set or -1)."""
        cdef weir_policy policy
        cdef size_t length = 0
        self._policy(number, &policy)
        cdef const uint8_t *names = weir_tables_rule_names(&self.tables, &policy, &length)
        rules = b"" if names == NULL else PyBytes_FromStringAndSize(<const char *>names, length)
        rewrites = <object>policy.rewrites if policy.flags & WEIR_POLICY_REWRITES else -1
        return _mask(policy.block), _mask(policy.security), _mask(policy.only), policy.flags, rules, rewrites

    def rewrites(self, uint32_t rewrite_set):
        """The text of a rewrite set; empty if there is none of this number."""
        cdef weir_policy policy
        cdef size_t length = 0
        policy.flags, policy.rewrites = WEIR_POLICY_REWRITES, rewrite_set
        cdef const uint8_t *names = weir_tables_rewrite_names(&self.tables, &policy, &length)
        return b"" if names == NULL else PyBytes_FromStringAndSize(<const char *>names, length)

    cdef int _hash(self, bytes wire, weir_hash *hash) except -1:
        cdef uint8_t padded[WEIR_MAX_WIRE + WEIR_PAD]
        cdef weir_label labels[WEIR_MAX_LABELS]
        cdef int count = weir_split_wire(_octets(wire), PyBytes_GET_SIZE(wire), labels)
        if count < 0:
            raise ValueError("not a wire name")
        memset(padded, 0, sizeof(padded))
        memcpy(padded, _octets(wire), PyBytes_GET_SIZE(wire))
        weir_hash_suffixes(&self.tables.key, padded, labels, count, count, hash)
        return count

    def rule(self, int64_t number, bytes wire not None, uint64_t unix_ms, bint grants=True, bint rules=True):
        """(kind, labels of the name that spoke)."""
        cdef weir_policy policy
        cdef weir_hash hash[WEIR_MAX_LABELS]
        cdef unsigned matched = 0
        self._policy(number, &policy)
        cdef int labels = self._hash(wire, hash)
        return weir_tables_rule(&self.tables, &policy, hash, labels, grants, rules, unix_ms, &matched), matched

    def rewrite(self, int64_t number, bytes wire not None):
        """The wire name that a name is answered with; None if none."""
        cdef weir_policy policy
        cdef weir_hash hash[WEIR_MAX_LABELS]
        cdef size_t length = 0
        self._policy(number, &policy)
        cdef int labels = self._hash(wire, hash)
        if labels == 0:
            return None
        cdef const uint8_t *target = weir_tables_rewrite(&self.tables, &policy, hash[labels - 1], &length)
        return None if target == NULL else PyBytes_FromStringAndSize(<const char *>target, length)

    def walk(self, bytes rows not None, unsigned rounds=1):
        """Look up the client and policy of every row, 64 at a time; returns how many have one."""
        cdef size_t count = _count_rows(rows)
        cdef const uint8_t *first = _octets(rows)
        cdef uint64_t found = 0
        cdef unsigned turn
        with nogil:
            for turn in range(rounds):
                found += _walk(&self.tables, first, count)
        return found


cdef uint64_t _walk(const weir_tables *tables, const uint8_t *rows, size_t count) noexcept nogil:
    cdef weir_prefix batch[_WALK]
    cdef weir_policy policy
    cdef uint32_t number
    cdef size_t start = 0, here, i
    cdef uint64_t found = 0
    while start < count:
        here = count - start if count - start < _WALK else _WALK
        for i in range(here):
            weir_client_row_load(rows + (start + i) * WEIR_CLIENT_ROW, &batch[i], &number)
            weir_tables_prefetch(tables, &batch[i].client)
        for i in range(here):
            number = weir_tables_policy_of(tables, &batch[i].client)
            if number != WEIR_NO_POLICY:
                found += weir_tables_policy(tables, number, &policy)
        start += here
    return found


cdef size_t _count_rows(bytes rows) except? 0:
    if PyBytes_GET_SIZE(rows) % WEIR_CLIENT_ROW:
        raise ValueError(f"{PyBytes_GET_SIZE(rows)} bytes are no rows of {WEIR_CLIENT_ROW}")
    return PyBytes_GET_SIZE(rows) // WEIR_CLIENT_ROW


cdef void *_map(path, int file, size_t size, int protection) except NULL:
    if size == 0:
        raise CoreError(f"{path}: it is empty; publish it again (reload the appliance)")
    cdef void *mapped = mmap(NULL, size, protection, MAP_SHARED, file, 0)
    if mapped == MAP_FAILED:
        raise CoreError(f"{path}: it cannot be mapped: is it a regular file, is there memory?")
    return mapped


cdef int _lock(path, int file) except -1:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TablesBusyError(f"{path}: another process is writing it; one control at a time, stop the other") from None
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
        policy.flags |= (WEIR_POLICY_RULES if rules >= 0 else 0) | (WEIR_POLICY_REWRITES if rewrites >= 0 else 0)
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
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(self.path))

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
