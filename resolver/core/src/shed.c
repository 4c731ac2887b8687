/* The query is read once more: overload is rare, and the batch's own reading may be of another one by now. */
#include "shed.h"

#include "answer.h"

#define SERVFAIL 2u

void weir_shed(weir_core *core, const weir_state *state, weir_packet *packet)
{
    weir_query query;
    weir_answer_writer writer;
    weir_count(core->stats, packet->over_tcp ? WEIR_COUNT_QUERIES_TCP : WEIR_COUNT_QUERIES_UDP);
    weir_count(core->stats, WEIR_COUNT_SHED);
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
