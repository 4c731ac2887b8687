/* Packets as whole Ethernet frames on one interface: any source address and port, a third of a socket's cost.
 *
 * Sends past the queueing discipline through a packet socket, reads answers from a ring that the kernel fills. The
 * answers go on into the system behind it, which throws them away; IPv4 only, UDP checksums left out (RFC 768: zero).
 */
#define _GNU_SOURCE
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ETH_BYTES 14
#define IP_BYTES 20
#define UDP_BYTES 8
#define HEADER_BYTES (ETH_BYTES + IP_BYTES + UDP_BYTES)
#define FIRST_PORT 20000u
#define RING_FRAME 2048u
#define RING_BLOCK (1u << 16)
#define RING_BLOCKS 256u
#define RING_FRAMES (RING_BLOCKS * (RING_BLOCK / RING_FRAME))
#define SEND_BUFFER (8 << 20)

struct link {
    struct link_options options;
    int socket;
    uint8_t *ring;
    unsigned at, held; /* next frame to read; frames that the last receive handed out */
    uint8_t header[HEADER_BYTES];
    uint32_t checksum; /* of the IP header without length and source */
    struct mmsghdr out[LINK_BATCH];
    struct iovec parts[LINK_BATCH][2];
    uint8_t headers[LINK_BATCH][HEADER_BYTES];
};

static void put16(uint8_t *out, unsigned value) {
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put32(uint8_t *out, uint32_t value) {
    put16(out, value >> 16);
    put16(out + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *in) { return (unsigned)in[0] << 8 | in[1]; }

/* The parts of the headers that are the same for every packet. */
static void write_header(struct link *link, const uint8_t *mac) {
    const struct sockaddr_in *server = (const struct sockaddr_in *)&link->options.server;
    uint8_t *ip = link->header + ETH_BYTES;
    memcpy(link->header, link->options.server_mac, 6);
    memcpy(link->header + 6, mac, 6);
    put16(link->header + 12, ETH_P_IP);
    ip[0] = 0x45;
    ip[6] = 0x40; /* do not fragment */
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    put32(ip + 16, ntohl(server->sin_addr.s_addr));
    put16(ip + IP_BYTES + 2, ntohs(server->sin_port));
    for (unsigned n = 0; n < IP_BYTES; n += 2) {
        link->checksum += get16(ip + n);
    }
}

/* Only answers from the server's port enter the ring. */
static void filter(struct link *link) {
    uint32_t port = ntohs(((struct sockaddr_in *)&link->options.server)->sin_port);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_BYTES + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_BYTES + IP_BYTES),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, RING_FRAME),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    if (setsockopt(link->socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        link_fail("a packet filter");
    }
}

static void map_ring(struct link *link) {
    int version = TPACKET_V2;
    struct tpacket_req ring = {RING_BLOCK, RING_BLOCKS, RING_FRAME, RING_FRAMES};
    if (setsockopt(link->socket, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0
        || setsockopt(link->socket, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) {
        link_fail("a receive ring");
    }
    size_t size = (size_t)RING_BLOCK * RING_BLOCKS;
    link->ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, link->socket, 0);
    if (link->ring == MAP_FAILED) {
        link_fail("mapping the receive ring");
    }
}

static void bind_interface(struct link *link) {
    int yes = 1, size = SEND_BUFFER;
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
    address.sll_ifindex = (int)if_nametoindex(link->options.interface);
    setsockopt(link->socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (setsockopt(link->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0 || address.sll_ifindex == 0
        || bind(link->socket, (struct sockaddr *)&address, sizeof address) != 0) {
        link_fail(link->options.interface);
    }
}

static struct link *open_link(const struct link_options *options) {
    struct link *link = calloc(1, sizeof *link);
    struct ifreq request = {0};
    if (link == NULL) {
        link_fail("memory for the link");
    }
    link->options = *options;
    link->socket = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: nothing comes before bind */
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", options->interface);
    if (link->socket < 0 || ioctl(link->socket, SIOCGIFHWADDR, &request) != 0) {
        link_fail("a packet socket (it needs root)");
    }
    write_header(link, (const uint8_t *)request.ifr_hwaddr.sa_data);
    filter(link);
    map_ring(link);
    bind_interface(link);
    for (unsigned n = 0; n < LINK_BATCH; n++) {
        memcpy(link->headers[n], link->header, HEADER_BYTES);
        link->parts[n][0] = (struct iovec){link->headers[n], HEADER_BYTES};
        link->out[n].msg_hdr = (struct msghdr){.msg_iov = link->parts[n], .msg_iovlen = 2};
    }
    return link;
}

static void fill_header(struct link *link, unsigned n, unsigned port, const struct outgoing *packet) {
    uint8_t *ip = link->headers[n] + ETH_BYTES, *udp = ip + IP_BYTES;
    unsigned length = IP_BYTES + UDP_BYTES + packet->length;
    uint32_t source = packet->source != 0 ? packet->source : link->options.source;
    uint32_t sum = link->checksum + length + (source >> 16) + (source & 0xffff);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + 2, length);
    put16(ip + 10, ~sum & 0xffff);
    put32(ip + 12, source);
    put16(udp, FIRST_PORT + port);
    put16(udp + 4, UDP_BYTES + packet->length);
}

static unsigned send_batch(struct link *link, unsigned port, const struct outgoing *batch, unsigned count) {
    for (unsigned n = 0; n < count; n++) {
        fill_header(link, n, port, &batch[n]);
        link->parts[n][1] = (struct iovec){(void *)batch[n].data, batch[n].length};
    }
    int sent = sendmmsg(link->socket, link->out, count, 0);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR) {
        link_fail("sending frames");
    }
    return sent < 0 ? 0 : (unsigned)sent;
}

static struct tpacket2_hdr *frame(const struct link *link, unsigned number) {
    return (struct tpacket2_hdr *)(void *)(link->ring + (size_t)(number % RING_FRAMES) * RING_FRAME);
}

/* The answer inside a frame; false for what is none of ours. */
static bool unwrap(const struct link *link, const struct tpacket2_hdr *head, struct incoming *answer) {
    const uint8_t *data = (const uint8_t *)head + head->tp_mac;
    if (head->tp_snaplen < HEADER_BYTES || (data[ETH_BYTES] & 0x0f) != 5) {
        return false;
    }
    unsigned port = get16(data + ETH_BYTES + IP_BYTES + 2) - FIRST_PORT;
    *answer = (struct incoming){data + HEADER_BYTES, head->tp_snaplen - HEADER_BYTES, port};
    return port < link->options.ports;
}

static unsigned receive(struct link *link, struct incoming *batch) {
    /* The frames handed out last time are read by now: back to the kernel, after all reads of them. */
    for (; link->held != link->at; link->held++) {
        __atomic_store_n(&frame(link, link->held)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    }
    unsigned count = 0;
    while (count < LINK_BATCH) {
        struct tpacket2_hdr *head = frame(link, link->at);
        /* Acquire: the kernel fills the frame before it sets the status. */
        if ((__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
            break;
        }
        count += unwrap(link, head, &batch[count]);
        link->at++;
    }
    return count;
}

const struct link_kind LINK_FRAMES = {open_link, send_batch, receive};
