# Lines of one text that are not in another; included by native.pyx.


def lines_not_in(bytes text not None, bytes other not None, bytes key not None, int most):
    """The spans of the lines of ``text`` that ``other`` does not have, at most ``most`` + 1 of them."""
    cdef weir_line_set known
    cdef weir_absent search
    cdef weir_line line
    cdef const uint8_t *against = _bytes_of(other)
    cdef size_t other_length = len(other)
    cdef const uint8_t *secret
    cdef int found
    cdef list spans = []
    if len(key) != WEIR_KEY_BYTES:
        raise ValueError(f"a key has {WEIR_KEY_BYTES} bytes")
    secret = _bytes_of(key)
    memset(&search, 0, sizeof(search))
    search.text, search.length = _bytes_of(text), len(text)
    with nogil:
        found = weir_line_set_init(&known, secret, against, other_length)
    if found != 0:
        raise MemoryError
    try:
        while len(spans) <= most:
            with nogil:
                found = weir_absent_next(&known, &search, &line)
            if not found:
                break
            spans.append((line.start, line.end))
        return spans
    finally:
        weir_line_set_free(&known)
