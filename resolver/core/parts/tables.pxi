# Clients and policies: the mapped file for reading.
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, mmap, munmap
from posix.unistd cimport close as _close_file

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
    void weir_hash_suffixes(const weir_key *key, const uint8_t *bytes, const weir_label *labels,
                            unsigned count, unsigned limit, weir_hash *out)

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
    const uint8_t *weir_tables_rule_names(const weir_tables *tables, const weir_policy *policy,
                                          size_t *length)
    const uint8_t *weir_tables_rewrite_names(const weir_tables *tables, const weir_policy *policy,
                                             size_t *length)

cdef extern from "tables_writer.h" nogil:
    enum:
        WEIR_CLIENT_ROW
    void weir_client_row_load(const uint8_t *row, weir_prefix *prefix, uint32_t *policy)

cdef enum:
    _WALK = 64

CLIENT_ROW = WEIR_CLIENT_ROW
NO_POLICY = -1


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
    cdef bytes raw = mask.to_bytes(8 * WEIR_MASK_WORDS, "little")
    for i in range(WEIR_MASK_WORDS):
        words[i] = int.from_bytes(raw[8 * i:8 * i + 8], "little")
    return 0


cdef inline object _number(uint32_t policy):
    return NO_POLICY if policy == WEIR_NO_POLICY else policy


cdef object _facts(const weir_tables *tables, size_t size):
    cdef weir_tables_facts facts
    weir_tables_describe(tables, &facts)
    return TablesFacts(
        PyBytes_FromStringAndSize(<char *>facts.plan, 32), PyBytes_FromStringAndSize(<char *>facts.boot, 16),
        facts.created, size, facts.room_clients, facts.room_policies, facts.clients, facts.policies,
        facts.edits, _number(weir_tables_default(tables)),
    )


class TablesFacts:
    """What a file says of itself."""

    __slots__ = ("boot", "clients", "created", "default", "edits", "plan", "policies", "room_clients",
                 "room_policies", "size")

    def __init__(self, plan, boot, created, size, room_clients, room_policies, clients, policies, edits,
                 default):
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
        cdef const uint8_t *octets
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            reader.mapped_bytes = os.fstat(file).st_size
            reader.mapped = _map(path, file, reader.mapped_bytes, PROT_READ)
        finally:
            os.close(file)
        octets = <const uint8_t *>reader.mapped
        with nogil:
            wrong = weir_tables_open(&reader.tables, octets, reader.mapped_bytes, False)
        if wrong == NULL and (not boot or reader.facts.boot != boot):
            with nogil:
                wrong = weir_tables_open(&reader.tables, octets, reader.mapped_bytes, True)
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
        what = weir_tables_rule(&self.tables, &policy, hash, labels, grants, rules, unix_ms, &matched)
        return what, matched

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
