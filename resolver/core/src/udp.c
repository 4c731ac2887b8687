/* Batches over UDP sockets: one recvmmsg and one sendmmsg for up to WEIR_BATCH packets.
 *
 * A socket on a wildcard address asks the kernel for each datagram's destination (resolver.runtime.sockets),
 * and the answer leaves from it: the ancillary data is given back as it came, which keeps a link-local peer's
 * interface. Answers carry DF and are never fragmented (RFC 9715), except behind an interface that is too
 * narrow for them. No error ends anything: a failed receive or send is counted, and a socket that is gone is
 * left out. */
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_QUEUE (4 * 1024 * 1024) /* octets; a network card may keep many answers before it says they are gone */

typedef union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} address;

/* What weir_origin holds. `destination` is IP_PKTINFO or IPV6_PKTINFO as it came; its length is 0 without
 * any. */
typedef struct {
    address peer;
    uint8_t peer_length, destination_length, index;
    int level, type;
    uint8_t destination[sizeof(struct in6_pktinfo)];
} origin;

_Static_assert(sizeof(origin) <= sizeof(weir_origin), "an origin has room in the contract's");

#define CONTROL CMSG_SPACE(sizeof(struct in6_pktinfo))
typedef union {
    struct cmsghdr align;
    uint8_t bytes[CONTROL];
} control;

typedef struct {
    int fd;
    int wildcard, is_whole; /* asks for destinations; never fragments */
} endpoint;

typedef struct {
    weir_source source;
    unsigned sockets, turn;
    int poll;
    endpoint endpoint[WEIR_MAX_SOCKETS];
    struct mmsghdr in[WEIR_BATCH], out[WEIR_BATCH];
    struct iovec in_bytes[WEIR_BATCH], out_bytes[WEIR_BATCH];
    address peer[WEIR_BATCH];
    control in_control[WEIR_BATCH], out_control[WEIR_BATCH];
    origin target[WEIR_BATCH];
    uint8_t query[WEIR_BATCH][WEIR_MAX_QUERY], answer[WEIR_BATCH][WEIR_MAX_UDP];
} udp;

/* The address as the tables know it; 0 if nobody can be answered there. */
static int client_of(const address *peer, weir_client *client)
{
    memset(client, 0, sizeof *client);
    if (peer->any.sa_family == AF_INET) {
        client->family = 4;
        memcpy(client->address, &peer->ipv4.sin_addr, 4);
        return peer->ipv4.sin_port != 0;
    }
    if (peer->any.sa_family != AF_INET6)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&peer->ipv6.sin6_addr)) {
        client->family = 4;
        memcpy(client->address, peer->ipv6.sin6_addr.s6_addr + 12, 4);
    } else {
        client->family = 6;
        memcpy(client->address, &peer->ipv6.sin6_addr, 16);
    }
    return peer->ipv6.sin6_port != 0;
}

static int is_destination(const struct cmsghdr *item)
{
    return (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO &&
            item->cmsg_len == CMSG_LEN(sizeof(struct in_pktinfo))) ||
           (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO &&
            item->cmsg_len == CMSG_LEN(sizeof(struct in6_pktinfo)));
}

static void keep_destination(struct msghdr *message, origin *from)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item; item = CMSG_NXTHDR(message, item)) {
        if (!is_destination(item))
            continue;
        from->level = item->cmsg_level;
        from->type = item->cmsg_type;
        from->destination_length = (uint8_t)(item->cmsg_len - CMSG_LEN(0));
        memcpy(from->destination, CMSG_DATA(item), from->destination_length);
        return;
    }
}

/* Take the received datagram in place `i` as a packet; 0 if it is to be ignored. */
static int take(udp *self, unsigned i, unsigned index, weir_packet *packet, weir_origin *to)
{
    origin from;
    if (!client_of(&self->peer[i], &packet->client))
        return 0;
    from.peer = self->peer[i];
    from.peer_length = (uint8_t)self->in[i].msg_hdr.msg_namelen;
    from.index = (uint8_t)index;
    from.destination_length = 0;
    from.level = from.type = 0;
    if (self->endpoint[index].wildcard)
        keep_destination(&self->in[i].msg_hdr, &from);
    memcpy(to->bytes, &from, offsetof(origin, destination) + from.destination_length);
    packet->bytes = self->query[i];
    packet->length = (uint16_t)self->in[i].msg_len;
    packet->over_tcp = 0;
    packet->out = self->answer[i];
    packet->room = WEIR_MAX_UDP;
    return 1;
}

