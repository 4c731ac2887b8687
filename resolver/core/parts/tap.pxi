# The binding of src/tap: where the engine writes the sample of queries.
cdef extern from "tap.h":
    ctypedef struct weir_tap:
        pass
    enum:
        _TAP_SIZE "WEIR_TAP_SIZE"
    void weir_tap_init(weir_tap *tap, uint8_t *bytes, uint64_t seed) nogil
    void weir_tap_use(weir_tap *tap, uint32_t one_in) nogil

TAP_SIZE = _TAP_SIZE


cdef class Tap:
    cdef weir_tap _tap
    cdef uint8_t[::1] _bytes

    def __cinit__(self, uint8_t[::1] memory not None, uint64_t seed):
        if memory.shape[0] != TAP_SIZE:
            raise ValueError(f"a sample has {TAP_SIZE} octets, this has {memory.shape[0]}")
        if <size_t>&memory[0] % sizeof(uint64_t):
            raise ValueError("a sample must be aligned to words of 8 octets")
        self._bytes = memory
        weir_tap_init(&self._tap, &memory[0], seed)

    def use(self, uint32_t one_in):
        weir_tap_use(&self._tap, one_in)

    cdef weir_tap *tap(self):
        return &self._tap
