/* What policies decide: blocked names, safe search, and kept answers judged (resolver.answer.decision). */
#include <string.h>

#include "judge.h"
#include "respond.h"
#include "zones.h"

/* The code that tells a client why (resolver.answer.generation). */
static uint16_t ede_of(const weir_masks *masks, const weir_verdict *verdict)
{
    if (verdict->voice != WEIR_NO_VOICE && masks->ede[verdict->voice] != 0)
        return (uint16_t)(masks->ede[verdict->voice] - 1);
    switch (verdict->kind) {
    case WEIR_COUNT_BLOCKED_ILLEGAL_VOLUNTARY: case WEIR_COUNT_BLOCKED_SECURITY: return WEIR_EDE_BLOCKED;
    case WEIR_COUNT_BLOCKED_ILLEGAL_ORDER: return WEIR_EDE_CENSORED;
    default: return WEIR_EDE_FILTERED;
    }
}

/* The gateway's address for the asked type; 0 for other types. */
static unsigned gateway_address(const weir_turn *turn, const uint8_t **address)
{
    const weir_state *state = turn->state;
    unsigned qtype = turn->item->query.qtype;
    *address = qtype == WEIR_QTYPE_A ? state->gateway_ipv4 : state->gateway_ipv6;
    return qtype == WEIR_QTYPE_A ? 4 : qtype == WEIR_QTYPE_AAAA ? 16 : 0;
}

static int answer_block(weir_turn *turn, const weir_verdict *verdict)
{
    weir_answer_writer *writer = &turn->writer;
    const uint8_t *address;
    unsigned size = gateway_address(turn, &address);
    weir_note(turn, verdict->kind);
    turn->packet->verdict = verdict->kind;
    turn->packet->bit = verdict->bit;
    weir_answer_ede(writer, ede_of(&turn->state->masks, verdict));
    if (verdict->list_action == WEIR_ACTION_NXDOMAIN) {
        weir_answer_negative(writer, WEIR_NXDOMAIN, WEIR_BLOCKED_TTL);
    } else if (size == 0 || verdict->list_action == WEIR_ACTION_NODATA) {
        weir_answer_negative(writer, WEIR_NOERROR, WEIR_BLOCKED_TTL);
    } else {
        weir_answer_address(writer, address, size, WEIR_BLOCKED_TTL);
        weir_answer_ede(writer, WEIR_EDE_FORGED);
    }
    return weir_answered(turn);
}

/* Note who meets secret lists at which names. Hits of the lists whose answers look the same cost the same. */
static void note_secret_hit(const weir_turn *turn, const weir_verdict *verdict)
{
    const weir_query *query = &turn->item->query;
    if (turn->core->sketch == NULL || verdict->voice == WEIR_NO_VOICE)
        return;
    switch (verdict->kind) {
    case WEIR_COUNT_BLOCKED_ILLEGAL_VOLUNTARY: case WEIR_COUNT_BLOCKED_ILLEGAL_ORDER: case WEIR_COUNT_BLOCKED_SECURITY:
        break;
    default: return;
    }
    int is_secret = turn->state->masks.secret[verdict->voice / 64] >> verdict->voice % 64 & 1;
    weir_sketch_note(turn->core->sketch, is_secret ? WEIR_SKETCH_SECRET : WEIR_SKETCH_ALIKE, &turn->packet->client,
                     query->name, query->name_length);
}

/* The answer for a block: what the list asks for, else the reason's form. */
static int respond_blocked(weir_turn *turn, const weir_verdict *verdict)
{
    note_secret_hit(turn, verdict);
    turn->voice = verdict->voice;
    switch (verdict->list_action) {
    case WEIR_ACTION_OTHER:
        return WEIR_HAND_OVER;
    case WEIR_ACTION_DROP:
        weir_note(turn, WEIR_COUNT_DROPPED);
        return WEIR_SILENT;
    case WEIR_ACTION_TCP_ONLY: /* over TCP the zone has let it pass */
        turn->writer.truncated = 1;
        return weir_answered(turn);
    default:
        return answer_block(turn, verdict);
    }
}

/* The judgement of a kept answer under the present lists: the entry's own, or a new one, noted for the
 * next reader. */
static void judgement_of(weir_turn *turn, const weir_cache_key *key, uint64_t hash, const weir_answer *kept,
                         weir_judgement *judgement)
{
    *judgement = kept->judgement;
    if (judgement->serial == turn->serial)
        return;
    weir_judge_parts(turn->state, kept, turn->serial, judgement);
    weir_cache_judge(turn->core->cache, key, hash, kept, judgement);
}

/* What the cache holds (weir_cache_get): a stale answer only if nobody has time for a fresh one. */
static int look_into_cache(weir_turn *turn, const weir_cache_key *key, uint64_t hash, weir_answer *kept)
{
    weir_core *core = turn->core;
    uint64_t stale_ms = core->gives_stale ? turn->state->stale_ms : 0;
    return core->peeks ? weir_cache_peek(core->cache, key, hash, turn->now_ms, stale_ms, kept, &core->copy)
                       : weir_cache_get(core->cache, key, hash, turn->now_ms, stale_ms, kept, &core->copy);
}

