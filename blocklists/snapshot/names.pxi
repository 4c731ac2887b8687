# A list's names as sorted lines, and sorted lines merged; included by native.pyx.


def sorted_names(bytes data not None, int syntax, bytes word not None, odd):
    """One line for each name of a clean line; ``odd(number, start, end)`` for the others, in order."""
    cdef weir_names names
    cdef size_t length = len(data)
    cdef int outcome
    _check_syntax(syntax)
    if weir_names_init(&names, _bytes_of(data), length, syntax) != 0:
        raise MemoryError
    try:
        while True:
            with nogil:
                outcome = weir_names_next(&names)
                if outcome == WEIR_SCAN_END:
                    outcome = weir_names_sort(&names)
            if outcome == WEIR_NO_MEMORY:
                raise MemoryError
            if outcome == WEIR_SCAN_END:
                return _written(&names, word)
            odd(names.lines.number, names.lines.start, names.lines.end)
    finally:
        weir_names_free(&names)


cdef bytes _written(const weir_names *names, bytes word):
    cdef const uint8_t *first = _bytes_of(word)
    cdef size_t length = len(word)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, weir_names_size(names, length))
    cdef uint8_t *into = <uint8_t *>PyBytes_AS_STRING(out)
    with nogil:
        weir_names_write(names, first, length, into)
    return out


def merged_lines(bytes text not None, bytes gone not None, bytes come not None):
    """The lines of ``text`` without those of ``gone``, and those of ``come``; all are sorted by bytes, each line once."""
    cdef weir_sorted_lines old = weir_sorted_lines(_bytes_of(text), len(text))
    cdef weir_sorted_lines out = weir_sorted_lines(_bytes_of(gone), len(gone))
    cdef weir_sorted_lines new = weir_sorted_lines(_bytes_of(come), len(come))
    cdef size_t size
    cdef bytes merged
    cdef uint8_t *into
    with nogil:
        size = weir_merge_lines(old, out, new, NULL)
    if size == old.length and new.length == 0:
        return text
    merged = PyBytes_FromStringAndSize(NULL, size)
    into = <uint8_t *>PyBytes_AS_STRING(merged)
    with nogil:
        weir_merge_lines(old, out, new, into)
    return merged


def lines_changed(bytes before not None, bytes after not None):
    """How many lines came and how many went; both texts are sorted by bytes, each line once."""
    cdef weir_sorted_lines old = weir_sorted_lines(_bytes_of(before), len(before))
    cdef weir_sorted_lines new = weir_sorted_lines(_bytes_of(after), len(after))
    cdef size_t gone = 0, come = 0
    with nogil:
        weir_count_changes(old, new, &gone, &come)
    return come, gone
