/* The serving thread's loop, and how it is started, told of new states, and ended. */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handover.h"
#include "shed.h"

#define BUSY 8u          /* packets in a batch from which on the next one is fetched without asking poll */
#define LAST_BATCHES 1000u /* read at the end at most: under a flood the end must come all the same */
#define EXPIRE_STEP 64u  /* places looked at per turn */
#define TIDY_MS 250      /* the longest sleep while queries wait for answers: some may have to be given up */
#define ERROR_PAUSE_MS 1 /* a socket that fails for ever must not take the CPU */

enum { RUNNING, FINISHING, STOPPING };

/* One use of a state and a cache; a pointer to it is what the thread takes. */
typedef struct use {
    const weir_state *state;
    weir_cache *cache;
    uint64_t number;
    struct use *older;
} use;

struct weir_engine {
    weir_handover handover;
    weir_source *source;
    weir_core *core;
    weir_tap *tap;
    int cpu;
    pthread_t thread;
    /* The controlling thread's own. */
    int is_running;
    use *uses;
    /* Shared. */
    _Atomic(use *) wanted;
    _Atomic uint64_t passed;
    _Atomic int phase, has_read_all;
    /* The serving thread's own. */
    const use *current;
    unsigned last_batches;
    uint64_t now_us;
    weir_packet packets[WEIR_BATCH];
    weir_origin origins[WEIR_BATCH];
};

weir_handover *weir_engine_handover(weir_engine *engine)
{
    return &engine->handover;
}

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void take_state(weir_engine *engine)
{
    /* acquire: the state's content was written before it was offered */
    const use *wanted = atomic_load_explicit(&engine->wanted, memory_order_acquire);
    if (wanted == engine->current)
        return;
    engine->current = wanted;
    engine->core->cache = wanted->cache;
    /* release: our last look at the older state comes before anybody can see that it was passed */
    atomic_store_explicit(&engine->passed, wanted->number, memory_order_release);
}

static void count_many(weir_engine *engine, unsigned counter, uint64_t amount)
{
    if (amount)
        weir_add(&engine->core->stats->counter[counter], amount);
}

static void note_returned(weir_engine *engine, const weir_packet *packet, uint64_t unix_ms, const weir_returned *returned)
{
    uint64_t took = engine->now_us - returned->received_us;
    if (returned->is_late) {
        weir_count(engine->core->stats, WEIR_COUNT_LATE_REPLIES);
        return;
    }
    if (packet->outcome == WEIR_ANSWERED)
        weir_stats_latency(engine->core->stats, WEIR_PATH_HANDED_OVER, took, 1);
    if (engine->tap)
        weir_tap_note(engine->tap, packet, unix_ms, WEIR_PATH_HANDED_OVER, took);
}

/* Send up to a batch of answers that came back; returns their number. */
static unsigned send_returned(weir_engine *engine)
{
    weir_returned returned[WEIR_BATCH];
    unsigned count = 0;
    while (count < WEIR_BATCH &&
           weir_take_back(&engine->handover, &engine->packets[count], &engine->origins[count], &returned[count]))
        count++;
    if (!count)
        return 0;
    unsigned lost = engine->source->send(engine->source, engine->packets, engine->origins, count);
    uint64_t unix_ms = clock_us(CLOCK_REALTIME) / 1000;
    engine->now_us = clock_us(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++)
        note_returned(engine, &engine->packets[i], unix_ms, &returned[i]);
    weir_taken_back(&engine->handover); /* only now: the answers lie in the ring's memory */
    count_many(engine, WEIR_COUNT_UDP_ERRORS, lost);
    return count;
}

/* Pass on what the pipeline left to others; what finds no room is answered here. */
static void hand_over(weir_engine *engine, unsigned count, uint64_t unix_ms)
{
    unsigned passed_on = 0;
    for (unsigned i = 0; i < count; i++) {
        weir_packet *packet = &engine->packets[i];
        if (packet->outcome == WEIR_ANSWERED_PREFETCH) {
            weir_hint_prefetch(&engine->handover, packet, engine->now_us);
            passed_on++;
        } else if (packet->outcome == WEIR_HAND_OVER) {
            if (weir_hand_over(&engine->handover, packet, &engine->origins[i], engine->now_us))
                passed_on++;
            else
                weir_shed(engine->core, engine->current->state, packet, engine->now_us / 1000, unix_ms);
        }
    }
    if (passed_on)
        weir_handover_publish(&engine->handover);
}

