/* Special names and built-in zones: both are found at or above a name, at the start of a label. */
#include "zones.h"

#include <string.h>

#include "network.h"

#define LAST_FOUR 5u /* octets from the end of a name to the last four letters of its last label */

/* The last four letters of a top-level label, as weir_net32 reads them. */
#define ENDS(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

typedef struct {
    const char *name;
    uint8_t length;
    uint8_t answer;
} special;

/* Whether `ending` is the name or stands above it. `name` is well formed. */
static int is_at_or_below(const uint8_t *name, size_t length, const uint8_t *ending, size_t ending_length)
{
    size_t position = 0;
    while (length - position > ending_length)
        position += name[position] + 1u;
    return length - position == ending_length && memcmp(name + position, ending, ending_length) == 0;
}

int weir_special(const uint8_t *name, size_t length)
{
    static const special localhost = {"\x09localhost", 11, WEIR_SPECIAL_LOCALHOST}; /* RFC 6761 section 6.3 */
    static const special invalid = {"\x07invalid", 9, WEIR_SPECIAL_NXDOMAIN}; /* RFC 6761 section 6.4 */
    static const special onion = {"\x05onion", 7, WEIR_SPECIAL_NXDOMAIN}; /* RFC 7686 section 2 */
    static const special local = {"\x05local", 7, WEIR_SPECIAL_NXDOMAIN}; /* RFC 6762 section 22.1 */
    /* RFC 9462 section 6.4: forwarding this would let the upstream take the client past the filter. */
    static const special discovery = {"\x08resolver\x04" "arpa", 15, WEIR_SPECIAL_NODATA};
    const special *found;
    if (length <= LAST_FOUR)
        return WEIR_SPECIAL_NONE;
    switch (weir_net32(name + length - LAST_FOUR)) { /* one comparison settles nearly every name */
    case ENDS('h', 'o', 's', 't'): found = &localhost; break;
    case ENDS('a', 'l', 'i', 'd'): found = &invalid; break;
    case ENDS('n', 'i', 'o', 'n'): found = &onion; break;
    case ENDS('o', 'c', 'a', 'l'): found = &local; break;
    case ENDS('a', 'r', 'p', 'a'): found = &discovery; break;
    default: return WEIR_SPECIAL_NONE;
    }
    if (!is_at_or_below(name, length, (const uint8_t *)found->name, found->length))
        return WEIR_SPECIAL_NONE;
    return found->answer;
}

static int is_apex(const weir_state *state, const uint8_t *name, size_t length)
{
    if ((state->apex_lengths[length / 64] >> length % 64 & 1) == 0)
        return 0;
    for (uint32_t i = 0; i < state->apex_count; i++)
        if (state->apex[i].length == length && memcmp(state->apex[i].name, name, length) == 0)
            return 1;
    return 0;
}

int weir_is_built_in(const weir_state *state, const uint8_t *name, size_t length)
{
    if (state->apex_count == 0)
        return 0;
    for (size_t position = 0; position < length && name[position] != 0; position += name[position] + 1u)
        if (is_apex(state, name + position, length - position))
            return 1;
    return 0;
}

int weir_state_add_apex(weir_state *state, const uint8_t *name, size_t length)
{
    if (state->apex_count == WEIR_MAX_APEXES || length < 2 || weir_name_length(name, 0, length) != length)
        return 0;
    state->apex[state->apex_count].length = (uint8_t)length;
    memcpy(state->apex[state->apex_count++].name, name, length);
    state->apex_lengths[length / 64] |= UINT64_C(1) << length % 64;
    return 1;
}
