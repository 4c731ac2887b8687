/* Big-endian loads and stores: the order of numbers in DNS messages. No alignment, the same on every
 * machine. */
#ifndef WEIR_NETWORK_H
#define WEIR_NETWORK_H

#include <stdint.h>

static inline uint16_t weir_net16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t weir_net32(const uint8_t *from)
{
    return (uint32_t)weir_net16(from) << 16 | weir_net16(from + 2);
}

static inline void weir_put_net16(uint8_t *to, uint16_t number)
{
    to[0] = (uint8_t)(number >> 8);
    to[1] = (uint8_t)number;
}

static inline void weir_put_net32(uint8_t *to, uint32_t number)
{
    weir_put_net16(to, (uint16_t)(number >> 16));
    weir_put_net16(to + 2, (uint16_t)number);
}

#endif
