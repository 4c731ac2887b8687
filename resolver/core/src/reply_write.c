/* Writing messages: octets, numbers, compressed names. */
#include "reply_write.h"

#include <string.h>

void weir_scan_writer_start(weir_scan_writer *writer, uint8_t *out)
{
    writer->out = out;
    writer->position = WEIR_MESSAGE_HEAD;
    writer->count = 0;
    memset(writer->head, 0, sizeof writer->head);
}

void weir_scan_put(weir_scan_writer *writer, weir_scan_cursor *cursor, const uint8_t *bytes, size_t length)
{
    if (cursor->error)
        return;
    if (length > WEIR_MAX_MESSAGE - writer->position) {
        weir_scan_fail(cursor, weir_scan_not_mine);
        return;
    }
    memcpy(writer->out + writer->position, bytes, length);
    writer->position += length;
}

void weir_scan_put16(weir_scan_writer *writer, weir_scan_cursor *cursor, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    weir_scan_put(writer, cursor, bytes, sizeof bytes);
}

void weir_scan_put32(weir_scan_writer *writer, weir_scan_cursor *cursor, uint32_t value)
{
    weir_scan_put16(writer, cursor, (uint16_t)(value >> 16));
    weir_scan_put16(writer, cursor, (uint16_t)value);
}

/* Whether the name written at `at` is the suffix of `name` that begins at `from`; case does not count. */
static int same(const uint8_t *out, size_t at, const weir_scan_name *name, unsigned from)
{
    for (;;) {
        unsigned length = out[at];
        if (length >= 0xC0) { /* put here: leads to a label, backwards */
            at = weir_net16(out + at) & 0x3FFFu;
            continue;
        }
        for (unsigned i = 0; i <= length; i++)
            if (weir_scan_lower(out[at + i]) != name->lower[from + i])
                return 0;
        if (!length)
            return 1;
        at += length + 1;
        from += length + 1;
    }
}

/* Where the suffix of `name` from `label` on stands before `end`; 0 if nowhere. */
static unsigned find(weir_scan_writer *writer, weir_scan_cursor *cursor, const weir_scan_name *name,
                     unsigned label, size_t end)
{
    uint32_t hash = name->hash[label];
    for (unsigned i = writer->head[hash % WEIR_PLACE_HEADS]; i; i = writer->place[i].next) {
        if (!weir_scan_spend(cursor, 1))
            return 0;
        if (writer->place[i].hash != hash || writer->place[i].at >= end)
            continue;
        if (same(writer->out, writer->place[i].at, name, name->start[label]))
            return writer->place[i].at;
    }
    return 0;
}

static void remember(weir_scan_writer *writer, uint32_t hash, size_t at)
{
    if (at >= WEIR_POINTER_LIMIT || writer->count >= WEIR_PLACES)
        return;
    uint16_t *head = &writer->head[hash % WEIR_PLACE_HEADS];
    unsigned i = ++writer->count;
    writer->place[i].hash = hash;
    writer->place[i].at = (uint16_t)at;
    writer->place[i].next = *head;
    *head = (uint16_t)i;
}

void weir_scan_put_name(weir_scan_writer *writer, weir_scan_cursor *cursor, const weir_scan_name *name,
                        int compress)
{
    size_t start = writer->position;
    for (unsigned label = 0; label < name->labels && !cursor->error; label++) {
        unsigned offset = name->start[label], at = find(writer, cursor, name, label, start);
        if (at && compress) {
            weir_scan_put(writer, cursor, name->bytes, offset);
            weir_scan_put16(writer, cursor, (uint16_t)(0xC000u | at));
            return;
        }
        if (!at)
            remember(writer, name->hash[label], start + offset);
    }
    weir_scan_put(writer, cursor, name->bytes, name->length);
}
