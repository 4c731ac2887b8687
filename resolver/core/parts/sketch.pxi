# The binding of src/sketch: which clients walk through secret lists.
cdef extern from "sketch.h" nogil:
    enum:
        WEIR_SKETCH_SECRET
        WEIR_SKETCH_ALIKE
        WEIR_SKETCH_BITS
        WEIR_SKETCH_KEY_BYTES
    ctypedef struct weir_sketch:
        pass
    void weir_sketch_renew(weir_sketch *sketch, const uint8_t *key)
    void weir_sketch_note(weir_sketch *sketch, unsigned kind, const weir_client *client, const uint8_t *name,
                          size_t length)
    unsigned weir_sketch_over(const weir_sketch *sketch, unsigned bits)
    uint64_t weir_sketch_displaced(const weir_sketch *sketch)

cdef enum:
    _SKETCH_NAME = 255      # RFC 1035 section 2.3.4
    _SKETCH_PAD = 16

SKETCH_BITS = WEIR_SKETCH_BITS
SKETCH_KEY_BYTES = WEIR_SKETCH_KEY_BYTES


cdef int _load_client(weir_client *client, bytes address, uint32_t realm) except -1:
    """Packed address; IPv4-mapped IPv6 counts as IPv4."""
    if PyBytes_GET_SIZE(address) == 16 and address.startswith(_MAPPED):
        address = address[12:]
    return _fill_client(client, address, realm)


_MAPPED = bytes(10) + b"\xff\xff"


cdef class Sketch:
    cdef weir_sketch *sketch

    def __cinit__(self, bytes key not None):
        self.sketch = <weir_sketch *>calloc(1, sizeof(weir_sketch))
        if self.sketch == NULL:
            raise MemoryError
        self.renew(key)

    def __dealloc__(self):
        free(self.sketch)

    def renew(self, bytes key not None):
        if PyBytes_GET_SIZE(key) != WEIR_SKETCH_KEY_BYTES:
            raise ValueError(f"a sketch's key has {WEIR_SKETCH_KEY_BYTES} octets, not {len(key)}")
        weir_sketch_renew(self.sketch, _octets(key))

    def note(self, bytes client not None, bytes name not None, *, bint secret=True, uint32_t realm=0):
        cdef weir_client who
        cdef uint8_t padded[_SKETCH_NAME + _SKETCH_PAD]
        if PyBytes_GET_SIZE(name) > _SKETCH_NAME:
            raise ValueError(f"a wire name has at most {_SKETCH_NAME} octets, not {len(name)}")
        _load_client(&who, client, realm)
        memset(padded, 0, sizeof(padded))
        memcpy(padded, _octets(name), <size_t>PyBytes_GET_SIZE(name))
        weir_sketch_note(self.sketch, WEIR_SKETCH_SECRET if secret else WEIR_SKETCH_ALIKE, &who, padded,
                         <size_t>PyBytes_GET_SIZE(name))

    def over(self, unsigned bits):
        return weir_sketch_over(self.sketch, bits)

    @property
    def displaced(self):
        return weir_sketch_displaced(self.sketch)
