# The binding of src/pipeline: one state of lists, tables and settings, and what becomes of packets under it.
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from posix.fcntl cimport O_CLOEXEC, O_RDONLY, open as c_open
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, mmap, munmap
from posix.stat cimport fstat, struct_stat
from posix.time cimport CLOCK_THREAD_CPUTIME_ID, clock_gettime, timespec
from posix.unistd cimport close as c_close

from libc.errno cimport errno

from enum import Enum

# Types that other parts bind too have names of this part's own here.
cdef extern from "table.h" nogil:
    ctypedef struct _Lists "weir_table":
        pass
    const char *weir_table_open(_Lists *table, const uint8_t *data, size_t size, int verify)
    const char *weir_table_overlay_open(_Lists *table, const uint8_t *data, size_t size)

cdef extern from "tables.h" nogil:
    ctypedef struct _ReadTables "weir_tables":
        pass
    ctypedef struct _PacketClient "weir_client":
        uint8_t address[16]
        uint8_t family
        uint32_t realm
    const char *_open_tables "weir_tables_open"(_ReadTables *tables, const uint8_t *data, size_t size,
                                                int verify)

cdef extern from "pipeline.h" nogil:
    enum:
        WEIR_BATCH
        WEIR_MAX_UDP
        WEIR_MAX_QUERY
        WEIR_ACTION_BLOCK
        WEIR_ACTION_NXDOMAIN
        WEIR_ACTION_NODATA
        WEIR_ACTION_DROP
        WEIR_ACTION_TCP_ONLY
        WEIR_ACTION_OTHER
        WEIR_SILENT
        WEIR_ANSWERED
        WEIR_HAND_OVER
        WEIR_ANSWERED_PREFETCH
    ctypedef struct weir_masks:
        uint64_t illegal[4]
        uint64_t illegal_orders[4]
        uint64_t protected_[4]
        uint64_t actions[4]
        uint8_t action[256]
        uint64_t feeds[256][4]
    ctypedef struct weir_state:
        _Lists lists
        _ReadTables tables
        weir_masks masks
        uint64_t stale_ms
        uint16_t udp_payload
        uint8_t gateway_ipv4[4]
        uint8_t gateway_ipv6[16]
        weir_limit_settings limits
        weir_cookie_secrets cookies
    ctypedef struct weir_packet:
        const uint8_t *bytes
        uint16_t length
        uint8_t over_tcp
        _PacketClient client
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
        uint8_t peeks
        _Item item[64]
    int weir_state_add_apex(weir_state *state, const uint8_t *name, size_t length)
    void weir_pipeline_run(weir_core *core, const weir_state *state, weir_packet *packets, unsigned count,
                           uint64_t now_ms, uint64_t unix_ms)

cdef extern from "shed.h":
    void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet, uint64_t now_ms, uint64_t unix_ms)

cdef enum:
    MIN_UDP_PAYLOAD = 512
    MAX_MESSAGE = 65535
    CHECKING_DISABLED = 0x0010  # RFC 4035 section 3.2.2
    NO_VALUE = 255  # of weir_packet.verdict and .bit


class HandedOver(Enum):
    """The core leaves this packet to Python."""

    HANDED_OVER = WEIR_HAND_OVER


HANDED_OVER = HandedOver.HANDED_OVER

ACTION_BLOCK = WEIR_ACTION_BLOCK
ACTION_NXDOMAIN = WEIR_ACTION_NXDOMAIN
ACTION_NODATA = WEIR_ACTION_NODATA
ACTION_DROP = WEIR_ACTION_DROP
ACTION_TCP_ONLY = WEIR_ACTION_TCP_ONLY
ACTION_OTHER = WEIR_ACTION_OTHER


cdef class _Mapping:
    """A file, mapped for reading until the object goes."""

    cdef const uint8_t *data
    cdef size_t size

    def __cinit__(self, path):
        cdef struct_stat status
        cdef int file
        cdef void *mapped = MAP_FAILED
        encoded = os.fsencode(path)
        file = c_open(encoded, O_RDONLY | O_CLOEXEC)
        if file < 0:
            raise _os_error(path)
        if fstat(file, &status) == 0 and status.st_size > 0:
            mapped = mmap(NULL, <size_t>status.st_size, PROT_READ, MAP_SHARED, file, 0)
        elif status.st_size == 0:
            c_close(file)
            raise CoreError(f"{path}: it is empty; publish the state again")
        if mapped == MAP_FAILED:
            error = _os_error(path)
            c_close(file)
            raise error
        c_close(file)
        self.data = <const uint8_t *>mapped
        self.size = <size_t>status.st_size

    def __dealloc__(self):
        if self.data != NULL:
            munmap(<void *>self.data, self.size)


cdef object _os_error(path):
    return OSError(errno, os.strerror(errno), path)


cdef int _load_mask(uint64_t *words, object mask) except -1:
    cdef bytes raw = mask.to_bytes(32, "little")
    for i in range(4):
        words[i] = int.from_bytes(raw[8 * i:8 * i + 8], "little")
    return 0


