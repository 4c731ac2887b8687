# The binding of src/engine: the controlling thread's side. No call waits but `stop`, for a batch at most.
from posix.unistd cimport usleep

cdef extern from "udp.h":
    ctypedef struct weir_source:
        void (*close)(weir_source *source) noexcept nogil

    weir_source *weir_udp_open(const int *sockets, unsigned count) nogil
    enum:
        WEIR_MAX_SOCKETS

cdef extern from "engine.h":
    ctypedef struct weir_engine:
        pass
    ctypedef struct _EngineSettings "weir_engine_settings":
        weir_source *source
        void *core
        void *tap
        uint32_t places, backlog, max_age_ms
        int cpu
        uint64_t key
    ctypedef struct weir_handed_over:
        uint64_t token, received_us
        weir_client client
        uint16_t length
        const uint8_t *bytes

    weir_engine *weir_engine_open(const _EngineSettings *settings) nogil
    int weir_engine_start(weir_engine *engine, const void *state, void *cache) nogil
    uint64_t weir_engine_use(weir_engine *engine, const void *state, void *cache) nogil
    uint64_t weir_engine_passed(const weir_engine *engine) nogil
    int weir_engine_next(weir_engine *engine, weir_handed_over *query) nogil
    int weir_engine_taken(weir_engine *engine) nogil
    int weir_engine_descriptor(const weir_engine *engine) nogil
    void weir_engine_heard(weir_engine *engine) nogil
    int weir_engine_reply(weir_engine *engine, uint64_t token, const uint8_t *bytes, uint32_t length) nogil
    void weir_engine_flush(weir_engine *engine) nogil
    void weir_engine_finish(weir_engine *engine) nogil
    int weir_engine_is_idle(const weir_engine *engine) nogil
    uint32_t weir_engine_in_hand(const weir_engine *engine) nogil
    void weir_engine_stop(weir_engine *engine) nogil
    void weir_engine_close(weir_engine *engine) nogil


cdef enum:
    _REPLY_TRIES = 1000     # with a pause each: the serving thread empties the ring within a batch
    _REPLY_PAUSE_US = 20
    _LONGEST_REPLY = 65535


cdef void *_handle(Cache cache):
    return NULL if cache is None else cache.handle()


cdef bytes _address(const weir_client *client):
    return PyBytes_FromStringAndSize(<const char *>client.address, 4 if client.family == 4 else 16)


cdef class Engine:
    cdef weir_engine *_engine
    cdef Core _core
    cdef Tap _tap
    cdef list _states

    def __cinit__(self, Core core not None, sockets, *, uint32_t places, uint32_t backlog,
                  uint32_t max_age_ms, uint64_t key, int cpu=-1, Tap tap=None):
        cdef int descriptors[WEIR_MAX_SOCKETS]
        cdef _EngineSettings settings
        if len(sockets) > WEIR_MAX_SOCKETS:
            raise CoreError(f"{len(sockets)} UDP sockets for one worker: at most {WEIR_MAX_SOCKETS} "
                            "can be served; listen on a wildcard address instead")
        if core.core.stats == NULL:
            raise ValueError("an engine's core needs counters")
        for i, descriptor in enumerate(sockets):
            descriptors[i] = descriptor
        settings.source = weir_udp_open(descriptors, len(sockets))
        if settings.source == NULL:
            raise OSError(errno, os.strerror(errno))
        settings.core = core.core
        settings.tap = NULL if tap is None else tap.tap()
        settings.places, settings.backlog, settings.max_age_ms = places, backlog, max_age_ms
        settings.cpu, settings.key = cpu, key
        self._core, self._tap = core, tap
        self._states = []
        self._engine = weir_engine_open(&settings)
        if self._engine == NULL:
            settings.source.close(settings.source)
            raise MemoryError(f"no memory or descriptors for {places} waiting queries")

    def __dealloc__(self):
        if self._engine != NULL:
            with nogil:
                weir_engine_close(self._engine)

    def start(self, State state not None, Cache cache=None):
        cdef int failed
        if self._states:
            raise RuntimeError("the engine was started before")
        self._states.append((1, state, cache))
        failed = weir_engine_start(self._engine, state.state, _handle(cache))
        if failed:
            self._states.clear()
            raise OSError(failed, os.strerror(failed))

    def use(self, State state not None, Cache cache=None):
        cdef uint64_t number = weir_engine_use(self._engine, state.state, _handle(cache))
        if not number:
            raise MemoryError("no memory to note a new state")
        self._states.append((number, state, cache))
        self._forget()

    cdef _forget(self):
        cdef uint64_t passed = weir_engine_passed(self._engine)
        while len(self._states) > 1 and self._states[0][0] < passed:
            del self._states[0]

    def states_held(self):
        self._forget()
        return len(self._states)

    def take(self, int limit):
        cdef weir_handed_over query
        cdef list taken = []
        while len(taken) < limit:
            if weir_engine_next(self._engine, &query):
                taken.append((
                    query.token,
                    PyBytes_FromStringAndSize(<const char *>query.bytes, query.length),
                    _address(&query.client),
                    query.received_us,
                ))
            elif weir_engine_taken(self._engine):
                return taken
        weir_engine_taken(self._engine)
        return taken

    def reply(self, uint64_t token, bytes answer):
        cdef const uint8_t *octets = NULL
        cdef uint32_t length = 0
        if answer is not None:
            if PyBytes_GET_SIZE(answer) > _LONGEST_REPLY:
                return False
            octets, length = _octets(answer), <uint32_t>PyBytes_GET_SIZE(answer)
        if weir_engine_reply(self._engine, token, octets, length):
            return True
        for _ in range(_REPLY_TRIES):
            with nogil:
                usleep(_REPLY_PAUSE_US)
            if weir_engine_reply(self._engine, token, octets, length):
                return True
        return False

    def flush(self):
        weir_engine_flush(self._engine)

    def fileno(self):
        return weir_engine_descriptor(self._engine)

    def heard(self):
        weir_engine_heard(self._engine)

    def finish(self):
        weir_engine_finish(self._engine)

    def stop(self):
        with nogil:
            weir_engine_stop(self._engine)

    @property
    def in_hand(self):
        return weir_engine_in_hand(self._engine)

    @property
    def is_idle(self):
        return bool(weir_engine_is_idle(self._engine))
