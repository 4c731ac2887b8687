# The binding of weir_state: one generation of lists, tables and settings.
from posix.fcntl cimport O_CLOEXEC, O_RDONLY, open as c_open
from posix.mman cimport MAP_FAILED, MAP_POPULATE, MAP_SHARED, PROT_READ, mmap, munmap
from posix.stat cimport fstat, struct_stat
from posix.unistd cimport close as c_close

cdef extern from "table.h" nogil:
    ctypedef struct weir_table:
        pass
    const char *weir_table_open(weir_table *table, const uint8_t *data, size_t size, int verify)
    const char *weir_table_index_open(weir_table *table, const uint8_t *key)
    const char *weir_table_overlay_open(weir_table *table, const uint8_t *data, size_t size)

cdef extern from "pipeline.h" nogil:
    enum:
        WEIR_MAX_UDP
        WEIR_ACTION_BLOCK
        WEIR_ACTION_NXDOMAIN
        WEIR_ACTION_NODATA
        WEIR_ACTION_DROP
        WEIR_ACTION_TCP_ONLY
        WEIR_ACTION_OTHER
        WEIR_ACTION_ALLOW
        WEIR_ACTION_COUNT
    ctypedef struct weir_masks:
        uint64_t illegal[4]
        uint64_t illegal_orders[4]
        uint64_t protected_[4]
        uint64_t actions[4]
        uint64_t clients[4]
        uint64_t named[4]
        uint64_t secret[4]
        uint8_t has_clients
        uint8_t action[256]
        uint16_t ede[256]
        uint64_t feeds[256][4]
        uint64_t peers[256][4]
    ctypedef struct weir_state:
        weir_table lists
        weir_tables tables
        weir_masks masks
        uint64_t stale_ms
        uint16_t udp_payload
        uint8_t gateway_ipv4[4]
        uint8_t gateway_ipv6[16]
        void *hits
        void *day_hits
        weir_clamp *clamp
        uint8_t day_group[256]
        weir_limit_settings limits
        weir_cookie_secrets cookies
    int weir_state_add_apex(weir_state *state, const uint8_t *name, size_t length)

cdef enum:
    MIN_UDP_PAYLOAD = 512
    HITS = 256
    INDEX_KEY_OCTETS = 16


ACTION_BLOCK = WEIR_ACTION_BLOCK
ACTION_NXDOMAIN = WEIR_ACTION_NXDOMAIN
ACTION_NODATA = WEIR_ACTION_NODATA
ACTION_DROP = WEIR_ACTION_DROP
ACTION_TCP_ONLY = WEIR_ACTION_TCP_ONLY
ACTION_OTHER = WEIR_ACTION_OTHER
ACTION_ALLOW = WEIR_ACTION_ALLOW
ACTION_COUNT = WEIR_ACTION_COUNT


cdef class _Mapping:
    """A file, mapped for reading until the object goes. With ``present`` its pages are there when it is made: the
    serving thread need not fetch them one by one, while packets wait. A file with holes is better left alone.
    """

    cdef const uint8_t *data
    cdef size_t size

    def __cinit__(self, path, bint present=False):
        cdef struct_stat status
        cdef int file
        cdef int flags = MAP_SHARED | MAP_POPULATE if present else MAP_SHARED
        cdef void *mapped = MAP_FAILED
        encoded = os.fsencode(path)
        file = c_open(encoded, O_RDONLY | O_CLOEXEC)
        if file < 0:
            raise _os_error(path)
        if fstat(file, &status) == 0 and status.st_size > 0:
            with nogil:
                mapped = mmap(NULL, <size_t>status.st_size, PROT_READ, flags, file, 0)
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
            with nogil:
                munmap(<void *>self.data, self.size)


cdef object _os_error(path):
    return OSError(errno, os.strerror(errno), path)


