/* Whatever bytes arrive: reading stays inside the packet, what is read is well formed, and every kind of
 * answer to it stays inside the room that it was given and can be walked record by record. */
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "network.h"

#define KINDS 6u

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_query(const weir_query *query, size_t size)
{
    check(query->name_length >= 1 && query->name_length <= WEIR_MAX_WIRE);
    check(weir_name_length(query->name, 0, query->name_length) == query->name_length);
    for (unsigned i = 0; i < query->name_length; i++)
        check(query->name[i] < 'A' || query->name[i] > 'Z');
    check(query->cookie_at == 0 || query->cookie_at + query->cookie_length <= size);
    check(query->cookie_at == 0 || query->cookie_length >= WEIR_COOKIE_CLIENT);
}

/* A name in an answer: labels, or a pointer that ends it. Returns the position behind it. */
static size_t skip_name(const uint8_t *bytes, size_t at, size_t length)
{
    for (;;) {
        check(at < length);
        if (bytes[at] >= 0xC0)
            return at + 2;
        if (bytes[at] == 0)
            return at + 1;
        at += bytes[at] + 1u;
    }
}

static void check_answer(const uint8_t *bytes, size_t length, const weir_query *query)
{
    check(length >= WEIR_MESSAGE_HEAD && (bytes[2] & 0x80) != 0);
    size_t at = skip_name(bytes, WEIR_MESSAGE_HEAD, length) + WEIR_QUESTION_TAIL;
    check(memcmp(bytes + WEIR_MESSAGE_HEAD, query->packet + WEIR_MESSAGE_HEAD, at - WEIR_MESSAGE_HEAD) == 0);
    unsigned records = weir_net16(bytes + 6) + weir_net16(bytes + 8) + weir_net16(bytes + 10);
    for (; records > 0; records--) {
        at = skip_name(bytes, at, length);
        check(at + 10 <= length);
        at += 10u + weir_net16(bytes + at + 8);
    }
    check(at == length);
}

static void write_kind(weir_answer_writer *writer, unsigned kind)
{
    static const uint8_t zeros[16];
    static const uint8_t target[] = "\x04safe\x04test";
    switch (kind) {
    case 0: weir_answer_address(writer, zeros, 16, WEIR_BLOCKED_TTL); break;
    case 1: weir_answer_negative(writer, WEIR_NXDOMAIN, WEIR_BLOCKED_TTL); break;
    case 2: weir_answer_minimal_any(writer); break;
    case 3: weir_answer_alias(writer, target, sizeof target, WEIR_BLOCKED_TTL); break;
    case 4: writer->truncated = 1; break;
    default: weir_answer_rcode(writer, WEIR_BADVERS); break;
    }
    weir_answer_ede(writer, WEIR_EDE_FILTERED);
    weir_answer_ede(writer, WEIR_EDE_FORGED);
}

static void answer(const weir_query *query, unsigned kind, int over_tcp, uint32_t room)
{
    static const uint8_t cookie[WEIR_COOKIE_BYTES];
    weir_answer_writer writer;
    uint8_t *out = malloc(room);
    check(out != NULL);
    weir_answer_begin(&writer, query, out, room, over_tcp, 1232);
    writer.cookie = query->cookie_at != 0 ? cookie : NULL;
    write_kind(&writer, kind);
    uint32_t length = weir_answer_finish(&writer);
    check(length <= room && (over_tcp || query->has_edns || length <= WEIR_MIN_UDP));
    check_answer(out, length, query);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static weir_query query;
    uint8_t *packet = malloc(size + 1); /* its end is the packet's, so that one octet too many is noticed */
    check(packet != NULL);
    if (size > 0)
        memcpy(packet + 1, data, size);
    int outcome = weir_parse_query(packet + 1, size, &query);
    check(size >= WEIR_MESSAGE_HEAD || outcome == WEIR_QUERY_SILENT);
    if (outcome == WEIR_QUERY_READ) {
        check_query(&query, size);
        for (unsigned kind = 0; kind < 2 * KINDS; kind++)
            answer(&query, kind / 2, kind % 2, kind % 2 ? WEIR_MAX_MESSAGE : WEIR_MIN_UDP);
    }
    free(packet);
    return 0;
}
