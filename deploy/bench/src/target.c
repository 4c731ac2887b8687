/* The upstream of every server under test: answers whatever it is asked, at once or after a fixed delay.
 *
 * Build: cc -O2 -std=c11 -D_GNU_SOURCE target.c -o target     Run: target ADDRESS PORT [DELAY_MS]
 * A questions get 198.51.100.7 for an hour; names whose first label begins with `nx-` do not exist; all the
 * rest has no data. UDP alone, one socket, one thread, batches of 64. Prints `ready`.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "clock.h"

#define BATCH 64
#define PACKET_BYTES 512
#define HEADER_BYTES 12
#define SOCKET_BUFFER (4 << 20)
#define WAITING_LIMIT 65536u /* answers that wait for their time; a full ring drops, as a busy server would */
#define RCODE_NXDOMAIN 3
#define TYPE_A 1

static const uint8_t ADDRESS[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 198, 51, 100, 7};
static const uint8_t SOA[] = {0, 0, 6, 0, 1, 0, 0, 0x0e, 0x10, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0,
                              0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10};
static const uint8_t OPT[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};

struct answer {
    int64_t due;
    struct sockaddr_in peer;
    size_t length;
    uint8_t data[PACKET_BYTES + sizeof SOA + sizeof OPT];
};

static size_t append(uint8_t *packet, size_t at, const uint8_t *record, size_t size, int count_at) {
    memcpy(packet + at, record, size);
    packet[count_at] = 0;
    packet[count_at + 1] = 1;
    return at + size;
}

/* Turn a query into its answer in place; the new length, or 0 when it is no query. */
static size_t make_answer(uint8_t *packet, size_t length) {
    size_t at = HEADER_BYTES;
    while (at < length && packet[at] != 0 && packet[at] < 64) {
        at += (size_t)packet[at] + 1;
    }
    if (at + 5 > length || packet[at] != 0 || (packet[2] & 0x80) != 0) {
        return 0;
    }
    unsigned type = (unsigned)packet[at + 1] << 8 | packet[at + 2];
    at += 5;
    bool has_edns = packet[11] != 0 && at + 3 <= length && packet[at] == 0 && packet[at + 2] == OPT[2];
    /* Without regard to case: resolvers that mix it on purpose ask here. */
    bool missing = packet[HEADER_BYTES] >= 3
                   && strncasecmp((const char *)packet + HEADER_BYTES + 1, "nx-", 3) == 0;
    packet[2] = 0x81; /* QR, RD */
    packet[3] = (uint8_t)(0x80 | (missing ? RCODE_NXDOMAIN : 0)); /* RA */
    memset(packet + 6, 0, 6);
    if (type == TYPE_A && !missing) {
        at = append(packet, at, ADDRESS, sizeof ADDRESS, 6);
    } else {
        at = append(packet, at, SOA, sizeof SOA, 8);
    }
    return has_edns ? append(packet, at, OPT, sizeof OPT, 10) : at;
}

static int open_socket(const char *address, const char *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int size = SOCKET_BUFFER, handle = socket(AF_INET, SOCK_DGRAM, 0);
    if (handle < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1
        || bind(handle, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("target");
        exit(1);
    }
    if (setsockopt(handle, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    return handle;
}

struct target {
    int handle;
    int64_t delay;
    struct answer *ring;
    unsigned first, last; /* both grow for ever; the ring holds last - first answers */
};

/* Read up to a batch of queries; the answers wait in the ring. */
static void receive(struct target *target) {
    static struct answer batch[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int n = 0; n < BATCH; n++) {
        parts[n] = (struct iovec){batch[n].data, PACKET_BYTES};
        messages[n].msg_hdr = (struct msghdr){.msg_name = &batch[n].peer, .msg_namelen = sizeof batch[n].peer,
                                              .msg_iov = &parts[n], .msg_iovlen = 1};
    }
    int count = recvmmsg(target->handle, messages, BATCH, MSG_DONTWAIT, NULL);
    int64_t due = clock_now() + target->delay;
    for (int n = 0; n < count; n++) {
        size_t length = messages[n].msg_len;
        length = length >= HEADER_BYTES ? make_answer(batch[n].data, length) : 0;
        if (length != 0 && target->last - target->first < WAITING_LIMIT) {
            batch[n].due = due;
            batch[n].length = length;
            target->ring[target->last++ % WAITING_LIMIT] = batch[n];
        }
    }
}

/* Send the answers whose time has come. */
static void release(struct target *target) {
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    int64_t now = clock_now();
    unsigned count = 0;
    for (; count < BATCH && target->first != target->last; target->first++, count++) {
        struct answer *answer = &target->ring[target->first % WAITING_LIMIT];
        if (answer->due > now) {
            break;
        }
        parts[count] = (struct iovec){answer->data, answer->length};
        messages[count].msg_hdr = (struct msghdr){.msg_name = &answer->peer,
                                                  .msg_namelen = sizeof answer->peer,
                                                  .msg_iov = &parts[count],
                                                  .msg_iovlen = 1};
    }
    for (unsigned sent = 0; sent < count;) {
        int taken = sendmmsg(target->handle, messages + sent, count - sent, 0);
        sent += taken > 0 ? (unsigned)taken : 1;
    }
}

static void serve(struct target *target) {
    for (;;) {
        struct pollfd wait = {target->handle, POLLIN, 0};
        int patience = -1;
        if (target->first != target->last) {
            int64_t left = target->ring[target->first % WAITING_LIMIT].due - clock_now();
            patience = left > 0 ? (int)(left / NS_PER_MS) : 0;
        }
        if (poll(&wait, 1, patience) > 0) {
            receive(target);
        }
        release(target);
    }
}

int main(int count, char **words) {
    if (count != 3 && count != 4) {
        fputs("usage: target ADDRESS PORT [DELAY_MS]\n", stderr);
        return 2;
    }
    struct target target = {.handle = open_socket(words[1], words[2])};
    target.delay = count == 4 ? (int64_t)atoi(words[3]) * NS_PER_MS : 0;
    target.ring = calloc(WAITING_LIMIT, sizeof *target.ring);
    if (target.ring == NULL) {
        perror("target");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    serve(&target);
}
