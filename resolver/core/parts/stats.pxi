# The binding of src/stats.
cdef extern from "stats.h":
    ctypedef struct weir_stats:
        pass
    const char *weir_stats_name(unsigned word) nogil


def _stats_names():
    names, word = [], 0
    while weir_stats_name(word) != NULL:
        names.append(weir_stats_name(word).decode())
        word += 1
    return tuple(names)


STATS_NAMES = _stats_names()


cdef class Stats:
    cdef uint64_t[::1] _words

    def __cinit__(self, uint64_t[::1] words not None):
        if words.shape[0] != len(STATS_NAMES):
            raise ValueError(f"a page of counters has {len(STATS_NAMES)} words, this has {words.shape[0]}")
        if <size_t>&words[0] % sizeof(uint64_t):
            raise ValueError("a page of counters must be aligned to its words")
        self._words = words

    cdef weir_stats *page(self):
        return <weir_stats *>&self._words[0]
