/* The body of one entry: written in one go, read with every length bounded.
 *
 * Head, TTL offsets, message, key, targets, addresses, EDE. The key is left out where it is the message's own
 * question, which is nearly always. */
#include <string.h>

#include "cache_page.h"

#define MAX_BITS 8u            /* bits of a judgement that are kept; see pack_judgement */
#define KEY_IS_QUESTION 0x8000u /* in key_length: the key stands in the message */
#define WIRE_HEADER 12u        /* RFC 1035 section 4.1.1: the question's name follows */
#define MAX_NAME 255u          /* RFC 1035 section 2.3.4 */
#define MAX_LABEL 63u
#define EDE_HEAD 4u            /* code and length of the text */

typedef struct {
    uint64_t stored_ms;
    uint32_t ttl;
    uint32_t serial;
    uint16_t part;
    uint8_t flags;
    uint8_t bit_count;
    uint8_t bit[MAX_BITS];
    uint16_t key_length;
    uint16_t qtype, qclass;
    uint16_t wire_length;
    uint16_t ttl_count;
    uint16_t target_count, targets_length;
    uint16_t address_count, addresses_length;
    uint16_t ede_length;
} entry_head;

_Static_assert(sizeof(entry_head) == 48, "no padding: heads are compared and copied as bytes");

/* A name has few bits, so their numbers take less room than the mask. With more of them the judgement is
 * kept as one that says to look at the parts again, which is always right. */
static void pack_judgement(entry_head *head, const weir_judgement *judgement)
{
    head->serial = judgement->serial;
    head->part = judgement->part;
    head->bit_count = 0;
    memset(head->bit, 0, sizeof head->bit);
    for (unsigned word = 0; word < 4; word++)
        for (uint64_t left = judgement->bits[word]; left; left &= left - 1) {
            if (head->bit_count == MAX_BITS) {
                head->part = WEIR_PART_SEVERAL;
                head->bit_count = 0;
                return;
            }
            head->bit[head->bit_count++] = (uint8_t)(64 * word + (unsigned)__builtin_ctzll(left));
        }
}

static void unpack_judgement(const entry_head *head, weir_judgement *judgement)
{
    *judgement = (weir_judgement){.serial = head->serial, .part = head->part};
    for (unsigned i = 0; i < head->bit_count && i < MAX_BITS; i++)
        judgement->bits[head->bit[i] / 64] |= UINT64_C(1) << (head->bit[i] % 64);
}

static int key_is_question(const weir_cache_key *key, const uint8_t *wire, uint32_t wire_length)
{
    return wire_length >= WIRE_HEADER + key->name_length &&
           memcmp(wire + WIRE_HEADER, key->name, key->name_length) == 0;
}

/* Octets of all that the head announces, the head included. */
static uint32_t whole_length(const entry_head *head)
{
    uint32_t key_length = head->key_length & KEY_IS_QUESTION ? 0 : head->key_length;
    return (uint32_t)sizeof *head + 2u * head->ttl_count + head->wire_length + key_length +
           head->targets_length + head->addresses_length + head->ede_length;
}

/* The head, if the body is as long as it announces. */
static int load_head(const uint8_t *body, uint32_t length, entry_head *head)
{
    if (length < sizeof *head)
        return 0;
    memcpy(head, body, sizeof *head);
    return whole_length(head) <= length && head->ttl_count <= WEIR_CACHE_MAX_TTLS;
}

static uint16_t key_length_of(const weir_cache_key *key, const weir_answer *answer)
{
    if (key_is_question(key, answer->wire, answer->wire_length))
        return (uint16_t)(key->name_length | KEY_IS_QUESTION);
    return key->name_length;
}

uint32_t weir_entry_size(const weir_cache_key *key, const weir_answer *answer)
{
    uint32_t key_length, size;

    if (key->name_length == 0 || key->name_length > WEIR_CACHE_MAX_KEY || answer->wire_length < WIRE_HEADER ||
        answer->wire_length > WEIR_CACHE_MAX_WIRE || answer->ttl_count > WEIR_CACHE_MAX_TTLS ||
        (uint32_t)answer->target_count + answer->address_count > WEIR_CACHE_MAX_PARTS)
        return 0;
    key_length = key_is_question(key, answer->wire, answer->wire_length) ? 0 : key->name_length;
    size = (uint32_t)sizeof(entry_head) + 2u * answer->ttl_count + answer->wire_length + key_length +
           answer->targets_length + answer->addresses_length + answer->ede_length;
    return size <= WEIR_PAGE_BODIES ? size : 0;
}

static uint8_t *append(uint8_t *to, const void *from, size_t length)
{
    if (length)
        memcpy(to, from, length);
    return to + length;
}

