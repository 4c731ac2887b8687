/* What a client gets whose query nobody has time for. */
#ifndef WEIR_SHED_H
#define WEIR_SHED_H

#include "pipeline.h"

/* Answer a well-formed query with SERVFAIL and EDE 14 (Not Ready), as resolver.answer does for an overload, and say so
 * in its outcome. Silence for what is no query. */
void weir_shed(const weir_state *state, weir_packet *packet);

#endif
