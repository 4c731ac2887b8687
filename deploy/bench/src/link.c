/* Packets through UDP sockets in batches. Sources other than the system's go along as packet info. */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES 2048
#define SOCKET_BUFFER (4 << 20)
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in_pktinfo))

struct link {
    struct link_options options;
    int *sockets;
    unsigned turn;
    struct mmsghdr in[LINK_BATCH], out[LINK_BATCH];
    struct iovec in_parts[LINK_BATCH], out_parts[LINK_BATCH];
    union {
        uint8_t bytes[CONTROL_BYTES];
        struct cmsghdr aligned;
    } control[LINK_BATCH];
    uint8_t answers[LINK_BATCH][ANSWER_BYTES];
};

void link_fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void prepare(struct link *link) {
    for (unsigned n = 0; n < LINK_BATCH; n++) {
        link->in_parts[n] = (struct iovec){link->answers[n], ANSWER_BYTES};
        link->in[n].msg_hdr = (struct msghdr){.msg_iov = &link->in_parts[n], .msg_iovlen = 1};
        link->out[n].msg_hdr = (struct msghdr){.msg_iov = &link->out_parts[n],
                                               .msg_iovlen = 1,
                                               .msg_name = &link->options.server,
                                               .msg_namelen = link->options.server_length};
        struct cmsghdr *head = &link->control[n].aligned;
        head->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
        head->cmsg_level = IPPROTO_IP;
        head->cmsg_type = IP_PKTINFO;
    }
}

struct link *link_open(const struct link_options *options) {
    struct link *link = calloc(1, sizeof *link);
    int *sockets = calloc(options->ports, sizeof *sockets);
    if (link == NULL || sockets == NULL) {
        link_fail("memory for the sockets");
    }
    link->options = *options;
    link->sockets = sockets;
    prepare(link);
    for (unsigned n = 0; n < options->ports; n++) {
        sockets[n] = socket(options->server.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        int size = SOCKET_BUFFER;
        if (sockets[n] < 0) {
            link_fail("a socket");
        }
        if (setsockopt(sockets[n], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
            setsockopt(sockets[n], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        }
        struct sockaddr_storage any = {.ss_family = options->server.ss_family};
        if (bind(sockets[n], (struct sockaddr *)&any, options->server_length) != 0) {
            link_fail("binding a source port");
        }
    }
    return link;
}

unsigned link_send(struct link *link, unsigned port, const struct outgoing *batch, unsigned count) {
    for (unsigned n = 0; n < count; n++) {
        struct msghdr *message = &link->out[n].msg_hdr;
        link->out_parts[n] = (struct iovec){(void *)batch[n].data, batch[n].length};
        message->msg_control = batch[n].source != 0 ? link->control[n].bytes : NULL;
        message->msg_controllen = batch[n].source != 0 ? CONTROL_BYTES : 0;
        if (batch[n].source != 0) {
            struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(batch[n].source)};
            memcpy(CMSG_DATA(&link->control[n].aligned), &from, sizeof from);
        }
    }
    int sent = sendmmsg(link->sockets[port], link->out, count, 0);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED && errno != EINTR) {
        link_fail("sending");
    }
    return sent < 0 ? 0 : (unsigned)sent;
}

unsigned link_receive(struct link *link, struct incoming *batch) {
    for (unsigned tries = 0; tries < link->options.ports; tries++) {
        unsigned port = link->turn;
        link->turn = (link->turn + 1) % link->options.ports;
        int count = recvmmsg(link->sockets[port], link->in, LINK_BATCH, MSG_DONTWAIT, NULL);
        for (int n = 0; n < count; n++) {
            batch[n] = (struct incoming){link->answers[n], link->in[n].msg_len, port};
        }
        if (count > 0) {
            return (unsigned)count;
        }
    }
    return 0;
}