static void ready_to_receive(udp *self, unsigned first, unsigned room, int wildcard)
{
    for (unsigned i = first; i < first + room; i++) {
        self->in[i].msg_hdr.msg_namelen = sizeof self->peer[i];
        self->in[i].msg_hdr.msg_control = wildcard ? &self->in_control[i] : NULL;
        self->in[i].msg_hdr.msg_controllen = wildcard ? sizeof self->in_control[i] : 0;
        self->in[i].msg_hdr.msg_flags = 0;
    }
}

/* Datagrams from one socket into the places from `first`; the number, 0 when there is none or on an error. */
static unsigned receive_from(udp *self, endpoint *from, unsigned first, unsigned room)
{
    if (from->fd < 0)
        return 0;
    ready_to_receive(self, first, room, from->wildcard);
    int count = recvmmsg(from->fd, self->in + first, room, MSG_DONTWAIT, NULL);
    if (count >= 0)
        return (unsigned)count;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    self->source.receive_errors++;
    if (errno == EBADF || errno == ENOTSOCK)
        from->fd = -1;
    return 0;
}

static unsigned udp_receive(weir_source *source, weir_packet *packets, weir_origin *origins, unsigned room)
{
    udp *self = (udp *)source;
    unsigned filled = 0, count = 0;
    /* Another socket is first each time, so that a busy one does not keep the others waiting. */
    self->turn = (self->turn + 1) % self->sockets;
    for (unsigned n = 0; n < self->sockets && filled < room; n++) {
        unsigned index = (self->turn + n) % self->sockets;
        unsigned end = filled + receive_from(self, &self->endpoint[index], filled, room - filled);
        for (; filled < end; filled++)
            count += (unsigned)take(self, filled, index, &packets[count], &origins[count]);
    }
    return count;
}

static void prepare(udp *self, unsigned i, const weir_packet *packet)
{
    origin *to = &self->target[i];
    struct msghdr *message = &self->out[i].msg_hdr;
    self->out_bytes[i].iov_base = packet->out;
    self->out_bytes[i].iov_len = packet->out_length;
    message->msg_name = &to->peer;
    message->msg_namelen = to->peer_length;
    message->msg_controllen = 0;
    message->msg_control = NULL;
    if (to->destination_length) {
        struct cmsghdr *item = &self->out_control[i].align;
        item->cmsg_level = to->level;
        item->cmsg_type = to->type;
        item->cmsg_len = CMSG_LEN(to->destination_length);
        memcpy(CMSG_DATA(item), to->destination, to->destination_length);
        message->msg_control = item;
        message->msg_controllen = CMSG_SPACE(to->destination_length);
    }
}

/* How the kernel treats the size of a path: the `IP_PMTUDISC_` of either family. An IPv6 socket may carry
 * IPv4 as well; what a socket or a kernel does not know stays as it was. */
static void discover_paths(int fd, int how)
{
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof how);
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &how, sizeof how);
}

/* From now on the kernel may fragment what the interface is too narrow for; 0 if it might before. */
static int allow_fragments(endpoint *from)
{
    if (!from->is_whole)
        return 0;
    from->is_whole = 0;
    discover_paths(from->fd, IP_PMTUDISC_OMIT);
    return 1;
}

/* Send the prepared places [first, end) of one socket; returns how many were not sent. */
static unsigned send_run(udp *self, unsigned first, unsigned end)
{
    endpoint *from = &self->endpoint[self->target[first].index];
    unsigned lost = 0;
    while (first < end) {
        int sent = sendmmsg(from->fd, self->out + first, end - first, MSG_DONTWAIT);
        if (sent > 0) {
            first += (unsigned)sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EBADF))
            return lost + (end - first); /* the queue is full: the rest would fail as well */
        if (sent < 0 && errno == EMSGSIZE && allow_fragments(from))
            continue;
        first++; /* this one cannot be sent (an unreachable peer, a firewall); the next may */
        lost++;
    }
    return lost;
}

