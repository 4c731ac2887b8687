# The binding of src/reply_scan: a reply as the plain values that resolver.exchange.reader makes an Answer of.

cdef extern from "reply_scan.h" nogil:
    ctypedef struct weir_ttl_limits:
        uint32_t minimum, maximum, negative

    ctypedef struct weir_question:
        const uint8_t *name
        uint16_t name_length, qtype, qclass
        uint8_t dnssec_ok

    ctypedef struct weir_scanned "weir_answer":
        const uint8_t *wire
        uint32_t wire_length
        const uint16_t *ttl_offsets
        uint16_t ttl_count
        const uint8_t *targets
        uint16_t targets_length, target_count
        const uint8_t *addresses
        uint16_t addresses_length, address_count
        const uint8_t *ede
        uint16_t ede_length
        uint32_t ttl

    ctypedef struct weir_reply:
        uint16_t rcode
        uint8_t truncated, edns, answers
        uint16_t flags
        weir_scanned answer

    ctypedef struct weir_reply_room:
        pass

    const char *weir_scan_not_mine
    const char *weir_scan_reply(const uint8_t *message, size_t length, const weir_question *question,
                                const weir_ttl_limits *limits, weir_reply *reply, weir_reply_room *room)


class ReplyError(ValueError):
    """A message that is no well-formed reply; the text says what is wrong with it."""


cdef tuple _offsets(const weir_scanned *answer):
    return tuple([answer.ttl_offsets[i] for i in range(answer.ttl_count)])


cdef tuple _names(const uint8_t *names, uint16_t length):
    cdef list found = []
    cdef size_t start = 0, at
    while start < length:
        at = start
        while names[at]:
            at += names[at] + 1
        found.append(PyBytes_FromStringAndSize(<const char *>names + start, at + 1 - start))
        start = at + 1
    return tuple(found)


cdef tuple _addresses(const uint8_t *addresses, uint16_t length):
    cdef list found = []
    cdef size_t at = 0
    while at < length:
        found.append(PyBytes_FromStringAndSize(<const char *>addresses + at + 1, addresses[at]))
        at += addresses[at] + 1
    return tuple(found)


cdef tuple _errors(const uint8_t *ede, uint16_t length):
    cdef list found = []
    cdef size_t at = 0
    cdef unsigned code, text
    while at < length:
        text = ede[at + 2] << 8 | ede[at + 3]
        code = ede[at] << 8 | ede[at + 1]
        found.append((code, PyBytes_FromStringAndSize(<const char *>ede + at + 4, text)))
        at += 4 + text
    return tuple(found)


cdef class ReplyScanner:
    """Scans replies in a room of its own; see native.pyi."""

    cdef weir_reply_room *_room

    def __cinit__(self):
        self._room = <weir_reply_room *>malloc(sizeof(weir_reply_room))
        if self._room == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self._room)

    def scan(self, bytes data, bytes name, uint16_t qtype, uint16_t qclass, bint dnssec_ok,
             uint32_t minimum, uint32_t maximum, uint32_t negative):
        cdef weir_question question
        cdef weir_ttl_limits limits
        cdef weir_reply reply
        cdef const char *error
        if PyBytes_GET_SIZE(name) > 0xFFFF:
            return None
        question.name = _octets(name)
        question.name_length = <uint16_t>PyBytes_GET_SIZE(name)
        question.qtype, question.qclass, question.dnssec_ok = qtype, qclass, dnssec_ok
        limits.minimum, limits.maximum, limits.negative = minimum, maximum, negative
        error = weir_scan_reply(_octets(data), PyBytes_GET_SIZE(data), &question, &limits, &reply, self._room)
        if error == weir_scan_not_mine:
            return None
        if error != NULL:
            raise ReplyError(error.decode())
        ede = _errors(reply.answer.ede, reply.answer.ede_length) if reply.answer.ede_length else ()
        if not reply.answers:
            return reply.rcode, bool(reply.truncated), bool(reply.edns), ede, None
        answer = (
            PyBytes_FromStringAndSize(<const char *>reply.answer.wire, reply.answer.wire_length),
            reply.flags,
            _offsets(&reply.answer),
            _names(reply.answer.targets, reply.answer.targets_length) if reply.answer.target_count else (),
            _addresses(reply.answer.addresses, reply.answer.addresses_length)
            if reply.answer.address_count else (),
            reply.answer.ttl,
        )
        return reply.rcode, False, bool(reply.edns), ede, answer
