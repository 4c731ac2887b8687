/* The query has a second turn in the pipeline, alone: overload is rare, and the batch's own reading may be of
 * another one by now. */
#include "shed.h"

#include "answer.h"

#define SERVFAIL 2u

/* 1 if the cache had an answer, or silence was owed. */
static int answer_stale(weir_core *core, const weir_state *state, weir_packet *packet, uint64_t now_ms,
                        uint64_t unix_ms)
{
    if (core->cache == NULL || state->stale_ms == 0)
        return 0;
    core->peeks = core->gives_stale = 1;
    weir_pipeline_run(core, state, packet, 1, now_ms, unix_ms);
    core->peeks = core->gives_stale = 0;
    return packet->outcome != WEIR_HAND_OVER;
}

static void answer_failure(weir_core *core, const weir_state *state, weir_packet *packet)
{
    weir_query query;
    weir_answer_writer writer;
    weir_count(core->stats, packet->over_tcp ? WEIR_COUNT_QUERIES_TCP : WEIR_COUNT_QUERIES_UDP);
    packet->outcome = WEIR_SILENT;
    if (weir_parse_query(packet->bytes, packet->length, &query) != WEIR_QUERY_READ)
        return;
    weir_count(core->stats, WEIR_COUNT_SERVFAIL);
    weir_answer_begin(&writer, &query, packet->out, packet->room, packet->over_tcp, state->udp_payload);
    weir_answer_rcode(&writer, SERVFAIL);
    weir_answer_ede(&writer, WEIR_EDE_NOT_READY);
    packet->out_length = weir_answer_finish(&writer);
    packet->outcome = WEIR_ANSWERED;
}

void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet, uint64_t now_ms, uint64_t unix_ms)
{
    weir_count(core->stats, WEIR_COUNT_SHED);
    if (!answer_stale(core, state, packet, now_ms, unix_ms))
        answer_failure(core, state, packet);
}
