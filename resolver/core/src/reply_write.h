/* A message written anew, names compressed against each other (resolver.exchange.writer in C). */
#ifndef WEIR_REPLY_WRITE_H
#define WEIR_REPLY_WRITE_H

#include "reply_name.h"

#define WEIR_MAX_MESSAGE 65535u
#define WEIR_POINTER_LIMIT 0x4000u /* a compression pointer has 14 bits */
#define WEIR_PLACES (WEIR_POINTER_LIMIT / 2) /* a label takes two octets at least */
#define WEIR_PLACE_HEADS 256u

/* Where suffixes were written first, in chains by hash; an index of 0 ends a chain. */
typedef struct {
    uint8_t *out; /* WEIR_MAX_MESSAGE octets */
    size_t position;
    uint16_t head[WEIR_PLACE_HEADS], count;
    struct {
        uint32_t hash;
        uint16_t at, next;
    } place[WEIR_PLACES + 1];
} weir_scan_writer;

/* Start behind the header. */
void weir_scan_writer_start(weir_scan_writer *writer, uint8_t *out);

/* Append; what grows beyond the largest message is an error on `cursor`, the caller's only one. */
void weir_scan_put(weir_scan_writer *writer, weir_scan_cursor *cursor, const uint8_t *bytes, size_t length);
void weir_scan_put16(weir_scan_writer *writer, weir_scan_cursor *cursor, uint16_t value);
void weir_scan_put32(weir_scan_writer *writer, weir_scan_cursor *cursor, uint32_t value);

/* Append a name; `compress` is for owners and the types of RFC 1035 only (RFC 3597 section 4). */
void weir_scan_put_name(weir_scan_writer *writer, weir_scan_cursor *cursor, const weir_scan_name *name,
                        int compress);

/* Overwrite a number put before. */
static inline void weir_scan_patch16(weir_scan_writer *writer, size_t at, uint16_t value)
{
    writer->out[at] = (uint8_t)(value >> 8);
    writer->out[at + 1] = (uint8_t)value;
}

#endif
