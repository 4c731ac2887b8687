/* Whatever packet was answered: no read leaves it, and its record holds a name only where the rules of tap.h
 * let it, of whole labels in lower case. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "tap.h"

static _Alignas(8) uint8_t ring[WEIR_TAP_SIZE];

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_name(const uint8_t *record)
{
    unsigned length = record[WEIR_TAP_AT_LENGTH], at = 0, labels = 0;
    check(length <= WEIR_TAP_NAME);
    while (at < length) {
        unsigned size = record[WEIR_TAP_AT_NAME + at];
        check(size > 0 && size <= WEIR_MAX_LABEL && at + 1 + size <= length);
        for (unsigned i = 1; i <= size; i++)
            check(record[WEIR_TAP_AT_NAME + at + i] < 'A' || record[WEIR_TAP_AT_NAME + at + i] > 'Z');
        at += 1 + size;
        labels++;
    }
    check(at == length && labels <= WEIR_TAP_LABELS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > WEIR_MAX_QUERY)
        return 0;
    size_t length = size - 3;
    uint8_t *block = malloc(length + 1);
    check(block != NULL);
    memcpy(block + 1, data + 3, length);
    weir_packet packet = {.bytes = block + 1, .length = (uint16_t)length, .out = block + 1,
                          .out_length = (uint32_t)length, .verdict = data[0], .bit = data[1], .nameable = data[2] & 1};
    weir_tap tap;
    weir_tap_init(&tap, ring, data[1]);
    weir_tap_use(&tap, 100);
    weir_tap_event event = {&packet, 0, data[1], data[2] >> 1 & 1};
    weir_tap_due(&tap, &event);
    const uint8_t *record = ring + WEIR_TAP_HEAD;
    check(weir_load64(record) == 1);
    check_name(record);
    if (record[WEIR_TAP_AT_LENGTH] != 0)
        check(packet.nameable && event.path == WEIR_PATH_CORE && record[WEIR_TAP_AT_VERDICT] == WEIR_TAP_ALLOWED);
    free(block);
    return 0;
}
