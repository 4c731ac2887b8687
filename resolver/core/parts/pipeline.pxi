# Stand-in.
cdef extern from "pipeline.h":
    ctypedef struct weir_stats:
        uint64_t counter[64]
    ctypedef struct weir_state:
        pass
    ctypedef struct weir_core:
        weir_stats *stats


cdef class State:
    cdef weir_state *state

    def __cinit__(self):
        self.state = <weir_state *>calloc(1, sizeof(weir_state))

    def __dealloc__(self):
        free(self.state)


cdef class Core:
    cdef weir_core *core

    def __cinit__(self):
        self.core = <weir_core *>calloc(1, sizeof(weir_core))
        self.core.stats = <weir_stats *>calloc(1, 8192)

    def count(self, int number):
        return self.core.stats.counter[number]

    def __dealloc__(self):
        free(self.core.stats)
        free(self.core)
