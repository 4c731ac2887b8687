/* What a client gets whose query nobody has time for. */
#ifndef WEIR_SHED_H
#define WEIR_SHED_H

#include "pipeline.h"

/* Answer a query that was to be handed over with SERVFAIL and EDE 14 (Not Ready), as resolver.answer does for an
 * overload; say so in its outcome, and count it as a query, shed and failed. Silence for what is no query. */
void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet);

#endif
