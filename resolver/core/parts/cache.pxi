# The binding of src/cache: a handle on a mapping, and answers as plain values.
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from "cache.h":
    enum:
        WEIR_CACHE_PAGE
        WEIR_CACHE_MAX_KEY
        WEIR_CACHE_MAX_TTLS
        WEIR_CACHE_MISS
        WEIR_CACHE_FRESH
        WEIR_CACHE_STALE
        WEIR_CACHE_PREFETCH
        WEIR_CACHE_BUSY
        WEIR_CACHE_UNWANTED
        WEIR_CACHE_TOO_LONG
        WEIR_KEY_DO
        WEIR_KEY_CD
    ctypedef struct weir_cache:
        uint64_t dead_ms
    ctypedef struct weir_cache_key:
        const uint8_t *name
        uint16_t name_length, qtype, qclass
        uint8_t flags
    ctypedef struct weir_answer:
        const uint8_t *wire
        uint32_t wire_length
        const uint16_t *ttl_offsets
        uint16_t ttl_count
        const uint8_t *targets
        uint16_t targets_length, target_count
        const uint8_t *addresses
        uint16_t addresses_length, address_count
        const uint8_t *ede
        uint16_t ede_length
        uint64_t stored_ms
        uint32_t ttl
    ctypedef struct weir_cache_copy:
        pass
    int weir_cache_format(uint8_t *mapping, size_t size, const uint8_t *key, const uint8_t *boot)
    const char *weir_cache_open(weir_cache *cache, uint8_t *mapping, size_t size, const uint8_t *boot,
                                uint16_t slot)
    unsigned weir_cache_recover(weir_cache *cache)
    unsigned weir_cache_recover_from(weir_cache *cache, uint16_t first)
    uint64_t weir_cache_hash(const weir_cache *cache, const weir_cache_key *key)
    int weir_cache_get(weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                       uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy)
    int weir_cache_peek(const weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                        uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy)
    int weir_cache_put(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *answer,
                       uint64_t now_ms)
    void weir_cache_usage(const weir_cache *cache, uint64_t *entries, uint64_t *octets)

CACHE_PAGE = WEIR_CACHE_PAGE
CACHE_FRESH, CACHE_STALE, CACHE_PREFETCH = WEIR_CACHE_FRESH, WEIR_CACHE_STALE, WEIR_CACHE_PREFETCH
KEY_DO, KEY_CD = WEIR_KEY_DO, WEIR_KEY_CD
CACHE_BUSY, CACHE_UNWANTED, CACHE_TOO_LONG = WEIR_CACHE_BUSY, WEIR_CACHE_UNWANTED, WEIR_CACHE_TOO_LONG

cdef enum:
    _CACHE_KEY = 32
    _CACHE_BOOT = 16


def cache_format(memory, bytes key, bytes boot):
    cdef Py_buffer view
    cdef int failed
    if len(key) != _CACHE_KEY or len(boot) != _CACHE_BOOT:
        raise ValueError(f"a cache's key has {_CACHE_KEY} bytes and a boot's number {_CACHE_BOOT}")
    PyObject_GetBuffer(memory, &view, PyBUF_SIMPLE | PyBUF_WRITABLE)
    failed = weir_cache_format(<uint8_t *>view.buf, view.len, _octets(key), _octets(boot))
    PyBuffer_Release(&view)
    if failed:
        raise CoreError(f"no cache can be made of {view.len} bytes: "
                        f"take whole pages of {CACHE_PAGE}, two or more")


cdef int _cache_key(weir_cache_key *key, bytes name, uint16_t qtype, uint16_t qclass,
                    uint8_t flags) except -1:
    if PyBytes_GET_SIZE(name) > WEIR_CACHE_MAX_KEY:
        raise ValueError("a cache's key is longer than two names")
    key.name, key.name_length = _octets(name), <uint16_t>PyBytes_GET_SIZE(name)
    key.qtype, key.qclass, key.flags = qtype, qclass, flags
    return 0


cdef bytes _prefixed(tuple items):
    """Addresses, each behind its length."""
    return b"".join([len(item).to_bytes(1, "big") + item for item in items])


cdef bytes _ede_octets(tuple ede):
    return b"".join([code.to_bytes(2, "big") + len(text).to_bytes(2, "big") + text for code, text in ede])


