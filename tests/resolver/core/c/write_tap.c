/* Writes a sample's file as the core does: argv[1] is the file, argv[2] the number of records. Every second
 * query is one for www.example.co.uk that was allowed, the others were blocked for category bit 7. */
#include <string.h>

#include "check.h"
#include "tap.h"

static _Alignas(8) uint8_t ring[WEIR_TAP_SIZE];

int main(int count, char **words)
{
    static const uint8_t query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\3WWW\7example\2co\2uk\0\0\1\0\1";
    static uint8_t answer[4] = {0, 1, 0x81, 0x80};
    weir_tap tap;
    CHECK(count == 3);
    weir_tap_init(&tap, ring, 1);
    weir_tap_use(&tap, 100);
    for (int i = 0; i < atoi(words[2]); i++) {
        int is_blocked = i % 2;
        weir_packet packet = {.bytes = query, .length = sizeof query - 1, .out = answer, .out_length = 4,
                              .over_tcp = (uint8_t)is_blocked, .nameable = (uint8_t)!is_blocked, .bit = 7,
                              .verdict = is_blocked ? WEIR_COUNT_BLOCKED_CATEGORY : 255};
        weir_tap_event event = {&packet, UINT64_C(1800000000000) + 1000 * (unsigned)i, 15, WEIR_PATH_CORE};
        weir_tap_due(&tap, &event);
    }
    FILE *file = fopen(words[1], "wb");
    CHECK(file != NULL && fwrite(ring, 1, sizeof ring, file) == sizeof ring && fclose(file) == 0);
    return 0;
}
