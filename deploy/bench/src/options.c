/* The command line of the load program, and its manual. */
#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define PORT_LIMIT 1024
#define WINDOW_LIMIT 100000

static const char MANUAL[] =
    "usage: load --server ADDRESS --questions FILE [options]\n"
    "  --server ADDRESS    IPv4 or IPv6 address of the server\n"
    "  --port N            its UDP port (53)\n"
    "  --questions FILE    one question a line: NAME TYPE [EXPECTED]; a first label `*` is fresh each time\n"
    "  --seconds S         how long to send (5)\n"
    "  --rate N            open loop: N queries a second on an exact schedule; without it a closed loop\n"
    "  --window N          closed loop: queries in flight (192)\n"
    "  --ports N           source ports (16)\n"
    "  --sources A,N       source addresses A, A+1, ... A+N-1 (IPv4; they must be local)\n"
    "  --timeout MS        when a query counts as lost (1000)\n"
    "  --once              closed loop: end when every question of the file was sent\n"
    "  --edns              add an OPT record to every query\n"
    "  --seed N            for sources and fresh labels (1)\n"
    "  --slices FILE       open loop: write sent, answered, lost and worst latency per slice of time as CSV\n"
    "  --slice MS          their width (10)\n"
    "prints one JSON object; exit 0: measured, 1: it failed, 2: usage\n";

static _Noreturn void usage(const char *why, const char *what) {
    fprintf(stderr, "load: %s%s\n%s", why, what, MANUAL);
    exit(2);
}

static double number(const char *text, double least, double most) {
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most)) {
        usage("not a number in range: ", text);
    }
    return value;
}

static void read_server(struct options *options, const char *text) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)&options->link.server;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&options->link.server;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        options->link.server_length = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        options->link.server_length = sizeof *v6;
    } else {
        usage("not an address: ", text);
    }
}

static void read_sources(struct options *options, char *text) {
    char *comma = strchr(text, ',');
    struct in_addr base;
    if (comma == NULL) {
        usage("--sources wants ADDRESS,COUNT: ", text);
    }
    *comma = '\0';
    if (inet_pton(AF_INET, text, &base) != 1) {
        usage("not an IPv4 address: ", text);
    }
    options->source_base = ntohl(base.s_addr);
    options->source_count = (uint32_t)number(comma + 1, 1, 1 << 24);
}

enum {
    SERVER, PORT, QUESTIONS, SECONDS, RATE, WINDOW, PORTS, SOURCES, TIMEOUT, EDNS, SEED, SLICES, SLICE, ONCE
};

static const struct option LONG[] = {
    {"server", required_argument, NULL, SERVER},   {"port", required_argument, NULL, PORT},
    {"questions", required_argument, NULL, QUESTIONS}, {"seconds", required_argument, NULL, SECONDS},
    {"rate", required_argument, NULL, RATE},       {"window", required_argument, NULL, WINDOW},
    {"ports", required_argument, NULL, PORTS},     {"sources", required_argument, NULL, SOURCES},
    {"timeout", required_argument, NULL, TIMEOUT}, {"edns", no_argument, NULL, EDNS},
    {"seed", required_argument, NULL, SEED},       {"slices", required_argument, NULL, SLICES},
    {"slice", required_argument, NULL, SLICE},     {"once", no_argument, NULL, ONCE},
    {NULL, 0, NULL, 0},
};

static void read_option(struct options *options, int option, char *value, uint16_t *port) {
    switch (option) {
    case SERVER: read_server(options, value); break;
    case PORT: *port = (uint16_t)number(value, 1, UINT16_MAX); break;
    case QUESTIONS: options->questions = value; break;
    case SECONDS: options->seconds = number(value, 0.01, 86400); break;
    case RATE: options->rate = number(value, 1, 1e8); break;
    case WINDOW: options->window = (unsigned)number(value, 1, WINDOW_LIMIT); break;
    case PORTS: options->link.ports = (unsigned)number(value, 1, PORT_LIMIT); break;
    case SOURCES: read_sources(options, value); break;
    case TIMEOUT: options->timeout = (int64_t)(number(value, 1, 60000) * (double)NS_PER_MS); break;
    case EDNS: options->edns = true; break;
    case ONCE: options->once = true; break;
    case SEED: options->seed = (uint64_t)number(value, 0, 1e15); break;
    case SLICES: options->slices = value; break;
    case SLICE: options->slice_width = (int64_t)(number(value, 1, 10000) * (double)NS_PER_MS); break;
    default: usage("see the manual", "");
    }
}

void options_read(struct options *options, int count, char **words) {
    uint16_t port = 53;
    *options = (struct options){.seconds = 5, .window = 192, .timeout = NS_PER_SECOND,
                                .slice_width = 10 * NS_PER_MS, .seed = 1, .link.ports = 16};
    for (int option; (option = getopt_long(count, words, "", LONG, NULL)) != -1;) {
        read_option(options, option, optarg, &port);
    }
    if (optind != count || options->link.server_length == 0 || options->questions == NULL) {
        usage("--server and --questions are needed", "");
    }
    if (options->source_count != 0 && options->link.server.ss_family != AF_INET) {
        usage("--sources needs an IPv4 server", "");
    }
    if (options->link.server.ss_family == AF_INET) {
        ((struct sockaddr_in *)&options->link.server)->sin_port = htons(port);
    } else {
        ((struct sockaddr_in6 *)&options->link.server)->sin6_port = htons(port);
    }
}
