/* What the sample's records hold, above all what they never hold. */
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "tap.h"

static _Alignas(8) uint8_t ring[WEIR_TAP_SIZE];
static weir_tap tap;

static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3WWW\4Shop\7ExAmple\3com\0\0\x1c\0\1";
static uint8_t answer[] = "\x12\x34\x81\x83";

static weir_packet allowed(void)
{
    return (weir_packet){.bytes = query, .length = sizeof query - 1, .client = {{192, 0, 2, 77}, 4, 9}, .out = answer,
                         .out_length = 4, .verdict = 255, .bit = 255, .nameable = 1};
}

/* The record that is made of one event, in a new ring. */
static const uint8_t *record_of(const weir_packet *packet, unsigned path)
{
    weir_tap_event event = {packet, UINT64_C(1700000000999), 30, path};
    memset(ring, 0, sizeof ring);
    weir_tap_init(&tap, ring, 5);
    weir_tap_use(&tap, 100);
    weir_tap_due(&tap, &event);
    CHECK(weir_load64(ring + WEIR_TAP_HEAD) == 1);
    return ring + WEIR_TAP_HEAD;
}

static void facts(void)
{
    weir_packet packet = allowed();
    packet.over_tcp = 1;
    const uint8_t *record = record_of(&packet, WEIR_PATH_CORE);
    CHECK(memcmp(ring, WEIR_TAP_MAGIC, 8) == 0);
    CHECK(weir_load32(ring + 8) == WEIR_TAP_RECORD && weir_load32(ring + 12) == WEIR_TAP_RECORDS);
    CHECK(weir_load32(ring + 16) == 100);
    CHECK(weir_load32(record + WEIR_TAP_AT_SECOND) == 1700000000);
    CHECK(weir_load16(record + WEIR_TAP_AT_QTYPE) == 28);
    CHECK(record[WEIR_TAP_AT_TRANSPORT] == 1);
    CHECK(record[WEIR_TAP_AT_RCODE] == 3);
    CHECK(record[WEIR_TAP_AT_VERDICT] == WEIR_TAP_ALLOWED);
    CHECK(record[WEIR_TAP_AT_BIT] == 255);
    CHECK(record[WEIR_TAP_AT_LATENCY] == 3);
    CHECK(record[WEIR_TAP_AT_LENGTH] == 17);
    CHECK(memcmp(record + WEIR_TAP_AT_NAME, "\4shop\7example\3com", 17) == 0);
}

static void names_only_of_what_no_list_knows(void)
{
    for (unsigned verdict = 0; verdict < 256; verdict++) {
        weir_packet packet = allowed();
        packet.verdict = (uint8_t)verdict;
        packet.nameable = verdict % 2 == 0 ? 0 : 1;
        packet.bit = 17;
        const uint8_t *record = record_of(&packet, WEIR_PATH_CORE);
        int named = record[WEIR_TAP_AT_LENGTH] != 0;
        CHECK(!named || (packet.nameable && record[WEIR_TAP_AT_VERDICT] == WEIR_TAP_ALLOWED));
        CHECK(named || record[WEIR_TAP_AT_NAME] == 0);
        CHECK(record[WEIR_TAP_AT_BIT] == (verdict == WEIR_COUNT_BLOCKED_CATEGORY ? 17 : 255));
    }
}

static void illegal_and_security_cannot_be_told_apart(void)
{
    static const uint8_t joint[] = {WEIR_COUNT_BLOCKED_ILLEGAL_VOLUNTARY, WEIR_COUNT_BLOCKED_ILLEGAL_ORDER,
                                    WEIR_COUNT_BLOCKED_SECURITY};
    uint8_t first[WEIR_TAP_RECORD];
    for (unsigned i = 0; i < sizeof joint; i++) {
        weir_packet packet = allowed();
        packet.verdict = joint[i];
        packet.bit = (uint8_t)i;
        const uint8_t *record = record_of(&packet, WEIR_PATH_CORE);
        CHECK(record[WEIR_TAP_AT_VERDICT] == WEIR_TAP_ILLEGAL_OR_SECURITY);
        if (i == 0)
            memcpy(first, record, sizeof first);
        CHECK(memcmp(first, record, sizeof first) == 0);
    }
}

