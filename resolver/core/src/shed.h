/* What a client gets whose query nobody has time for. */
#ifndef WEIR_SHED_H
#define WEIR_SHED_H

#include "pipeline.h"

/* Answer a query that the pipeline has handed over, and that finds no room on its way: from the cache
 * although the answer is stale (RFC 8767), judged as ever; else with SERVFAIL and EDE 14 (Not Ready), as
 * resolver.answer does for an overload. Says so in its outcome, and counts it as a query that was shed.
 * Silence for what is no query. The clocks are those of weir_pipeline_run. */
void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet, uint64_t now_ms, uint64_t unix_ms);

#endif