static int give_kept(weir_turn *turn, const weir_answer *kept, int found)
{
    uint64_t age = turn->now_ms > kept->stored_ms ? (turn->now_ms - kept->stored_ms) / 1000 : 0;
    if (found == WEIR_CACHE_STALE)
        weir_answer_stale(&turn->writer, kept);
    else
        weir_answer_kept(&turn->writer, kept, age < UINT32_MAX ? (uint32_t)age : UINT32_MAX);
    return weir_answered(turn);
}

/* From the cache, if it holds an answer; judged above it. `is_unlisted`: the name was allowed by the default
 * step, and no list speaks about it. */
static int respond_kept(weir_turn *turn, weir_case *asked, const weir_cache_key *key, uint64_t hash,
                        int is_unlisted)
{
    weir_answer kept;
    weir_judgement judgement;
    weir_verdict verdict;
    if (turn->core->cache == NULL)
        return WEIR_HAND_OVER;
    int found = look_into_cache(turn, key, hash, &kept);
    turn->packet->missing = found == WEIR_CACHE_MISS;
    if (turn->packet->missing)
        return WEIR_HAND_OVER;
    turn->is_popular = found == WEIR_CACHE_PREFETCH;
    weir_note(turn, found == WEIR_CACHE_STALE ? WEIR_COUNT_STALE_ANSWERS : WEIR_COUNT_CACHE_HITS);
    judgement_of(turn, key, hash, &kept, &judgement);
    int part = weir_judge_answer(asked, &kept, &judgement, &verdict);
    if (part != WEIR_JUDGE_QUERY) {
        int is_target = part == WEIR_JUDGE_TARGET;
        weir_note(turn, is_target ? WEIR_COUNT_BLOCKED_BY_TARGET : WEIR_COUNT_BLOCKED_BY_ADDRESS);
        return respond_blocked(turn, &verdict);
    }
    turn->packet->nameable = is_unlisted && judgement.part == WEIR_PART_NONE;
    return give_kept(turn, &kept, found);
}

/* Safe search. Only addresses are rewritten: an HTTPS record of the original would undo it. The whole
 * answer is kept under both names, as Python made it. */
static int respond_rewritten(weir_turn *turn, weir_case *asked, const weir_verdict *verdict)
{
    const weir_query *query = &turn->item->query;
    uint8_t names[2 * WEIR_MAX_WIRE];
    weir_note(turn, WEIR_COUNT_REWRITTEN);
    if (query->qtype == WEIR_QTYPE_CNAME) {
        weir_answer_alias(&turn->writer, verdict->target, verdict->target_length, WEIR_BLOCKED_TTL);
        return weir_answered(turn);
    }
    if (query->qtype != WEIR_QTYPE_A && query->qtype != WEIR_QTYPE_AAAA) {
        weir_answer_negative(&turn->writer, WEIR_NOERROR, WEIR_BLOCKED_TTL);
        return weir_answered(turn);
    }
    if (turn->core->cache == NULL || weir_is_built_in(turn->state, verdict->target, verdict->target_length))
        return WEIR_HAND_OVER;
    memcpy(names, query->name, query->name_length);
    memcpy(names + query->name_length, verdict->target, verdict->target_length);
    weir_cache_key key = weir_key_of(query);
    key.name = names;
    key.name_length = (uint16_t)(query->name_length + verdict->target_length);
    int outcome = respond_kept(turn, asked, &key, weir_cache_hash(turn->core->cache, &key), 0);
    turn->packet->missing = 0; /* nothing is kept under its question alone */
    turn->packet->again = verdict->target; /* what keeps this answer fresh is the target's, in an entry of its own */
    turn->packet->again_length = verdict->target_length;
    turn->packet->asked_length = query->name_length;
    return outcome;
}

int weir_respond_by_policy(weir_turn *turn)
{
    const weir_item *item = turn->item;
    const weir_query *query = &item->query;
    weir_verdict verdict;
    weir_case asked = {
        .state = turn->state,
        .policy = &item->policy,
        .unix_ms = turn->unix_ms,
        .name = query->name,
        .name_length = query->name_length,
        .part = WEIR_JUDGE_QUERY,
        .over_tcp = turn->packet->over_tcp,
        .heard = &turn->heard,
    };
    memcpy(asked.bits, item->bits, sizeof asked.bits);
    weir_decide(&asked, &verdict);
    asked.vouched = verdict.vouches;
    if (verdict.action == WEIR_BLOCK)
        return respond_blocked(turn, &verdict);
    if (query->qtype == WEIR_QTYPE_ANY) {
        weir_answer_minimal_any(&turn->writer);
        return weir_answered(turn);
    }
    if (verdict.action == WEIR_REWRITE)
        return respond_rewritten(turn, &asked, &verdict);
    weir_cache_key key = weir_key_of(query);
    if (!item->is_listed)
        return respond_kept(turn, &asked, &key, item->cache_hash, !verdict.vouches);
    uint64_t hash = turn->core->cache != NULL ? weir_cache_hash(turn->core->cache, &key) : 0;
    return respond_kept(turn, &asked, &key, hash, 0);
}