/* What was answered at once took from its batch's receipt to the end of its sending. */
static void note_batch(weir_engine *engine, unsigned count, uint64_t unix_ms, unsigned lost)
{
    uint64_t started = engine->now_us, answered = 0;
    engine->now_us = clock_us(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++) {
        const weir_packet *packet = &engine->packets[i];
        answered += (unsigned)weir_has_answer(packet);
        if (engine->tap && packet->outcome != WEIR_HAND_OVER)
            weir_tap_note(engine->tap, packet, unix_ms, WEIR_PATH_CORE, engine->now_us - started);
    }
    if (answered)
        weir_stats_latency(engine->core->stats, WEIR_PATH_CORE, engine->now_us - started, answered);
    weir_count(engine->core->stats, WEIR_COUNT_BATCHES);
    count_many(engine, WEIR_COUNT_UDP_ERRORS, lost);
}

/* Receive, decide, send; returns the number of packets. */
static unsigned serve_batch(weir_engine *engine)
{
    weir_source *source = engine->source;
    unsigned count = source->receive(source, engine->packets, engine->origins, WEIR_BATCH);
    if (!count)
        return 0;
    engine->now_us = clock_us(CLOCK_MONOTONIC);
    uint64_t unix_ms = clock_us(CLOCK_REALTIME) / 1000;
    weir_pipeline_run(engine->core, engine->current->state, engine->packets, count, engine->now_us / 1000, unix_ms);
    hand_over(engine, count, unix_ms);
    note_batch(engine, count, unix_ms, source->send(source, engine->packets, engine->origins, count));
    return count;
}

static void read_last(weir_engine *engine, unsigned received)
{
    if (received && ++engine->last_batches < LAST_BATCHES)
        return;
    /* release: what was handed over is counted in `in_hand` before anybody reads this */
    atomic_store_explicit(&engine->has_read_all, 1, memory_order_release);
}

static int has_read_all(const weir_engine *engine)
{
    return atomic_load_explicit(&engine->has_read_all, memory_order_acquire);
}

int weir_engine_is_idle(const weir_engine *engine)
{
    return has_read_all(engine) && !weir_engine_in_hand(engine);
}

/* Whether something has come since the bell was armed. */
static int has_work(weir_engine *engine)
{
    /* relaxed: the bell's fence orders these looks against the other side's stores */
    int phase = atomic_load_explicit(&engine->phase, memory_order_relaxed);
    return !weir_ring_is_empty(&engine->handover.answers) ||
           atomic_load_explicit(&engine->wanted, memory_order_relaxed) != engine->current || phase == STOPPING ||
           (phase == FINISHING && !has_read_all(engine));
}

/* Sleep until there is something to do. */
static void wait_for_work(weir_engine *engine)
{
    weir_handover *handover = &engine->handover;
    int descriptor = has_read_all(engine) ? -1 : engine->source->descriptor(engine->source);
    int timeout = handover->places.in_use ? TIDY_MS : -1;
    if (engine->source->receive_errors || (descriptor < 0 && !has_read_all(engine))) {
        descriptor = -1; /* a source that fails, or that can only be asked */
        timeout = ERROR_PAUSE_MS;
    }
    count_many(engine, WEIR_COUNT_UDP_ERRORS, engine->source->receive_errors);
    engine->source->receive_errors = 0;
    struct pollfd wanted[2] = {{handover->thread.descriptor, POLLIN, 0}, {descriptor, POLLIN, 0}};
    weir_bell_arm(&handover->thread);
    if (!has_work(engine) && poll(wanted, 2, timeout) > 0 && wanted[0].revents)
        weir_bell_clear(&handover->thread);
    weir_bell_disarm(&handover->thread);
}

static void tidy(weir_engine *engine)
{
    weir_handover *handover = &engine->handover;
    if (handover->places.in_use &&
        weir_places_expire(&handover->places, EXPIRE_STEP, engine->now_us, handover->max_age_us))
        weir_handover_publish(handover);
}