cdef int _load_octets(uint8_t *to, bytes value, Py_ssize_t size, str what) except -1:
    if PyBytes_GET_SIZE(value) != size:
        raise ValueError(f"{what}: {size} octets are expected, not {len(value)}")
    memcpy(to, _octets(value), <size_t>size)
    return 0


cdef class State:
    """One generation as the core sees it. Immutable; the files stay mapped as long as the object lives."""

    cdef weir_state *state
    cdef _Mapping lists
    cdef _Mapping overlay
    cdef _Mapping tables
    cdef uint64_t[::1] hits
    cdef uint64_t[::1] day_hits
    cdef Clamp clamp

    def __cinit__(self, lists, tables, settings, *, overlay=None, hits=None, day_hits=None, Clamp clamp=None,
                  bytes groups=None, bint verify=True, bytes index_key=None):
        cdef const char *wrong
        cdef uint8_t key[INDEX_KEY_OCTETS]
        self.state = <weir_state *>calloc(1, sizeof(weir_state))
        if self.state == NULL:
            raise MemoryError
        self.lists = _Mapping(lists, present=True)
        self.tables = _Mapping(tables, present=True)
        with nogil:
            wrong = weir_table_open(&self.state.lists, self.lists.data, self.lists.size, verify)
        _check(wrong, lists, "compile the lists again")
        if index_key is not None:
            _load_octets(key, index_key, INDEX_KEY_OCTETS, "index key")
        wrong = weir_table_index_open(&self.state.lists, NULL if index_key is None else key)
        _check(wrong, lists, "is control running, and the same vault key in use?")
        with nogil:
            wrong = weir_tables_open(&self.state.tables, self.tables.data, self.tables.size, verify)
        _check(wrong, tables, "publish the state again")
        if overlay is not None:
            self.overlay = _Mapping(overlay)
            with nogil:
                wrong = weir_table_overlay_open(&self.state.lists, self.overlay.data, self.overlay.size)
            _check(wrong, overlay, "compile the lists again")
        self._load(settings)
        if hits is not None:
            self.hits = hits
            self.state.hits = _words_for_hits(self.hits)
        if day_hits is not None and clamp is not None and groups is not None and hits is not None:
            _load_octets(self.state.day_group, groups, HITS, "groups")
            self.day_hits, self.clamp = day_hits, clamp
            self.state.day_hits = _words_for_hits(self.day_hits)
            self.state.clamp = clamp.clamp

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
        _fill_mask(masks.illegal, settings.illegal)
        _fill_mask(masks.illegal_orders, settings.illegal_orders)
        _fill_mask(masks.protected_, settings.protected)
        _fill_mask(masks.clients, settings.clients)
        _fill_mask(masks.named, settings.named)
        _fill_mask(masks.secret, settings.secret)
        masks.has_clients = settings.clients != 0
        actions = 0
        for given in settings.actions:
            if not 0 <= given.bit < 256:
                raise ValueError(f"action bit {given.bit} is not within 0 and 255")
            actions |= 1 << given.bit
            masks.action[given.bit] = given.action
            _fill_mask(masks.feeds[given.bit], given.feeds)
            _fill_mask(masks.peers[given.bit], given.peers)
        _fill_mask(masks.actions, actions)
        for bit, code in settings.ede:
            if not 0 <= bit < 256 or not 0 <= code < 0xFFFF:
                raise ValueError(f"EDE code {code} of bit {bit} is not within the range of either")
            masks.ede[bit] = code + 1
        return 0


cdef void *_words_for_hits(uint64_t[::1] words) except NULL:
    if words.shape[0] != HITS:
        raise ValueError(f"hits are counted in {HITS} words, not {words.shape[0]}")
    if <size_t>&words[0] % sizeof(uint64_t):
        raise ValueError("a page of counters must be aligned to its words")
    return <void *>&words[0]


cdef int _check(const char *wrong, path, str remedy) except -1:
    if wrong != NULL:
        raise CoreError(f"{path}: {wrong.decode()}; {remedy}")
    return 0
