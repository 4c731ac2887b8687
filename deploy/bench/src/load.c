/* The benchmark's load generator: DNS queries from a file over UDP, and what became of them as JSON.
 *
 * Build:  cc -O2 -std=c11 -D_GNU_SOURCE load.c options.c questions.c flight.c link.c -o load
 * Closed: load --server 127.0.0.1 --port 5300 --questions names.txt --seconds 5 --window 192
 * Open:   load --server 127.0.0.1 --port 5300 --questions names.txt --seconds 5 --rate 20000 --slices out.csv
 *
 * The closed loop keeps `window` queries in flight: it finds the most that a server can do. The open loop
 * sends on an exact schedule whatever the server does. Latency counts from when a query was due, so that
 * a server that stalls pays for every query that would have been sent meanwhile: no coordinated omission.
 * All options: options.c. One thread; it spins, so give it a CPU of its own. SIGTERM ends the sending early, with
 * results.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "flight.h"
#include "options.h"

#define EXPIRE_EVERY (10 * NS_PER_MS)
#define BURST_LIMIT 8 /* batches sent before answers are read again */

struct load {
    struct options options;
    struct questions questions;
    struct flight flight;
    struct link *link;
    struct outgoing batch[LINK_BATCH];
    struct incoming answers[LINK_BATCH];
    uint64_t number, random;
    unsigned port;
    int64_t start, end, expired, late, waited; /* ns */
};

static volatile sig_atomic_t is_told_to_end;

static void end_early(int signal) {
    (void)signal;
    is_told_to_end = 1;
}

static uint32_t next_source(struct load *load) {
    if (load->options.source_count == 0) {
        return 0;
    }
    /* xorshift64: any spread over the addresses will do, but it must cost nothing. */
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->options.source_base + (uint32_t)((load->random >> 32) * load->options.source_count >> 32);
}

/* The next `count` questions from one port, the first due at `due`, each `gap` later; how many were taken. */
static unsigned send_questions(struct load *load, unsigned count, double due, double gap) {
    unsigned port = load->port;
    load->port = (port + 1) % load->options.link.ports;
    if (!flight_room(&load->flight, port, count, clock_now())) {
        return 0;
    }
    for (unsigned n = 0; n < count; n++) {
        uint32_t at = (uint32_t)(load->number % load->questions.count);
        uint16_t id = flight_add(&load->flight, port, at, (int64_t)(due + gap * n));
        struct outgoing *out = &load->batch[n];
        out->length = questions_packet(&load->questions, &load->questions.list[at], id,
                                       load->number + (load->options.seed << 40), out->data);
        out->source = next_source(load);
        load->number++;
    }
    /* What the link does not take stays in the book: it becomes a loss, and is visible as one. */
    return link_send(load->link, port, load->batch, count);
}

/* Read what has come; how many. */
static unsigned collect(struct load *load) {
    unsigned total = 0, count;
    do {
        count = link_receive(load->link, load->answers);
        int64_t now = clock_now();
        for (unsigned n = 0; n < count; n++) {
            flight_land(&load->flight, &load->answers[n], now);
        }
        total += count;
    } while (count == LINK_BATCH);
    int64_t now = clock_now();
    if (now - load->expired > EXPIRE_EVERY) {
        flight_expire(&load->flight, now, false);
        load->expired = now;
    }
    return total;
}

static void run_closed(struct load *load) {
    uint64_t last = load->options.once ? load->questions.count : UINT64_MAX;
    for (int64_t now = load->start; now < load->end && load->number < last && !is_told_to_end; now = clock_now()) {
        if (collect(load) == 0) {
            sched_yield(); /* whoever shares this CPU, an upstream for example, is what we wait for */
            load->waited += clock_now() - now;
        }
        while (load->flight.outstanding < load->options.window) {
            uint64_t room = load->options.window - load->flight.outstanding;
            unsigned count = room < LINK_BATCH ? (unsigned)room : LINK_BATCH;
            if (send_questions(load, count, (double)clock_now(), 0) < count) {
                break;
            }
        }
    }
}

static void run_open(struct load *load) {
    double gap = (double)NS_PER_SECOND / load->options.rate, due = (double)load->start;
    while (due < (double)load->end && !is_told_to_end) {
        int64_t now = clock_now();
        unsigned taken = 0;
        load->late = now - (int64_t)due > load->late ? now - (int64_t)due : load->late;
        double until = (double)(now < load->end ? now : load->end);
        for (unsigned burst = 0; burst < BURST_LIMIT && due <= until; burst++) {
            double waiting = ((double)now - due) / gap + 1;
            unsigned count = waiting < LINK_BATCH ? (unsigned)waiting : LINK_BATCH;
            send_questions(load, count, due, gap);
            due += gap * count;
            taken += count;
        }
        if (collect(load) + taken == 0) {
            load->waited += clock_now() - now;
        }
    }
}

