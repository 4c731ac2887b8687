/* The scan of replies without Python: an answer behind an alias, its errors, and messages made to cost
 * much. */
#include <string.h>

#include "check.h"
#include "reply_scan.h"

static weir_reply_room room;
static const weir_ttl_limits limits = {10, 1000, 200};
static const weir_question question = {(const uint8_t *)"\1q\0", 3, WEIR_QTYPE_A, WEIR_QCLASS_IN, 0};
static uint8_t message[70000];
static size_t length;

static void put(const void *octets, size_t count)
{
    memcpy(message + length, octets, count);
    length += count;
}

static void start(unsigned flags, unsigned answers, unsigned additional)
{
    const uint8_t head[12] = {0, 0, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1, (uint8_t)(answers >> 8),
                              (uint8_t)answers, 0, 0, 0, (uint8_t)additional};
    length = 0;
    put(head, sizeof head);
    put("\1Q\0\0\1\0\1", 7);
}

static const char *scan(weir_reply *reply)
{
    return weir_scan_reply(message, length, &question, &limits, reply, &room);
}

static void an_answer_behind_an_alias(void)
{
    weir_reply reply;
    start(0x8180, 2, 1);
    put("\xc0\x0c\0\5\0\1\0\0\0\5\0\4\1W\xc0\x0c", 16);
    put("\1w\xc0\x0c\0\1\0\1\0\0\xff\xff\0\4\1\2\3\4", 18);
    put("\0\0\x29\4\xd0\0\0\0\0\0\7\0\x0f\0\3\0\x16!", 18);
    CHECK(scan(&reply) == NULL && reply.answers && reply.edns && reply.rcode == 0);
    CHECK(reply.answer.ttl == 10 && reply.answer.ttl_count == 2);
    CHECK(weir_net32(reply.answer.wire + reply.answer.ttl_offsets[1]) == 1000);
    CHECK(reply.answer.target_count == 1 && !memcmp(reply.answer.targets, "\1w\1q\0", 5));
    CHECK(reply.answer.address_count == 1 && !memcmp(reply.answer.addresses, "\4\1\2\3\4", 5));
    CHECK(reply.answer.ede_length == 5 && !memcmp(reply.answer.ede, "\0\x16\0\1!", 5));
    for (uint32_t i = 0; i < reply.answer.wire_length; i++)
        printf("%02x", reply.answer.wire[i]);
    puts("");
}

static void every_cut_is_an_error(void)
{
    weir_reply reply;
    an_answer_behind_an_alias();
    for (size_t whole = length; length > 0 && whole; length--) {
        if (length < whole)
            CHECK(scan(&reply) != NULL);
    }
}

/* Thousands of owners, each a pointer to the pointer before it. */
static void pointers_to_pointers_are_left(void)
{
    weir_reply reply;
    unsigned previous = 12, count = 1300;
    start(0x8180, count, 0);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t record[14] = {(uint8_t)(0xc0 | previous >> 8), (uint8_t)previous, 0, 1, 0, 1, 0,
                                    0, 0, 1, 0, 0};
        previous = (unsigned)length;
        put(record, 12);
    }
    CHECK(scan(&reply) == weir_scan_not_mine);
}

/* 64 KiB of addresses that all differ. */
static void thousands_of_addresses_are_left(void)
{
    weir_reply reply;
    start(0x8180, 4000, 0);
    for (unsigned i = 0; i < 4000; i++) {
        const uint8_t record[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 0, 0, (uint8_t)(i >> 8),
                                    (uint8_t)i};
        put(record, sizeof record);
    }
    CHECK(scan(&reply) == weir_scan_not_mine);
}

int main(void)
{
    weir_reply reply;
    every_cut_is_an_error();
    pointers_to_pointers_are_left();
    thousands_of_addresses_are_left();
    start(0x8380, 65535, 255);
    CHECK(scan(&reply) == NULL && reply.truncated && !reply.answers);
    start(0x8180, 65535, 255);
    CHECK(scan(&reply) != NULL && scan(&reply) != weir_scan_not_mine);
    length = sizeof message;
    CHECK(scan(&reply) == weir_scan_not_mine);
    return 0;
}