/* One turn; 0 when it was the last. */
static int turn(weir_engine *engine)
{
    /* acquire: the answers that the loop gave before it asked for the end are seen by the look below */
    int phase = atomic_load_explicit(&engine->phase, memory_order_acquire);
    take_state(engine);
    unsigned received = 0, returned = send_returned(engine);
    if (phase == STOPPING)
        return returned != 0;
    if (!has_read_all(engine)) {
        received = serve_batch(engine);
        if (phase == FINISHING)
            read_last(engine, received);
    }
    tidy(engine);
    if (phase == FINISHING && weir_engine_is_idle(engine))
        weir_bell_ring(&engine->handover.loop);
    if (received < BUSY && !returned) {
        wait_for_work(engine);
        if (engine->handover.places.in_use)
            engine->now_us = clock_us(CLOCK_MONOTONIC);
    }
    return 1;
}

static void *serve(void *argument)
{
    weir_engine *engine = argument;
    pthread_setname_np(pthread_self(), "weir-core");
    if (engine->cpu >= 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(engine->cpu, &cpus);
        (void)pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus); /* forbidden: it runs anywhere */
    }
    while (turn(engine))
        continue;
    return NULL;
}

weir_engine *weir_engine_open(const weir_engine_settings *settings)
{
    size_t size = (sizeof(weir_engine) + WEIR_CACHE_LINE - 1) / WEIR_CACHE_LINE * WEIR_CACHE_LINE;
    weir_engine *engine = aligned_alloc(WEIR_CACHE_LINE, size);
    if (!engine)
        return NULL;
    memset(engine, 0, size);
    if (settings->cpu >= CPU_SETSIZE || weir_handover_open(&engine->handover, settings)) {
        free(engine);
        return NULL;
    }
    engine->source = settings->source;
    engine->core = settings->core;
    engine->tap = settings->tap;
    engine->cpu = settings->cpu;
    return engine;
}

int weir_engine_start(weir_engine *engine, const weir_state *state, weir_cache *cache)
{
    sigset_t all, before;
    if (!weir_engine_use(engine, state, cache))
        return ENOMEM;
    take_state(engine);
    /* Signals are the event loop's: a thread inherits the mask of the one that makes it. */
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&engine->thread, NULL, serve, engine);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    engine->is_running = !failed;
    return failed;
}

uint64_t weir_engine_passed(const weir_engine *engine)
{
    /* acquire: pairs with take_state; the thread's looks at older states are over */
    return atomic_load_explicit(&engine->passed, memory_order_acquire);
}

static void free_uses(use *one)
{
    while (one) {
        use *older = one->older;
        free(one);
        one = older;
    }
}

/* Free the records of uses that the thread has passed. */
static void forget_passed(weir_engine *engine)
{
    uint64_t passed = weir_engine_passed(engine);
    for (use *one = engine->uses; one; one = one->older) {
        if (one->number > passed)
            continue;
        free_uses(one->older); /* `one` itself is in use */
        one->older = NULL;
        return;
    }
}

uint64_t weir_engine_use(weir_engine *engine, const weir_state *state, weir_cache *cache)
{
    use *next = malloc(sizeof *next);
    if (!next)
        return 0;
    *next = (use){state, cache, engine->uses ? engine->uses->number + 1 : 1, engine->uses};
    engine->uses = next;
    /* release: the state and this record are whole before the thread sees the pointer */
    atomic_store_explicit(&engine->wanted, next, memory_order_release);
    weir_bell_ring(&engine->handover.thread);
    forget_passed(engine);
    return next->number;
}

static void set_phase(weir_engine *engine, int phase)
{
    /* release: see turn */
    atomic_store_explicit(&engine->phase, phase, memory_order_release);
    weir_bell_ring(&engine->handover.thread);
}

void weir_engine_finish(weir_engine *engine)
{
    /* relaxed: only this thread writes it */
    if (atomic_load_explicit(&engine->phase, memory_order_relaxed) == RUNNING)
        set_phase(engine, FINISHING);
}

uint32_t weir_engine_in_hand(const weir_engine *engine)
{
    /* relaxed: a number; whoever waits for 0 has read `has_read_all` with acquire before */
    return atomic_load_explicit(&engine->handover.in_hand, memory_order_relaxed);
}

void weir_engine_stop(weir_engine *engine)
{
    if (!engine->is_running)
        return;
    weir_engine_flush(engine);
    set_phase(engine, STOPPING);
    pthread_join(engine->thread, NULL);
    engine->is_running = 0;
}

void weir_engine_close(weir_engine *engine)
{
    weir_engine_stop(engine);
    engine->source->close(engine->source);
    weir_handover_close(&engine->handover);
    free_uses(engine->uses);
    free(engine);
}
