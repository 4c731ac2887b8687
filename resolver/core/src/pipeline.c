/* The stages over a batch. Each stage asks for memory that the next one needs, so one latency serves all
 * packets. */
#include "pipeline.h"

#include <string.h>

#include "respond.h"
#include "verdict.h"

/* Parse, hash under the lists' key, and send for the client's line and the lists' lines. */
static void read_packet(const weir_state *state, const weir_packet *packet, weir_item *item)
{
    weir_tables_prefetch(&state->tables, &packet->client);
    item->read = (uint8_t)weir_parse_query(packet->bytes, packet->length, &item->query);
    if (item->read == WEIR_QUERY_READ)
        weir_probe_start(&state->lists, item->query.name, item->query.name_length, &item->probe);
}

/* Who asks; send for what they may, and for what verifies the hits in the lists. */
static void find_client(const weir_state *state, const weir_packet *packet, weir_item *item)
{
    item->policy_number = weir_tables_policy_of(&state->tables, &packet->client);
    weir_tables_prefetch_policy(&state->tables, item->policy_number);
    if (item->read == WEIR_QUERY_READ)
        weir_probe_fetch(&state->lists, &item->probe);
}

/* What they may, and what the lists say of the name. Only for a name that no list speaks about the cache's
 * page is sent for: nearly all others are blocked and need no cache. */
static void look_up(weir_core *core, const weir_state *state, weir_item *item)
{
    item->is_served = item->wants_answer = 0;
    if (item->policy_number != WEIR_NO_POLICY)
        item->is_served = (uint8_t)weir_tables_policy(&state->tables, item->policy_number, &item->policy);
    if (item->read != WEIR_QUERY_READ || !item->is_served)
        return;
    weir_tables_prefetch_set(&state->tables, &item->policy);
    item->is_listed = (uint8_t)weir_bits_of_name(state, &item->probe, item->bits);
    if (core->cache == NULL || item->is_listed)
        return;
    weir_cache_key key = weir_key_of(&item->query);
    item->cache_hash = weir_cache_hash(core->cache, &key);
    item->wants_answer = 1;
    weir_cache_prefetch(core->cache, item->cache_hash);
}

/* Send for the kept answer, and for the rules that speak before it. */
static void fetch_rest(weir_core *core, const weir_state *state, weir_item *item)
{
    if (item->read == WEIR_QUERY_READ && item->is_served)
        weir_tables_prefetch_rules(&state->tables, &item->policy, item->probe.labels);
    if (item->wants_answer)
        weir_cache_prefetch_answer(core->cache, item->cache_hash);
}

void weir_pipeline_run(weir_core *core, const weir_state *state, weir_packet *packets, unsigned count,
                       uint64_t now_ms, uint64_t unix_ms)
{
    uint32_t serial = weir_table_serial(&state->lists);
    if (count > WEIR_BATCH)
        count = WEIR_BATCH;
    for (unsigned i = 0; i < count; i++)
        read_packet(state, &packets[i], &core->item[i]);
    for (unsigned i = 0; i < count; i++)
        find_client(state, &packets[i], &core->item[i]);
    for (unsigned i = 0; i < count; i++)
        look_up(core, state, &core->item[i]);
    for (unsigned i = 0; i < count; i++)
        fetch_rest(core, state, &core->item[i]);
    for (unsigned i = 0; i < count; i++) {
        weir_turn turn;
        turn.core = core;
        turn.state = state;
        turn.packet = &packets[i];
        turn.item = &core->item[i];
        turn.now_ms = now_ms;
        turn.unix_ms = unix_ms;
        turn.serial = serial;
        turn.writer.cookie = NULL;
        turn.cookie_state = WEIR_COOKIE_NONE;
        turn.is_popular = turn.counts = 0;
        turn.heard.any = 0;
        turn.voice = WEIR_NO_VOICE;
        weir_respond(&turn);
    }
}