/* Answers that are still under way get the timeout's time to arrive; then the rest is lost. */
static void wait_for_the_rest(struct load *load) {
    int64_t end = clock_now() + load->options.timeout;
    while (load->flight.outstanding > 0 && clock_now() < end) {
        collect(load);
    }
    flight_expire(&load->flight, clock_now(), true);
}

static void print_latency(const struct histogram *latency) {
    static const struct {
        const char *name;
        double share;
    } shares[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
    printf("\"latency_us\": {\"mean\": %.2f, ",
           latency->total == 0 ? 0.0 : (double)latency->sum / (double)latency->total / 1e3);
    for (size_t n = 0; n < sizeof shares / sizeof *shares; n++) {
        double value = (double)histogram_percentile(latency, shares[n].share);
        printf("\"%s\": %.2f, ", shares[n].name, value / 1e3);
    }
    printf("\"max\": %.2f}", (double)latency->largest / 1e3);
}

static void print_result(const struct load *load, int64_t elapsed, uint64_t answered_in_time, int64_t cpu) {
    const struct flight *flight = &load->flight;
    printf("{\"loop\": \"%s\", \"seconds\": %.6f, \"sent\": %llu, \"answered\": %llu, \"lost\": %llu, "
           "\"wrong\": %llu, \"stray\": %llu, \"rate\": %.1f, \"generator_cpu_us\": %.3f, "
           "\"late_us\": %.1f, \"spare\": %.4f, ",
           load->options.rate > 0 ? "open" : "closed", (double)elapsed / 1e9,
           (unsigned long long)flight->sent, (unsigned long long)flight->answered,
           (unsigned long long)flight->lost, (unsigned long long)flight->wrong,
           (unsigned long long)flight->stray,
           (double)answered_in_time * 1e9 / (double)elapsed,
           flight->sent == 0 ? 0.0 : (double)cpu / (double)flight->sent / 1e3, (double)load->late / 1e3,
           (double)load->waited / (double)elapsed);
    print_latency(&flight->latency);
    printf(", \"rcodes\": {");
    for (int code = 0, printed = 0; code < FLIGHT_RCODES; code++) {
        if (flight->rcodes[code] != 0) {
            printf("%s\"%d\": %llu", printed++ ? ", " : "", code, (unsigned long long)flight->rcodes[code]);
        }
    }
    puts("}}");
}

static void write_slices(const struct load *load) {
    FILE *file = fopen(load->options.slices, "w");
    if (file == NULL) {
        link_fail(load->options.slices);
    }
    fputs("ms,sent,answered,lost,worst_us\n", file);
    const struct flight *flight = &load->flight;
    for (unsigned n = 0; n < flight->bucket_count; n++) {
        const struct bucket *bucket = &flight->buckets[n];
        fprintf(file, "%lld,%u,%u,%u,%.1f\n", (long long)(n * flight->bucket_width / NS_PER_MS), bucket->sent,
                bucket->answered, bucket->lost, (double)bucket->worst / 1e3);
    }
    if (fclose(file) != 0) {
        link_fail(load->options.slices);
    }
}

int main(int count, char **words) {
    static struct load space;
    struct load *load = &space;
    options_read(&load->options, count, words);
    questions_read(&load->questions, load->options.questions, load->options.edns);
    load->link = link_open(&load->options.link);
    flight_open(&load->flight, &load->questions, load->options.link.ports, load->options.timeout);
    load->random = load->options.seed * 2 + 1;
    signal(SIGTERM, end_early);
    int64_t cpu = clock_cpu();
    load->start = load->expired = clock_now();
    load->end = load->start + (int64_t)(load->options.seconds * (double)NS_PER_SECOND);
    if (load->options.slices != NULL) {
        int64_t width = load->options.slice_width;
        unsigned slices = (unsigned)((load->end - load->start + width - 1) / width);
        flight_slice(&load->flight, load->start, width, slices);
    }
    if (load->options.rate > 0) {
        run_open(load);
    } else {
        run_closed(load);
    }
    int64_t elapsed = clock_now() - load->start;
    cpu = clock_cpu() - cpu;
    uint64_t answered = load->flight.answered;
    wait_for_the_rest(load);
    print_result(load, elapsed, answered, cpu);
    if (load->options.slices != NULL) {
        write_slices(load);
    }
    return 0;
}
