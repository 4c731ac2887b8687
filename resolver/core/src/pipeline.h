/* A batch of packets in, what becomes of each out. Everything that is decided per packet is decided here.
 *
 * Stages over the whole batch: parse and hash, prefetch, who, verdict, answer. What cannot be answered
 * from the cache or a template is handed over: Python decides it anew from the packet, so handing over is
 * always right. No allocation, no system call, no lock, no clock. */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include "cache.h"
#include "clamp.h"
#include "cookie.h"
#include "limit.h"
#include "sketch.h"
#include "stats.h"
#include "table.h"
#include "tables.h"
#include "wire.h"

#define WEIR_BATCH 64
#define WEIR_MAX_QUERY 4096 /* no longer query is of use here */
#define WEIR_MAX_UDP 4096   /* no longer answer leaves over UDP */
#define WEIR_MAX_APEXES 1024
#define WEIR_NO_GROUP 255u

/* What the bits of the compiled lists mean (resolver.policy.model.Masks). */
typedef struct {
    uint64_t illegal[4], illegal_orders[4], protected_[4];
    uint64_t actions[4], clients[4]; /* bits of RPZ zones, and those among them that speak about clients */
    uint64_t named[4];         /* bits of lists whose hits are logged by name: Python does that */
    uint64_t secret[4];        /* bits of secret lists whose hits the sketch counts */
    uint8_t has_clients;
    uint8_t action[256];       /* by bit: a weir_action; 0 where the bit is no action */
    uint16_t ede[256];         /* by bit: one more than the EDE code that its list wants; 0: the reason's */
    uint64_t feeds[256][4];    /* by action bit: the bits that plain entries of the same list set */
    uint64_t peers[256][4];   /* by action bit: those of all zones of its kind; of an illegal list its own */
} weir_masks;

/* blocklists.model.Action, as far as the core carries it out. */
enum { WEIR_ACTION_BLOCK, WEIR_ACTION_NXDOMAIN, WEIR_ACTION_NODATA, WEIR_ACTION_DROP, WEIR_ACTION_TCP_ONLY,
       WEIR_ACTION_OTHER, /* local data: Python's */
       WEIR_ACTION_ALLOW, WEIR_ACTION_COUNT };

/* One generation as the core sees it. Immutable; whoever published it frees it when no core uses it any
 * more. */
typedef struct {
    weir_table lists;
    weir_tables tables;
    weir_masks masks;
    uint64_t stale_ms; /* past its TTL by less than this an answer is given where there is no time for a fresh one */
    uint16_t udp_payload;
    uint8_t gateway_ipv4[4], gateway_ipv6[16];
    _Atomic uint64_t *hits; /* by bit, how often its list or zone has spoken; NULL: nobody counts */
    _Atomic uint64_t *day_hits; /* by group, today's queries of which `clamp` counts; NULL: nobody counts */
    weir_clamp *clamp;      /* of the day; other states and threads use it too; there if day_hits is */
    uint8_t day_group[256]; /* by bit the number of its group, or WEIR_NO_GROUP */
    weir_limit_settings limits;
    weir_cookie_secrets cookies;
    uint32_t apex_count; /* built-in zones: names at or below are handed over */
    uint64_t apex_lengths[4]; /* bit n: an apex of n octets is among them */
    struct {
        uint8_t length;
        uint8_t name[255];
    } apex[WEIR_MAX_APEXES];
} weir_state;

/* What becomes of a packet. */
enum {
    WEIR_SILENT,   /* no answer is owed or wise */
    WEIR_ANSWERED, /* `out` holds it */
    WEIR_HAND_OVER,
    WEIR_ANSWERED_PREFETCH /* answered, and its question should be asked upstream again */
};

typedef struct {
    /* in */
    const uint8_t *bytes;
    uint16_t length;
    uint8_t over_tcp;
    weir_client client;
    uint8_t *out; /* room for WEIR_MAX_UDP octets, or 65,535 over TCP */
    uint32_t room;
    /* out */
    uint8_t outcome;
    uint32_t out_length;
    uint8_t verdict; /* for the tap: a weir_count of stats.h (BLOCKED_...), or 255 */
    uint8_t bit;     /* the list or category bit that spoke, or 255 */
    uint8_t nameable; /* 1 only if no list at all speaks about the name or what it leads to, and the policy allowed it
                       * by the default step; 0 for all else (the tap's rule, tap.h) */
    uint8_t missing;  /* handed over only because the cache has no fresh answer to its question */
    /* Of WEIR_ANSWERED_PREFETCH: the wire name to ask for again instead of the query's own of `asked_length`
     * octets (safe search); NULL: that one. It lies in the state. */
    const uint8_t *again;
    uint16_t again_length, asked_length;
} weir_packet;

/* What the stages know of one packet of a batch. */
typedef struct {
    weir_query query;
    weir_probe probe;
    weir_policy policy;
    uint64_t bits[WEIR_MASK_WORDS]; /* what the lists say of the name */
    uint32_t policy_number;
    uint64_t cache_hash; /* of the question as it was asked; only if the name is not listed */
    uint8_t wants_answer; /* its page is on its way from the cache, and the answer is next */
    uint8_t read;        /* a WEIR_QUERY_... */
    uint8_t is_served;   /* the client has a policy */
    uint8_t is_listed;   /* some bit is set */
} weir_item;

typedef struct {
    weir_cache *cache;     /* NULL: none */
    weir_stats *stats;     /* NULL: nothing is counted */
    weir_limiter *limiter; /* NULL: none */
    weir_sketch *sketch;   /* NULL: none; other threads use it too */
    uint8_t peeks;         /* a question that was counted and limited is looked at again: neither is done twice */
    uint8_t gives_stale;   /* nobody has time to ask for a fresh answer */
    weir_cache_copy copy;
    weir_item item[WEIR_BATCH]; /* too much for the stack of a small thread */
} weir_core;

/* Tell the state of its built-in zones: a lower-case wire name. 0 if there is no more room, or it is the
 * root. */
int weir_state_add_apex(weir_state *state, const uint8_t *name, size_t length);

/* `now_ms` is the machine's monotonic clock, `unix_ms` the time of day. At most WEIR_BATCH packets. */
void weir_pipeline_run(weir_core *core, const weir_state *state, weir_packet *packets, unsigned count,
                       uint64_t now_ms, uint64_t unix_ms);

#endif
