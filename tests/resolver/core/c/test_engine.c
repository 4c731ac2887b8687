/* The serving thread over a memory source, with a pipeline that does as the packet's first octet says: 'a'
 * answered, 'h' handed over, 'p' answered with a hint to prefetch, all else silent. An answer is the number
 * of the state that it was given under. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "engine.h"
#include "memory.h"

#define LIMIT_MS 20000 /* for anything to happen */

/* What the test sends and hears. `sent` is the number of packets that the source will have given. */
typedef struct {
    _Atomic unsigned sent;
    unsigned given, size;
    const char *kinds; /* first octets, in turn */
    weir_client client;
    _Atomic unsigned answered, failed, last_state, went_back;
} traffic;

static weir_core core;
static weir_stats stats;

void weir_pipeline_run(weir_core *with, const weir_state *state, weir_packet *packets, unsigned count, uint64_t now_ms,
                       uint64_t unix_ms)
{
    for (unsigned i = 0; i < count; i++) {
        weir_packet *packet = &packets[i];
        packet->outcome = WEIR_SILENT;
        if (packet->bytes[0] == 'h')
            packet->outcome = WEIR_HAND_OVER;
        if (packet->bytes[0] == 'a' || packet->bytes[0] == 'p') {
            memcpy(packet->out, &state->udp_payload, sizeof state->udp_payload);
            packet->out_length = sizeof state->udp_payload;
            packet->outcome = packet->bytes[0] == 'a' ? WEIR_ANSWERED : WEIR_ANSWERED_PREFETCH;
        }
    }
}

