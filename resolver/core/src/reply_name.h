/* A bounded cursor over a received message, and the names read from it (resolver.exchange.wire in C).
 *
 * Nothing is read outside the message; a compression pointer leads strictly backwards. The first error
 * stays, and whatever is read after it is zero, so that a caller may check once for several reads. Work
 * that a crafted message could multiply (jumps, comparisons) is paid from a budget: one that runs out is
 * the Python scanner's. */
#ifndef WEIR_REPLY_NAME_H
#define WEIR_REPLY_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "network.h"
#include "wire.h"

#define WEIR_SCAN_BUDGET 250000u /* steps of a few nanoseconds; a real reply takes some hundred */

/* The error of a message that is not this scanner's: what is written anew outgrows a message or the room,
 * or it takes more steps than any real reply. Compared by address. */
extern const char weir_scan_not_mine[];

typedef struct {
    const uint8_t *data;
    size_t length, position;
    uint32_t budget;
    const char *error; /* NULL while all is well */
} weir_scan_cursor;

/* A whole name: as received, in lower case, and by its suffixes. `start[i]` is where label i begins, the
 * root's included; `hash[i]` is the unkeyed hash of the suffix that begins there, without case. */
typedef struct {
    uint8_t bytes[WEIR_MAX_WIRE], lower[WEIR_MAX_WIRE];
    uint8_t length, labels; /* labels without the root */
    uint8_t start[WEIR_MAX_LABELS + 1];
    uint32_t hash[WEIR_MAX_LABELS + 1];
} weir_scan_name;

/* Note an error unless there is one already. Returns 0. */
int weir_scan_fail(weir_scan_cursor *cursor, const char *error);

/* Pay for `steps`. 0 and an error when the budget is used up. */
int weir_scan_spend(weir_scan_cursor *cursor, uint32_t steps);

/* The next `length` octets; NULL and an error if the message ends before. */
const uint8_t *weir_scan_take(weir_scan_cursor *cursor, size_t length);

/* The next 2 or 4 octets as an unsigned number; 0 and an error if the message ends before. */
uint16_t weir_scan_take16(weir_scan_cursor *cursor);
uint32_t weir_scan_take32(weir_scan_cursor *cursor);

/* Read the name at the cursor. 0 and an error if it is none. */
int weir_scan_read_name(weir_scan_cursor *cursor, weir_scan_name *name);

/* Make a name of an uncompressed lower-case wire name. 0 if it is none. */
int weir_scan_name_of(const uint8_t *wire, size_t length, weir_scan_name *name);

static inline uint8_t weir_scan_lower(uint8_t octet)
{
    return (uint8_t)(octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet);
}

#endif