cdef int _load_octets(uint8_t *to, bytes value, Py_ssize_t size, str what) except -1:
    if PyBytes_GET_SIZE(value) != size:
        raise ValueError(f"{what}: {size} octets are expected, not {len(value)}")
    memcpy(to, _octets(value), <size_t>size)
    return 0


cdef int _load_client(_PacketClient *client, bytes address, uint32_t realm) except -1:
    """Packed address; IPv4-mapped IPv6 counts as IPv4."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(address)
    memset(client, 0, sizeof(_PacketClient))
    if size == 16 and address.startswith(_MAPPED):
        address = address[12:]
        size = 4
    if size != 4 and size != 16:
        raise ValueError(f"an address has 4 or 16 octets, not {size}")
    memcpy(client.address, _octets(address), <size_t>size)
    client.family = 4 if size == 4 else 6
    client.realm = realm
    return 0


_MAPPED = bytes(10) + b"\xff\xff"


cdef class State:
    """One generation as the core sees it. Immutable; the files stay mapped as long as the object lives."""

    cdef weir_state *state
    cdef _Mapping lists
    cdef _Mapping overlay
    cdef _Mapping tables

    def __cinit__(self, lists, tables, settings, *, overlay=None, bint verify=True):
        cdef const char *wrong
        self.state = <weir_state *>calloc(1, sizeof(weir_state))
        if self.state == NULL:
            raise MemoryError
        self.lists = _Mapping(lists)
        self.tables = _Mapping(tables)
        with nogil:
            wrong = weir_table_open(&self.state.lists, self.lists.data, self.lists.size, verify)
        _check(wrong, lists, "compile the lists again")
        with nogil:
            wrong = _open_tables(&self.state.tables, self.tables.data, self.tables.size, verify)
        _check(wrong, tables, "publish the state again")
        if overlay is not None:
            self.overlay = _Mapping(overlay)
            with nogil:
                wrong = weir_table_overlay_open(&self.state.lists, self.overlay.data, self.overlay.size)
            _check(wrong, overlay, "compile the lists again")
        self._load(settings)

    def __dealloc__(self):
        free(self.state)

    cdef int _load(self, settings) except -1:
        cdef weir_limit_settings *limits = &self.state.limits
        if not MIN_UDP_PAYLOAD <= settings.udp_payload <= WEIR_MAX_UDP:
            raise ValueError(
                f"udp_payload is {settings.udp_payload}, not within {MIN_UDP_PAYLOAD} and {WEIR_MAX_UDP}"
            )
        self.state.udp_payload = settings.udp_payload
        self.state.stale_ms = settings.stale_ms
        _load_octets(self.state.gateway_ipv4, settings.gateway_ipv4, 4, "gateway_ipv4")
        _load_octets(self.state.gateway_ipv6, settings.gateway_ipv6, 16, "gateway_ipv6")
        given = settings.limits
        limits.per_second = given.per_second
        limits.strangers_per_second = given.strangers_per_second
        limits.ipv4_prefix, limits.ipv6_prefix, limits.slip = given.ipv4_prefix, given.ipv6_prefix, given.slip
        self._load_masks(settings)
        for number, secret in enumerate(settings.cookie_secrets[:2]):
            _load_octets(self.state.cookies.secret[number], secret, 16, "cookie secret")
            self.state.cookies.count = number + 1
        for apex in settings.apexes:
            if not weir_state_add_apex(self.state, _octets(apex), <size_t>PyBytes_GET_SIZE(apex)):
                raise ValueError("built-in zones: too many, or one is no lower-case wire name")
        return 0

    cdef int _load_masks(self, settings) except -1:
        cdef weir_masks *masks = &self.state.masks
        _load_mask(masks.illegal, settings.illegal)
        _load_mask(masks.illegal_orders, settings.illegal_orders)
        _load_mask(masks.protected_, settings.protected)
        actions = 0
        for given in settings.actions:
            if not 0 <= given.bit < 256:
                raise ValueError(f"action bit {given.bit} is not within 0 and 255")
            actions |= 1 << given.bit
            masks.action[given.bit] = given.action
            _load_mask(masks.feeds[given.bit], given.feeds)
        _load_mask(masks.actions, actions)
        return 0


cdef int _check(const char *wrong, path, str remedy) except -1:
    if wrong != NULL:
        raise CoreError(f"{path}: {wrong.decode()}; {remedy}")
    return 0


cdef class Core:
    """Answers packets under a state. Not thread-safe."""

    cdef weir_core *core
    cdef object keeps  # what the C side points to
    cdef uint8_t *room

    def __cinit__(self, Cache cache=None, Stats stats=None, bytes limiter_key=None):
        self.core = <weir_core *>calloc(1, sizeof(weir_core))
        self.room = <uint8_t *>malloc(MAX_MESSAGE + WEIR_BATCH * WEIR_MAX_UDP)
        if self.core == NULL or self.room == NULL:
            raise MemoryError
        self.keeps = cache, stats
        if cache is not None:
            self.core.cache = cache.handle()
        if stats is not None:
            self.core.stats = stats.page()
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
            return name, query.qtype, query.qclass, bool(query.dnssec_ok), bool(query.flags & CHECKING_DISABLED)
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
