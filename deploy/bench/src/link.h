/* How the load program's packets travel: through UDP sockets, one per source port, numbered from 0.
 *
 * What is received stays valid until the next receive.
 */
#ifndef WEIR_BENCH_LINK_H
#define WEIR_BENCH_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "questions.h"

#define LINK_BATCH 64

struct outgoing {
    uint8_t data[QUESTION_BYTES];
    uint16_t length;
    uint32_t source; /* IPv4 address in host order; 0: whichever the system takes */
};

struct incoming {
    const uint8_t *data;
    size_t length;
    unsigned port;
};

struct link_options {
    struct sockaddr_storage server;
    socklen_t server_length;
    unsigned ports;
};

struct link;

/* Open the sockets; ends the program when that fails. */
struct link *link_open(const struct link_options *options);

/* Send up to LINK_BATCH packets from one port; how many were taken. */
unsigned link_send(struct link *link, unsigned port, const struct outgoing *batch, unsigned count);

/* Fill up to LINK_BATCH; 0 when nothing is there. */
unsigned link_receive(struct link *link, struct incoming *batch);

/* End the program with what failed and errno's reason. */
void link_fail(const char *what);

#endif
