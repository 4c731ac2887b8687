/* What no policy decides: malformed packets, limits, strangers, versions, types and names that are not
 * served. */
#include "respond.h"

#include <string.h>

#include "network.h"
#include "zones.h"

#define META_TYPES 128u /* RFC 6895 section 3.1: up to 254; 255 is ANY */

static const uint8_t loopback_ipv4[4] = {127, 0, 0, 1};
static const uint8_t loopback_ipv6[16] = {[15] = 1};

/* Zones that asked for TCP and let pass, because the query came by it. */
static void count_tcp_only(weir_turn *turn)
{
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        for (uint64_t left = turn->heard.passed[i]; left != 0; left &= left - 1)
            if (turn->state->masks.action[64 * i + (unsigned)__builtin_ctzll(left)] == WEIR_ACTION_TCP_ONLY)
                weir_count(turn->core->stats, WEIR_COUNT_TCP_ONLY);
}

static void count(weir_turn *turn)
{
    weir_stats *stats = turn->core->stats;
    if (stats == NULL)
        return;
    if (turn->packet->outcome == WEIR_HAND_OVER) {
        if (!turn->core->peeks)
            weir_count(stats, WEIR_COUNT_HANDED_OVER);
        return;
    }
    weir_count(stats, turn->packet->over_tcp ? WEIR_COUNT_QUERIES_TCP : WEIR_COUNT_QUERIES_UDP);
    for (unsigned i = 0; i < turn->counts; i++)
        weir_count(stats, turn->counted[i]);
    if (turn->heard.any)
        count_tcp_only(turn);
}

/* Lists and zones that have spoken about the query; for one that has, `mask` gets their bits. */
static int spoke(const weir_turn *turn, uint64_t mask[WEIR_MASK_WORDS])
{
    if (!turn->heard.any && turn->voice == WEIR_NO_VOICE)
        return 0;
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        mask[i] = turn->heard.any ? turn->heard.passed[i] : 0;
    if (turn->voice != WEIR_NO_VOICE)
        mask[turn->voice / 64] |= UINT64_C(1) << turn->voice % 64;
    return 1;
}

/* Whether Python must answer, because it logs the hits of a list by name; not where nobody has time for that. */
static int is_logged(const weir_turn *turn, const uint64_t mask[WEIR_MASK_WORDS])
{
    uint64_t named = 0;
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        named |= mask[i] & turn->state->masks.named[i];
    return named != 0 && !turn->core->gives_stale;
}

/* For the day's statistics a query counts once in each group, as far as its client may. */
static void count_in_groups(const weir_turn *turn, const uint64_t groups[WEIR_MASK_WORDS])
{
    const weir_state *state = turn->state;
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        for (uint64_t left = groups[i]; left != 0; left &= left - 1) {
            unsigned group = 64 * i + (unsigned)__builtin_ctzll(left);
            if (weir_clamp_admit(state->clamp, &turn->packet->client, group))
                atomic_fetch_add_explicit(&state->day_hits[group], 1, memory_order_relaxed);
        }
}

/* Several threads share these words: a hit costs atomic additions. What only looks again is counted by
 * whoever answers, and that is Python where the verdict is a block. */
static void count_hits(const weir_turn *turn, const uint64_t mask[WEIR_MASK_WORDS])
{
    const weir_packet *packet = turn->packet;
    int looks_again = turn->core->peeks && !turn->core->gives_stale;
    if (turn->state->hits == NULL || packet->outcome == WEIR_HAND_OVER)
        return;
    if (looks_again && (packet->verdict != WEIR_NO_BIT || packet->outcome == WEIR_SILENT))
        return;
    uint64_t groups[WEIR_MASK_WORDS] = {0};
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        for (uint64_t left = mask[i]; left != 0; left &= left - 1) {
            unsigned bit = 64 * i + (unsigned)__builtin_ctzll(left), group = turn->state->day_group[bit];
            atomic_fetch_add_explicit(&turn->state->hits[bit], 1, memory_order_relaxed);
            if (group != WEIR_NO_GROUP)
                groups[group / 64] |= UINT64_C(1) << group % 64;
        }
    if (turn->state->day_hits != NULL)
        count_in_groups(turn, groups);
}

/* Whether another answer may go to the client's prefix; TCP proves an address, and so does a good cookie. */
static int check_limit(weir_turn *turn)
{
    const weir_packet *packet = turn->packet;
    const weir_limit_settings *settings = &turn->state->limits;
    int is_stranger = !turn->item->is_served;
    if (turn->core->limiter == NULL || turn->core->peeks || packet->over_tcp || turn->cookie_state == WEIR_COOKIE_GOOD)
        return WEIR_LIMIT_PASS;
    if ((is_stranger ? settings->strangers_per_second : settings->per_second) == 0)
        return WEIR_LIMIT_PASS;
    int limit = weir_limit_check(turn->core->limiter, settings, &packet->client, is_stranger, turn->now_ms);
    if (limit != WEIR_LIMIT_PASS)
        weir_note(turn, limit == WEIR_LIMIT_SLIP ? WEIR_COUNT_RATE_SLIPPED : WEIR_COUNT_RATE_DROPPED);
    return limit;
}

/* Strangers get no word about what they send wrongly. */
static int respond_malformed(weir_turn *turn)
{
    weir_note(turn, WEIR_COUNT_MALFORMED);
    if (turn->item->read == WEIR_QUERY_SILENT || !turn->item->is_served)
        return WEIR_SILENT;
    if (check_limit(turn) != WEIR_LIMIT_PASS)
        return WEIR_SILENT;
    unsigned rcode = turn->item->read == WEIR_QUERY_UNKNOWN ? WEIR_NOTIMP : WEIR_FORMERR;
    turn->packet->out_length = weir_answer_error(turn->packet->bytes, turn->packet->out, rcode);
    return WEIR_ANSWERED;
}

