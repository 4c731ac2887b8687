/* A small file of clients and policies in memory, for the tests of its readers and writers. */
#ifndef WEIR_TEST_TABLES_KIT_H
#define WEIR_TEST_TABLES_KIT_H

#include <string.h>

#include "check.h"
#include "tables_layout.h"
#include "tables_writer.h"

static weir_prefix prefix4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, unsigned length, uint32_t realm)
{
    return (weir_prefix){{.address = {a, b, c, d}, .family = 4, .realm = realm}, (uint8_t)length};
}

static weir_prefix prefix6(uint8_t first, uint8_t last, unsigned length)
{
    weir_prefix prefix = {{.address = {0x20, first}, .family = 6}, (uint8_t)length};
    prefix.client.address[15] = last;
    return prefix;
}

/* A formatted file in memory of its own size. */
static uint8_t *make_file(weir_writer *writer, size_t *size, uint32_t clients, uint32_t policies)
{
    weir_tables_room room = {clients, policies, 4096, 4096};
    weir_tables_origin origin = {.key = {1, 2, 3}, .plan = {4}, .boot = {5}, .created = 1700000000};
    *size = (size_t)weir_tables_size(&room);
    CHECK(*size > WEIR_TABLES_HEADER);
    uint8_t *bytes = calloc(*size, 1);
    CHECK(bytes != NULL);
    CHECK(weir_tables_format(bytes, *size, &room, &origin) == WEIR_WRITE_DONE);
    CHECK(weir_writer_open(writer, bytes, *size) == NULL);
    return bytes;
}

/* Add a policy that blocks `block`, with sets of these numbers. */
static uint32_t add_policy(weir_writer *writer, uint64_t block, uint32_t flags, uint32_t rules, uint32_t rewrites)
{
    weir_policy policy = {.block = {block}, .flags = flags, .rules = rules, .rewrites = rewrites};
    uint32_t number;
    CHECK(weir_writer_policy(writer, &policy, &number) == WEIR_WRITE_DONE);
    return number;
}

/* The hashes of a wire name's suffixes. */
static unsigned hash_wire(const weir_tables *tables, const void *wire, size_t length,
                          weir_hash hash[WEIR_MAX_LABELS])
{
    uint8_t padded[WEIR_MAX_WIRE + WEIR_PAD] = {0};
    weir_label labels[WEIR_MAX_LABELS];
    int count = weir_split_wire(wire, length, labels);
    CHECK(count >= 0);
    memcpy(padded, wire, length);
    weir_hash_suffixes(&tables->key, padded, labels, (unsigned)count, (unsigned)count, hash);
    return (unsigned)count;
}

/* A C string with zeros in it, without the one that the compiler adds. */
#define WIRE(text) (const uint8_t *)(text), sizeof(text) - 1

#endif