/* A query for the root's address, so that it can be shed; its id is its first octets. */
static int next(void *context, uint8_t *bytes, weir_client *client, uint64_t *number)
{
    static const uint8_t query[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
    traffic *from = context;
    if (from->given == atomic_load(&from->sent))
        return -1;
    *number = from->given;
    *client = from->client;
    memcpy(bytes, query, sizeof query);
    bytes[0] = (uint8_t)from->kinds[from->given % strlen(from->kinds)];
    from->given++;
    return (int)sizeof query;
}

static void sent(void *context, uint64_t number, const uint8_t *bytes, uint32_t length)
{
    traffic *to = context;
    uint16_t state;
    CHECK(number < to->given);
    if (length != sizeof state) { /* shed: header and question */
        CHECK((bytes[3] & 0x0f) == 2); /* SERVFAIL */
        atomic_fetch_add(&to->failed, 1);
        return;
    }
    memcpy(&state, bytes, sizeof state);
    if (state < atomic_load(&to->last_state))
        atomic_fetch_add(&to->went_back, 1);
    atomic_store(&to->last_state, state);
    atomic_fetch_add(&to->answered, 1);
}

static weir_engine *engine_for(traffic *between, uint32_t places, uint32_t backlog, uint32_t max_age_ms)
{
    weir_memory_ends ends = {between, next, sent, -1};
    memset(&stats, 0, sizeof stats);
    core.stats = &stats;
    weir_engine_settings settings = {weir_memory_open(&ends), &core, NULL, places, backlog, max_age_ms, -1, 42};
    CHECK(settings.source);
    weir_engine *engine = weir_engine_open(&settings);
    CHECK(engine);
    return engine;
}

static weir_state *state_of(uint16_t number)
{
    weir_state *state = calloc(1, sizeof *state);
    CHECK(state);
    state->udp_payload = number;
    return state;
}

static uint64_t counted(unsigned counter)
{
    return atomic_load_explicit(&stats.counter[counter], memory_order_relaxed);
}

static void wait_until_idle(weir_engine *engine)
{
    struct pollfd wanted = {weir_engine_descriptor(engine), POLLIN, 0};
    weir_engine_finish(engine);
    while (!weir_engine_is_idle(engine)) {
        CHECK(poll(&wanted, 1, LIMIT_MS) > 0);
        weir_engine_heard(engine);
        CHECK(weir_engine_taken(engine));
    }
}

/* Take all that waits; every query gets `answer`. Returns the number of those who wait for one. */
static unsigned answer_all(weir_engine *engine, const uint16_t *answer)
{
    weir_handed_over query;
    unsigned count = 0;
    do {
        while (weir_engine_next(engine, &query)) {
            CHECK(query.length == 17 && (query.bytes[0] == 'h') == (query.token != 0));
            if (!query.token)
                continue;
            CHECK(weir_engine_reply(engine, query.token, (const uint8_t *)answer, answer ? sizeof *answer : 0));
            count++;
        }
        weir_engine_flush(engine);
    } while (!weir_engine_taken(engine));
    return count;
}

static void what_is_handed_over_comes_back(void)
{
    traffic between = {.kinds = "ahsph", .client = {{10, 1, 2, 3}, 4, 0}};
    weir_engine *engine = engine_for(&between, 2000, 2000, LIMIT_MS);
    weir_state *state = state_of(1);
    const uint16_t one = 1;
    unsigned handed = 0;
    struct pollfd wanted = {weir_engine_descriptor(engine), POLLIN, 0};
    CHECK(weir_engine_start(engine, state, NULL) == 0);
    for (unsigned round = 0; round < 50; round++) {
        atomic_fetch_add(&between.sent, 50);
        while (handed < 20 * (round + 1)) {
            CHECK(poll(&wanted, 1, LIMIT_MS) > 0);
            weir_engine_heard(engine);
            handed += answer_all(engine, round % 2 ? &one : NULL);
        }
        CHECK(handed == 20 * (round + 1));
    }
    wait_until_idle(engine);
    weir_engine_stop(engine);
    CHECK(weir_engine_in_hand(engine) == 0);
    CHECK(between.answered == 50 * 20 + 25 * 20); /* every second round was left in silence */
    CHECK(!between.failed && !counted(WEIR_COUNT_SHED) && !counted(WEIR_COUNT_LATE_REPLIES));
    weir_engine_close(engine);
    free(state);
}

static void a_full_ring_sheds_and_all_the_rest_is_answered(void)
{
    traffic between = {.kinds = "h", .sent = 1000, .client = {{10, 1, 2, 3}, 4, 0}};
    weir_engine *engine = engine_for(&between, 300, 200, LIMIT_MS);
    weir_state *state = state_of(1);
    const uint16_t one = 1;
    CHECK(weir_engine_start(engine, state, NULL) == 0);
    weir_engine_finish(engine);
    struct pollfd wanted = {weir_engine_descriptor(engine), POLLIN, 0};
    unsigned answered = 0;
    while (!weir_engine_is_idle(engine)) {
        CHECK(poll(&wanted, 1, LIMIT_MS) > 0);
        weir_engine_heard(engine);
        answered += answer_all(engine, &one);
    }
    weir_engine_stop(engine);
    CHECK(between.answered == answered && between.failed == 1000 - answered);
    CHECK(counted(WEIR_COUNT_SHED) == between.failed);
    weir_engine_close(engine);
    free(state);
}

/* Nobody takes anything: half of the backlog goes to one neighbourhood, and no more. */
static void a_flood_from_one_neighbourhood_leaves_room(void)
{
    traffic between = {.kinds = "h", .sent = 1000, .client = {{10, 1, 2, 3}, 4, 0}};
    weir_engine *engine = engine_for(&between, 800, 400, LIMIT_MS);
    weir_state *state = state_of(1);
    CHECK(weir_engine_start(engine, state, NULL) == 0);
    weir_engine_finish(engine);
    while (counted(WEIR_COUNT_SHED) < 800)
        poll(NULL, 0, 1);
    CHECK(weir_engine_in_hand(engine) == 200);
    weir_engine_close(engine);
    CHECK(counted(WEIR_COUNT_SHED) == 800 && between.failed == 800);
    free(state);
}

static void late_and_forged_answers_are_refused(void)
{
    traffic between = {.kinds = "h", .sent = 1, .client = {{10, 1, 2, 3}, 4, 0}};
    weir_engine *engine = engine_for(&between, 4, 4, 0);
    weir_state *state = state_of(1);
    weir_handed_over query;
    const uint16_t one = 1;
    CHECK(weir_engine_start(engine, state, NULL) == 0);
    while (!weir_engine_next(engine, &query))
        poll(NULL, 0, 1);
    while (weir_engine_in_hand(engine)) /* its time is over at once */
        poll(NULL, 0, 1);
    CHECK(weir_engine_reply(engine, query.token, (const uint8_t *)&one, sizeof one));
    CHECK(weir_engine_reply(engine, query.token + 1, (const uint8_t *)&one, sizeof one));
    CHECK(weir_engine_reply(engine, UINT64_MAX, (const uint8_t *)&one, sizeof one));
    weir_engine_stop(engine);
    CHECK(counted(WEIR_COUNT_LATE_REPLIES) == 3 && !between.answered);
    weir_engine_close(engine);
    free(state);
}

#define SWAPS 3000u

/* The state is freed as soon as the engine says that it has passed it: the sanitizers see any later look. */
static void swaps_under_load_lose_nothing(void)
{
    traffic between = {.kinds = "a", .client = {{10, 1, 2, 3}, 4, 0}};
    weir_engine *engine = engine_for(&between, 16, 16, LIMIT_MS);
    weir_state *states[SWAPS + 1];
    unsigned freed = 0;
    states[0] = state_of(1);
    CHECK(weir_engine_start(engine, states[0], NULL) == 0);
    for (uint16_t number = 2; number <= SWAPS; number++) {
        atomic_fetch_add(&between.sent, 20);
        states[number - 1] = state_of(number);
        CHECK(weir_engine_use(engine, states[number - 1], NULL) == number);
        for (uint64_t passed = weir_engine_passed(engine); freed + 1 < passed; freed++)
            free(states[freed]);
    }
    wait_until_idle(engine);
    weir_engine_stop(engine);
    CHECK(between.answered == 20 * (SWAPS - 1) && !between.went_back);
    CHECK(weir_engine_passed(engine) == SWAPS && between.last_state <= SWAPS);
    for (; freed < SWAPS; freed++)
        free(states[freed]);
    weir_engine_close(engine);
}

static void settings_out_of_bounds(void)
{
    weir_engine_settings settings = {NULL, &core, NULL, 0, 16, 1, -1, 1};
    CHECK(!weir_engine_open(&settings));
    settings.places = 16;
    settings.backlog = 0;
    CHECK(!weir_engine_open(&settings));
    settings.backlog = 1u << 20;
    CHECK(!weir_engine_open(&settings));
}

int main(void)
{
    settings_out_of_bounds();
    what_is_handed_over_comes_back();
    a_full_ring_sheds_and_all_the_rest_is_answered();
    a_flood_from_one_neighbourhood_leaves_room();
    late_and_forged_answers_are_refused();
    swaps_under_load_lose_nothing();
    puts("engine: all holds");
    return 0;
}
