# The binding of src/clamp: how much one client may add to a number that is published.
cdef extern from "clamp.h" nogil:
    enum:
        WEIR_CLAMP_KEY_BYTES
        WEIR_CLAMP_MOST
    ctypedef struct weir_clamp:
        uint64_t full
    void weir_clamp_begin(weir_clamp *clamp, const uint8_t *key, unsigned most)
    int weir_clamp_admit(weir_clamp *clamp, const weir_client *client, unsigned group)

CLAMP_KEY_BYTES = WEIR_CLAMP_KEY_BYTES
CLAMP_MOST = WEIR_CLAMP_MOST


cdef class Clamp:
    cdef weir_clamp *clamp

    def __cinit__(self, bytes key not None, unsigned most):
        if PyBytes_GET_SIZE(key) != WEIR_CLAMP_KEY_BYTES:
            raise ValueError(f"a clamp's key has {WEIR_CLAMP_KEY_BYTES} octets, not {len(key)}")
        if not 1 <= most <= WEIR_CLAMP_MOST:
            raise ValueError(f"a client may count 1 to {WEIR_CLAMP_MOST} times, not {most}")
        self.clamp = <weir_clamp *>calloc(1, sizeof(weir_clamp))
        if self.clamp == NULL:
            raise MemoryError
        weir_clamp_begin(self.clamp, _octets(key), most)

    def __dealloc__(self):
        free(self.clamp)

    def admit(self, bytes client not None, unsigned group, *, uint32_t realm=0):
        cdef weir_client who
        if group > 255:
            raise ValueError(f"group {group} is not within 0 and 255")
        _load_client(&who, client, realm)
        return bool(weir_clamp_admit(self.clamp, &who, group))

    @property
    def full(self):
        return self.clamp.full
