# The binding of src/turns.
cdef extern from "turns.h":
    int weir_short_turns() nogil
    unsigned long long weir_turn() nogil
    enum:
        WEIR_TURN_NS

TURN_NS = WEIR_TURN_NS


def short_turns():
    cdef int error = weir_short_turns()
    if error:
        raise OSError(error, os.strerror(error))


def turn():
    return weir_turn()
