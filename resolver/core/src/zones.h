/* Names that are not the world's: those that a resolver answers by itself, and the built-in zones'
 * (Python's). */
#ifndef WEIR_ZONES_H
#define WEIR_ZONES_H

#include "pipeline.h"

/* How a special name is answered (resolver.answer.special). */
enum { WEIR_SPECIAL_NONE, WEIR_SPECIAL_NXDOMAIN, WEIR_SPECIAL_NODATA, WEIR_SPECIAL_LOCALHOST };

/* What a lower-case wire name is by itself or by a name above it. */
int weir_special(const uint8_t *name, size_t length);

/* Whether the name stands at or below the apex of a built-in zone. */
int weir_is_built_in(const weir_state *state, const uint8_t *name, size_t length);

#endif