static unsigned udp_send(weir_source *source, const weir_packet *packets, const weir_origin *origins, unsigned count)
{
    udp *self = (udp *)source;
    unsigned ready = 0, start = 0, lost = 0;
    for (unsigned i = 0; i < count && i < WEIR_BATCH; i++) {
        if (!weir_has_answer(&packets[i]) || !packets[i].out_length)
            continue;
        memcpy(&self->target[ready], origins[i].bytes, sizeof(origin));
        if (self->target[ready].index != self->target[start].index) {
            lost += send_run(self, start, ready);
            start = ready;
        }
        prepare(self, ready++, &packets[i]);
    }
    return start < ready ? lost + send_run(self, start, ready) : lost;
}

static int udp_descriptor(const weir_source *source)
{
    const udp *self = (const udp *)source;
    return self->poll >= 0 ? self->poll : self->endpoint[0].fd;
}

static void udp_close(weir_source *source)
{
    udp *self = (udp *)source;
    if (self->poll >= 0)
        close(self->poll);
    free(self);
}

static int is_any(const address *bound)
{
    return bound->any.sa_family == AF_INET ? bound->ipv4.sin_addr.s_addr == htonl(INADDR_ANY)
                                           : IN6_IS_ADDR_UNSPECIFIED(&bound->ipv6.sin6_addr);
}

/* Look at the socket and enlarge its queue; -1 with errno if it cannot be served. */
static int adopt(endpoint *to, int fd)
{
    address bound;
    int type = 0, queue = SEND_QUEUE;
    socklen_t length = sizeof bound, type_length = sizeof type;
    memset(&bound, 0, sizeof bound);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) || getsockname(fd, &bound.any, &length))
        return -1;
    if (type != SOCK_DGRAM || (bound.any.sa_family != AF_INET && bound.any.sa_family != AF_INET6)) {
        errno = EINVAL;
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &queue, sizeof queue)) /* needs CAP_NET_ADMIN */
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof queue);
    /* PROBE sets DF and believes no ICMP message about a path, so nobody can forge a narrow one (RFC 9715
     * section 3.1). It also spares IPv4 the choice of an identification, a twentieth of what an answer costs:
     * what is never fragmented needs none (RFC 6864 section 4.1). */
    discover_paths(fd, IP_PMTUDISC_PROBE);
    to->fd = fd;
    to->is_whole = 1;
    to->wildcard = is_any(&bound);
    return 0;
}

/* One descriptor for all sockets; a single one is its own. */
static int watch_all(udp *self)
{
    if (self->sockets == 1)
        return 0;
    self->poll = epoll_create1(EPOLL_CLOEXEC);
    if (self->poll < 0)
        return -1;
    for (unsigned i = 0; i < self->sockets; i++) {
        struct epoll_event wanted = {.events = EPOLLIN};
        if (epoll_ctl(self->poll, EPOLL_CTL_ADD, self->endpoint[i].fd, &wanted))
            return -1;
    }
    return 0;
}

static void lay_out(udp *self)
{
    for (unsigned i = 0; i < WEIR_BATCH; i++) {
        self->in_bytes[i] = (struct iovec){self->query[i], WEIR_MAX_QUERY};
        self->in[i].msg_hdr.msg_iov = &self->in_bytes[i];
        self->in[i].msg_hdr.msg_iovlen = 1;
        self->in[i].msg_hdr.msg_name = &self->peer[i];
        self->out[i].msg_hdr.msg_iov = &self->out_bytes[i];
        self->out[i].msg_hdr.msg_iovlen = 1;
    }
}

weir_source *weir_udp_open(const int *sockets, unsigned count)
{
    if (!count || count > WEIR_MAX_SOCKETS) {
        errno = EINVAL;
        return NULL;
    }
    udp *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->source = (weir_source){udp_receive, udp_send, udp_descriptor, udp_close, 0};
    self->sockets = count;
    self->poll = -1;
    lay_out(self);
    int failed = 0;
    for (unsigned i = 0; i < count && !failed; i++)
        failed = adopt(&self->endpoint[i], sockets[i]);
    if (failed || watch_all(self)) {
        int reason = errno;
        udp_close(&self->source);
        errno = reason;
        return NULL;
    }
    return &self->source;
}
