# What every part uses.
from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

import os


class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""


cdef inline const uint8_t *_octets(bytes data):
    return <const uint8_t *>PyBytes_AS_STRING(data)