static void nothing_depends_on_the_client(void)
{
    uint8_t first[WEIR_TAP_RECORD];
    weir_packet packet = allowed();
    memcpy(first, record_of(&packet, WEIR_PATH_CORE), sizeof first);
    memset(&packet.client, 0xEE, sizeof packet.client);
    CHECK(memcmp(first, record_of(&packet, WEIR_PATH_CORE), sizeof first) == 0);
}

static void what_python_decided_has_no_name(void)
{
    weir_packet packet = allowed();
    const uint8_t *record = record_of(&packet, WEIR_PATH_HANDED_OVER);
    CHECK(record[WEIR_TAP_AT_VERDICT] == WEIR_TAP_DECIDED_ELSEWHERE && record[WEIR_TAP_AT_LENGTH] == 0);
}

static void no_more_of_a_name_than_fits(void)
{
    uint8_t bytes[300] = {0};
    weir_packet packet = allowed();
    unsigned at = 12;
    for (unsigned label = 0; label < 3; label++) {
        bytes[at] = 60;
        memset(bytes + at + 1, 'a' + (int)label, 60);
        at += 61;
    }
    packet.bytes = bytes;
    packet.length = (uint16_t)(at + 5);
    const uint8_t *record = record_of(&packet, WEIR_PATH_CORE);
    CHECK(record[WEIR_TAP_AT_LENGTH] == 61 && record[WEIR_TAP_AT_NAME + 1] == 'c');
}

static void packets_cut_anywhere_are_no_danger(void)
{
    for (unsigned length = 0; length < sizeof query; length++) {
        uint8_t *exact = malloc(length + 1);
        weir_packet packet = allowed();
        CHECK(exact != NULL);
        memcpy(exact + 1, query, length);
        packet.bytes = exact + 1;
        packet.length = (uint16_t)length;
        CHECK((record_of(&packet, WEIR_PATH_CORE)[WEIR_TAP_AT_LENGTH] != 0) == (length >= sizeof query - 3));
        free(exact);
    }
}

static void one_in_n(void)
{
    weir_packet packet = allowed();
    memset(ring, 0, sizeof ring);
    weir_tap_init(&tap, ring, 12345);
    weir_tap_use(&tap, 100);
    for (unsigned i = 0; i < 1000000; i++)
        weir_tap_note(&tap, &packet, 0, WEIR_PATH_CORE, 1);
    CHECK(tap.written > 9700 && tap.written < 10300);
    for (unsigned i = 0; i < WEIR_TAP_RECORDS; i++) {
        uint64_t sequence = weir_load64(ring + WEIR_TAP_HEAD + i * WEIR_TAP_RECORD);
        CHECK(sequence % WEIR_TAP_RECORDS == (i + 1) % WEIR_TAP_RECORDS);
        CHECK(sequence > tap.written - WEIR_TAP_RECORDS && sequence <= tap.written);
    }
    printf("%u\n", (unsigned)tap.written);
}

static void off_is_off_until_it_is_on(void)
{
    weir_packet packet = allowed();
    memset(ring, 0, sizeof ring);
    weir_tap_init(&tap, ring, 1);
    for (unsigned i = 0; i < 5000; i++)
        weir_tap_note(&tap, &packet, 0, WEIR_PATH_CORE, 1);
    for (unsigned i = WEIR_TAP_HEAD; i < WEIR_TAP_SIZE; i++)
        CHECK(ring[i] == 0);
    weir_tap_use(&tap, 1);
    for (unsigned i = 0; i < 2 * WEIR_TAP_PAUSE; i++)
        weir_tap_note(&tap, &packet, 0, WEIR_PATH_CORE, 1);
    CHECK(tap.written >= WEIR_TAP_PAUSE);
    uint64_t written = tap.written;
    weir_tap_use(&tap, 0);
    for (unsigned i = 0; i < 5000; i++)
        weir_tap_note(&tap, &packet, 0, WEIR_PATH_CORE, 1);
    CHECK(tap.written == written && weir_load32(ring + 16) == 0);
}

int main(void)
{
    facts();
    names_only_of_what_no_list_knows();
    illegal_and_security_cannot_be_told_apart();
    nothing_depends_on_the_client();
    what_python_decided_has_no_name();
    no_more_of_a_name_than_fits();
    packets_cut_anywhere_are_no_danger();
    one_in_n();
    off_is_off_until_it_is_on();
    return 0;
}
