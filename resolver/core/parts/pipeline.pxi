# The binding of src/pipeline: what becomes of packets under a state.
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from posix.time cimport CLOCK_THREAD_CPUTIME_ID, clock_gettime, timespec

from enum import Enum

cdef extern from "pipeline.h" nogil:
    enum:
        WEIR_BATCH
        WEIR_SILENT
        WEIR_ANSWERED
        WEIR_HAND_OVER
        WEIR_ANSWERED_PREFETCH
    ctypedef struct weir_packet:
        const uint8_t *bytes
        uint16_t length
        uint8_t over_tcp
        weir_client client
        uint8_t *out
        uint32_t room
        uint8_t outcome
        uint32_t out_length
        uint8_t verdict
        uint8_t bit
        uint8_t missing
    ctypedef struct _ParsedQuery "weir_query":
        uint16_t flags, qtype, qclass, name_length
        uint8_t dnssec_ok
        uint8_t name[272]
    ctypedef struct _Item "weir_item":
        _ParsedQuery query
    ctypedef struct weir_core:
        void *cache
        void *stats
        weir_limiter *limiter
        weir_sketch *sketch
        uint8_t peeks
        _Item item[64]
    void weir_pipeline_run(weir_core *core, const weir_state *state, weir_packet *packets, unsigned count,
                           uint64_t now_ms, uint64_t unix_ms)

cdef extern from "shed.h":
    void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet, uint64_t now_ms,
                   uint64_t unix_ms)

cdef enum:
    MAX_MESSAGE = 65535
    CHECKING_DISABLED = 0x0010  # RFC 4035 section 3.2.2
    NO_VALUE = 255  # of weir_packet.verdict and .bit


class HandedOver(Enum):
    """The core leaves this packet to Python."""

    HANDED_OVER = WEIR_HAND_OVER


HANDED_OVER = HandedOver.HANDED_OVER