void weir_entry_write(uint8_t *body, const weir_cache_key *key, const weir_answer *answer)
{
    entry_head head = {
        .stored_ms = answer->stored_ms, .ttl = answer->ttl, .flags = key->flags,
        .key_length = key_length_of(key, answer), .qtype = key->qtype, .qclass = key->qclass,
        .wire_length = (uint16_t)answer->wire_length, .ttl_count = answer->ttl_count,
        .target_count = answer->target_count, .targets_length = answer->targets_length,
        .address_count = answer->address_count, .addresses_length = answer->addresses_length,
        .ede_length = answer->ede_length,
    };

    pack_judgement(&head, &answer->judgement);
    body = append(body, &head, sizeof head);
    body = append(body, answer->ttl_offsets, 2u * answer->ttl_count);
    body = append(body, answer->wire, answer->wire_length);
    if (!(head.key_length & KEY_IS_QUESTION))
        body = append(body, key->name, key->name_length);
    body = append(body, answer->targets, answer->targets_length);
    body = append(body, answer->addresses, answer->addresses_length);
    append(body, answer->ede, answer->ede_length);
}

int weir_entry_is(const uint8_t *body, uint32_t length, const weir_cache_key *key)
{
    entry_head head;
    const uint8_t *wire;

    if (!load_head(body, length, &head) || head.qtype != key->qtype || head.qclass != key->qclass ||
        head.flags != key->flags || (head.key_length & ~KEY_IS_QUESTION) != key->name_length)
        return 0;
    wire = body + sizeof head + 2u * head.ttl_count;
    if (head.key_length & KEY_IS_QUESTION)
        return key_is_question(key, wire, head.wire_length);
    return memcmp(wire + head.wire_length, key->name, key->name_length) == 0;
}

/* Whether `bytes` is `count` names in wire form and nothing else. */
static int are_names(const uint8_t *bytes, uint32_t length, unsigned count)
{
    uint32_t at = 0;

    for (; count > 0; count--) {
        uint32_t start = at;
        while (at < length && bytes[at] != 0) {
            if (bytes[at] > MAX_LABEL)
                return 0;
            at += bytes[at] + 1u;
        }
        if (at >= length || ++at - start > MAX_NAME)
            return 0;
    }
    return at == length;
}

/* Whether `bytes` is `count` addresses, each behind its length, and nothing else. */
static int are_addresses(const uint8_t *bytes, uint32_t length, unsigned count)
{
    uint32_t at = 0;

    for (; count > 0; count--) {
        if (at >= length || (bytes[at] != 4 && bytes[at] != 16))
            return 0;
        at += bytes[at] + 1u;
    }
    return at == length;
}

/* Whether `bytes` is Extended DNS Errors with their texts, and nothing else. */
static int are_errors(const uint8_t *bytes, uint32_t length)
{
    uint32_t at = 0;

    while (at + EDE_HEAD <= length)
        at += EDE_HEAD + ((uint32_t)bytes[at + 2] << 8 | bytes[at + 3]);
    return at == length;
}

/* Copy the TTLs' places out if they ascend and lie within the message. */
static int load_ttl_offsets(uint16_t *to, const uint8_t *from, unsigned count, uint32_t wire_length)
{
    uint32_t least = WIRE_HEADER;

    memcpy(to, from, 2u * count);
    for (unsigned i = 0; i < count; i++) {
        if (to[i] < least || to[i] + 4u > wire_length)
            return 0;
        least = to[i] + 4u;
    }
    return 1;
}

int weir_entry_read(const uint8_t *body, uint32_t length, uint16_t ttl_offsets[WEIR_CACHE_MAX_TTLS],
                    weir_answer *answer)
{
    entry_head head;
    const uint8_t *at = body + sizeof head;

    if (!load_head(body, length, &head) || head.wire_length < WIRE_HEADER ||
        !load_ttl_offsets(ttl_offsets, at, head.ttl_count, head.wire_length))
        return 0;
    at += 2u * head.ttl_count;
    *answer = (weir_answer){
        .wire = at, .wire_length = head.wire_length, .ttl_offsets = ttl_offsets, .ttl_count = head.ttl_count,
        .targets_length = head.targets_length, .target_count = head.target_count,
        .addresses_length = head.addresses_length, .address_count = head.address_count,
        .ede_length = head.ede_length, .stored_ms = head.stored_ms, .ttl = head.ttl,
    };
    at += head.wire_length + (head.key_length & KEY_IS_QUESTION ? 0u : head.key_length);
    answer->targets = at;
    answer->addresses = at += head.targets_length;
    answer->ede = at + head.addresses_length;
    unpack_judgement(&head, &answer->judgement);
    return are_names(answer->targets, head.targets_length, head.target_count) &&
           are_addresses(answer->addresses, head.addresses_length, head.address_count) &&
           are_errors(answer->ede, head.ede_length);
}

uint64_t weir_entry_expires(const uint8_t *body, uint32_t length)
{
    entry_head head;

    return load_head(body, length, &head) ? head.stored_ms + UINT64_C(1000) * head.ttl : 0;
}

void weir_entry_judge(uint8_t *body, const weir_judgement *judgement)
{
    entry_head head;

    memcpy(&head, body, sizeof head);
    pack_judgement(&head, judgement);
    memcpy(body, &head, sizeof head);
}