cdef class Cache:
    """A handle on a mapping; see native.pyi. ``handle`` is for other parts, and lives as long as this."""

    cdef weir_cache _cache
    cdef weir_cache_copy *_copy
    cdef Py_buffer _view
    cdef bint _has_view

    def __cinit__(self, memory, bytes boot, uint16_t slot):
        cdef const char *wrong
        if len(boot) != _CACHE_BOOT:
            raise ValueError(f"a boot's number has {_CACHE_BOOT} bytes")
        self._copy = <weir_cache_copy *>malloc(sizeof(weir_cache_copy))
        if self._copy == NULL:
            raise MemoryError
        PyObject_GetBuffer(memory, &self._view, PyBUF_SIMPLE | PyBUF_WRITABLE)
        self._has_view = True
        wrong = weir_cache_open(&self._cache, <uint8_t *>self._view.buf, self._view.len, _octets(boot), slot)
        if wrong != NULL:
            raise CoreError(f"this mapping cannot be used: {wrong.decode()}; make it anew")

    def __dealloc__(self):
        free(self._copy)
        if self._has_view:
            PyBuffer_Release(&self._view)

    cdef weir_cache *handle(self):
        return &self._cache

    @property
    def dead_ms(self):
        return self._cache.dead_ms

    @dead_ms.setter
    def dead_ms(self, uint64_t value):
        self._cache.dead_ms = value

    def recover(self):
        return weir_cache_recover(&self._cache)

    def recover_from(self, uint16_t first):
        return weir_cache_recover_from(&self._cache, first)

    def usage(self):
        cdef uint64_t entries, octets
        weir_cache_usage(&self._cache, &entries, &octets)
        return entries, octets

    def get(self, bytes name, uint16_t qtype, uint16_t qclass, uint8_t flags, uint64_t now_ms,
            uint64_t stale_ms):
        cdef weir_cache_key key
        cdef weir_answer answer
        cdef int state
        _cache_key(&key, name, qtype, qclass, flags)
        state = weir_cache_get(&self._cache, &key, weir_cache_hash(&self._cache, &key), now_ms,
                               stale_ms, &answer, self._copy)
        if state == WEIR_CACHE_MISS:
            return None
        return (
            state,
            PyBytes_FromStringAndSize(<const char *>answer.wire, answer.wire_length),
            tuple([answer.ttl_offsets[i] for i in range(answer.ttl_count)]),
            _names(answer.targets, answer.targets_length) if answer.target_count else (),
            _addresses(answer.addresses, answer.addresses_length) if answer.address_count else (),
            answer.stored_ms,
            answer.ttl,
            _errors(answer.ede, answer.ede_length) if answer.ede_length else (),
        )

    def peek(self, bytes name, uint16_t qtype, uint16_t qclass, uint8_t flags, uint64_t now_ms,
             uint64_t stale_ms):
        cdef weir_cache_key key
        cdef weir_answer answer
        _cache_key(&key, name, qtype, qclass, flags)
        return weir_cache_peek(&self._cache, &key, weir_cache_hash(&self._cache, &key), now_ms,
                               stale_ms, &answer, self._copy)

    def put(self, bytes name, uint16_t qtype, uint16_t qclass, uint8_t flags, uint64_t now_ms, bytes wire,
            tuple ttl_offsets, tuple targets, tuple addresses, uint64_t stored_ms, uint32_t ttl,
            tuple ede=()):
        cdef weir_cache_key key
        cdef weir_answer answer
        cdef bytes names = b"".join(targets), packed = _prefixed(addresses), errors = _ede_octets(ede)
        cdef uint16_t places[WEIR_CACHE_MAX_TTLS]
        _cache_key(&key, name, qtype, qclass, flags)
        if (len(ttl_offsets) > WEIR_CACHE_MAX_TTLS or len(wire) > 0xFFFF
                or len(names + packed + errors) > 0xFFFF):
            return CACHE_TOO_LONG
        for number, offset in enumerate(ttl_offsets):
            places[number] = offset
        memset(&answer, 0, sizeof(answer))
        answer.wire, answer.wire_length = _octets(wire), <uint32_t>len(wire)
        answer.ttl_offsets, answer.ttl_count = places, <uint16_t>len(ttl_offsets)
        answer.targets, answer.targets_length = _octets(names), <uint16_t>len(names)
        answer.addresses, answer.addresses_length = _octets(packed), <uint16_t>len(packed)
        answer.target_count, answer.address_count = <uint16_t>len(targets), <uint16_t>len(addresses)
        answer.ede, answer.ede_length = _octets(errors), <uint16_t>len(errors)
        answer.stored_ms, answer.ttl = stored_ms, ttl
        return weir_cache_put(&self._cache, &key, weir_cache_hash(&self._cache, &key), &answer, now_ms)