/* Our cookie goes with every answer to a query that carries one (RFC 7873 section 5.2). */
static void read_cookie(weir_turn *turn)
{
    const weir_query *query = &turn->item->query;
    if (query->cookie_at == 0)
        return;
    const uint8_t *option = turn->packet->bytes + query->cookie_at;
    uint32_t seconds = (uint32_t)(turn->unix_ms / 1000);
    turn->cookie_state = (uint8_t)weir_cookie_check(&turn->state->cookies, &turn->packet->client, option,
                                                    query->cookie_length, seconds);
    if (turn->cookie_state == WEIR_COOKIE_NONE)
        return;
    if (turn->cookie_state == WEIR_COOKIE_GOOD)
        weir_note(turn, WEIR_COUNT_COOKIES_VERIFIED);
    memcpy(turn->cookie, option, WEIR_COOKIE_CLIENT);
    weir_cookie_make(&turn->state->cookies, &turn->packet->client, option, seconds,
                     turn->cookie + WEIR_COOKIE_CLIENT);
    turn->writer.cookie = turn->cookie;
}

/* An answer that costs its sender another question, this time with proof: by TCP or with our cookie. */
static int slip(weir_turn *turn)
{
    if (turn->writer.cookie != NULL) /* RFC 7873 section 5.2.3 */
        weir_answer_rcode(&turn->writer, WEIR_BADCOOKIE);
    else
        turn->writer.truncated = 1;
    return weir_answered(turn);
}

static int refuse(weir_turn *turn, unsigned rcode)
{
    weir_note(turn, WEIR_COUNT_REFUSED);
    weir_answer_rcode(&turn->writer, (uint16_t)rcode);
    return weir_answered(turn);
}

/* Why a well-formed query is not served at all; WEIR_NOERROR if it is. */
static unsigned refusal(const weir_query *query)
{
    switch (query->qtype) {
    case 0: case WEIR_QTYPE_OPT: case WEIR_QTYPE_TSIG: return WEIR_FORMERR; /* never a question */
    case WEIR_QTYPE_IXFR: case WEIR_QTYPE_AXFR: return WEIR_REFUSED;        /* no zones to give here */
    default: break;
    }
    if (query->qclass != WEIR_QCLASS_IN)
        return WEIR_REFUSED;
    if (query->qtype >= META_TYPES && query->qtype < WEIR_QTYPE_ANY)
        return WEIR_NOTIMP;
    /* What others have asked for is nobody's business (RFC 8932 section 5.1). */
    return query->flags & WEIR_FLAG_RD ? WEIR_NOERROR : WEIR_REFUSED;
}

static int respond_special(weir_turn *turn, int found)
{
    unsigned qtype = turn->item->query.qtype;
    if (found == WEIR_SPECIAL_LOCALHOST && qtype == WEIR_QTYPE_A)
        weir_answer_address(&turn->writer, loopback_ipv4, sizeof loopback_ipv4, WEIR_SPECIAL_TTL);
    else if (found == WEIR_SPECIAL_LOCALHOST && qtype == WEIR_QTYPE_AAAA)
        weir_answer_address(&turn->writer, loopback_ipv6, sizeof loopback_ipv6, WEIR_SPECIAL_TTL);
    else
        weir_answer_negative(&turn->writer, found == WEIR_SPECIAL_NXDOMAIN ? WEIR_NXDOMAIN : WEIR_NOERROR,
                             WEIR_SPECIAL_TTL);
    return weir_answered(turn);
}

static int respond_to_query(weir_turn *turn)
{
    const weir_query *query = &turn->item->query;
    weir_packet *packet = turn->packet;
    weir_answer_begin(&turn->writer, query, packet->out, packet->room, packet->over_tcp,
                      turn->state->udp_payload);
    read_cookie(turn);
    int limit = check_limit(turn);
    if (limit != WEIR_LIMIT_PASS)
        return limit == WEIR_LIMIT_SLIP ? slip(turn) : WEIR_SILENT;
    if (!turn->item->is_served) {
        weir_answer_ede(&turn->writer, WEIR_EDE_PROHIBITED);
        return refuse(turn, WEIR_REFUSED);
    }
    if (query->version > 0) {
        weir_answer_rcode(&turn->writer, WEIR_BADVERS);
        turn->writer.cookie = NULL; /* no version of ours was spoken */
        return weir_answered(turn);
    }
    unsigned rcode = refusal(query);
    if (rcode != WEIR_NOERROR)
        return refuse(turn, rcode);
    if (weir_is_built_in(turn->state, query->name, query->name_length))
        return WEIR_HAND_OVER;
    int special = weir_special(query->name, query->name_length);
    return special != WEIR_SPECIAL_NONE ? respond_special(turn, special) : weir_respond_by_policy(turn);
}

void weir_respond(weir_turn *turn)
{
    weir_packet *packet = turn->packet;
    packet->out_length = packet->nameable = packet->missing = 0;
    packet->again = NULL;
    packet->verdict = packet->bit = WEIR_NO_BIT;
    int outcome = turn->item->read == WEIR_QUERY_READ ? respond_to_query(turn) : respond_malformed(turn);
    if (outcome == WEIR_ANSWERED && turn->is_popular)
        outcome = WEIR_ANSWERED_PREFETCH;
    packet->outcome = (uint8_t)outcome;
    uint64_t mask[WEIR_MASK_WORDS];
    if (spoke(turn, mask)) {
        if (is_logged(turn, mask)) {
            packet->outcome = WEIR_HAND_OVER;
            packet->missing = 0;
        }
        count_hits(turn, mask);
    }
    count(turn);
}