cdef class Core:
    """Answers packets under a state. Not thread-safe."""

    cdef weir_core *core
    cdef object keeps  # what the C side points to
    cdef uint8_t *room

    def __cinit__(self, Cache cache=None, Stats stats=None, bytes limiter_key=None,
                  Sketch sketch=None):
        self.core = <weir_core *>calloc(1, sizeof(weir_core))
        self.room = <uint8_t *>malloc(MAX_MESSAGE + WEIR_BATCH * WEIR_MAX_UDP)
        if self.core == NULL or self.room == NULL:
            raise MemoryError
        self.keeps = cache, stats, sketch
        if cache is not None:
            self.core.cache = cache.handle()
        if stats is not None:
            self.core.stats = stats.page()
        if sketch is not None:
            self.core.sketch = sketch.sketch
        if limiter_key is not None:
            self._limit(limiter_key)

    def __dealloc__(self):
        if self.core != NULL:
            free(self.core.limiter)
        free(self.core)
        free(self.room)

    cdef int _limit(self, bytes key) except -1:
        if PyBytes_GET_SIZE(key) != 16:
            raise ValueError(f"limiter_key: 16 octets are expected, not {len(key)}")
        self.core.limiter = <weir_limiter *>malloc(sizeof(weir_limiter))
        if self.core.limiter == NULL:
            raise MemoryError
        weir_limit_init(self.core.limiter, _octets(key))
        return 0

    def answer(self, State state not None, bytes packet not None, bytes client not None, *, bint over_tcp,
               uint64_t now_ms, uint64_t unix_ms, uint32_t realm=0):
        cdef weir_packet one
        self._prepare(&one, packet, client, realm)
        one.over_tcp = over_tcp
        one.room = MAX_MESSAGE
        weir_pipeline_run(self.core, state.state, &one, 1, now_ms, unix_ms)
        return _result(&one)

    def step(self, State state not None, bytes packet not None, bytes client not None, *, uint64_t now_ms,
             uint64_t unix_ms, uint32_t realm=0):
        cdef weir_packet one
        cdef _ParsedQuery *query = &self.core.item[0].query
        self._prepare(&one, packet, client, realm)
        self.core.peeks = 1
        weir_pipeline_run(self.core, state.state, &one, 1, now_ms, unix_ms)
        self.core.peeks = 0
        if one.outcome == WEIR_HAND_OVER and one.missing:
            name = PyBytes_FromStringAndSize(<const char *>query.name, query.name_length)
            checking_disabled = bool(query.flags & CHECKING_DISABLED)
            return name, query.qtype, query.qclass, bool(query.dnssec_ok), checking_disabled
        if one.outcome != WEIR_ANSWERED and one.outcome != WEIR_ANSWERED_PREFETCH or one.verdict != NO_VALUE:
            return HANDED_OVER
        return _result(&one)

    def shed(self, State state not None, bytes packet not None, bytes client not None, *, uint64_t now_ms,
             uint64_t unix_ms, uint32_t realm=0):
        cdef weir_packet one
        if self.core.stats == NULL:
            raise ValueError("what is shed is counted: the core needs counters")
        self._prepare(&one, packet, client, realm)
        weir_shed(self.core, state.state, &one, now_ms, unix_ms)
        return _result(&one)

    def answer_batch(self, State state not None, packets, *, uint64_t now_ms, uint64_t unix_ms,
                     uint32_t realm=0):
        cdef weir_packet batch[WEIR_BATCH]
        cdef unsigned count
        packets = list(packets)
        if len(packets) > WEIR_BATCH:
            raise ValueError(f"a batch has at most {WEIR_BATCH} packets, not {len(packets)}")
        count = len(packets)
        self._fill(batch, packets, realm)
        weir_pipeline_run(self.core, state.state, batch, count, now_ms, unix_ms)
        return [
            (
                _result(&batch[i]),
                batch[i].outcome == WEIR_ANSWERED_PREFETCH,
                None if batch[i].verdict == NO_VALUE else batch[i].verdict,
                None if batch[i].bit == NO_VALUE else batch[i].bit,
            )
            for i in range(count)
        ]

    cdef int _prepare(self, weir_packet *one, bytes packet, bytes client, uint32_t realm) except -1:
        """A packet that came over UDP; its answer goes into the core's own room."""
        memset(one, 0, sizeof(weir_packet))
        if PyBytes_GET_SIZE(packet) > MAX_MESSAGE:
            raise ValueError(f"a packet has at most {MAX_MESSAGE} octets, not {len(packet)}")
        _load_client(&one.client, client, realm)
        one.bytes, one.length = _octets(packet), <uint16_t>PyBytes_GET_SIZE(packet)
        one.out, one.room = self.room, WEIR_MAX_UDP
        return 0

    cdef int _fill(self, weir_packet *batch, list packets, uint32_t realm) except -1:
        cdef unsigned i
        cdef bytes packet, client
        for i, (packet, client) in enumerate(packets):
            self._prepare(&batch[i], packet, client, realm)
            batch[i].out = self.room + i * WEIR_MAX_UDP
        return 0

    def time_batches(self, State state not None, packets, *, unsigned rounds, uint64_t now_ms,
                     uint64_t unix_ms):
        cdef list batches = [list(packets[i:i + WEIR_BATCH]) for i in range(0, len(packets), WEIR_BATCH)]
        cdef size_t count = len(batches), i
        cdef unsigned turn
        cdef timespec begun, ended
        cdef unsigned *sizes = <unsigned *>PyMem_Malloc((count + 1) * sizeof(unsigned))
        cdef weir_packet *prepared = <weir_packet *>PyMem_Malloc(
            (count + 1) * WEIR_BATCH * sizeof(weir_packet))
        try:
            if sizes == NULL or prepared == NULL:
                raise MemoryError
            if count == 0 or rounds == 0:
                raise ValueError("nothing to time")
            for i in range(count):
                sizes[i] = len(batches[i])
                self._fill(prepared + i * WEIR_BATCH, batches[i], 0)
            with nogil:
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun)
                for turn in range(rounds):
                    for i in range(count):
                        weir_pipeline_run(self.core, state.state, prepared + i * WEIR_BATCH, sizes[i], now_ms,
                                          unix_ms)
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended)
            spent = 1e9 * (ended.tv_sec - begun.tv_sec) + (ended.tv_nsec - begun.tv_nsec)
            return spent / (<double>rounds * len(packets))
        finally:
            PyMem_Free(sizes)
            PyMem_Free(prepared)


cdef object _result(const weir_packet *packet):
    if packet.outcome == WEIR_HAND_OVER:
        return HANDED_OVER
    if packet.outcome == WEIR_SILENT:
        return None
    return PyBytes_FromStringAndSize(<const char *>packet.out, packet.out_length)
