/* The floor of every comparison: a UDP server that sends each packet back with the QR bit set, no more.
 *
 * Build: cc -O2 -std=c11 -D_GNU_SOURCE echo.c -o echo     Run: echo ADDRESS PORT
 * One socket, one thread, recvmmsg and sendmmsg in batches of 64; blocks when nothing comes. Prints `ready`.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64
#define PACKET_BYTES 2048
#define SOCKET_BUFFER (4 << 20)

static int open_socket(const char *address, const char *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int size = SOCKET_BUFFER, handle = socket(AF_INET, SOCK_DGRAM, 0);
    if (handle < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1
        || bind(handle, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("echo");
        exit(1);
    }
    if (setsockopt(handle, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    return handle;
}

static void serve(int handle) {
    static uint8_t data[BATCH][PACKET_BYTES];
    static struct sockaddr_in peers[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (;;) {
        for (int n = 0; n < BATCH; n++) {
            parts[n] = (struct iovec){data[n], PACKET_BYTES};
            messages[n].msg_hdr = (struct msghdr){
                .msg_name = &peers[n], .msg_namelen = sizeof peers[n], .msg_iov = &parts[n], .msg_iovlen = 1};
        }
        int count = recvmmsg(handle, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int n = 0; n < count; n++) {
            parts[n].iov_len = messages[n].msg_len;
            data[n][2] |= 0x80;
        }
        for (int sent = 0; sent < count;) {
            int taken = sendmmsg(handle, messages + sent, (unsigned)(count - sent), 0);
            sent += taken > 0 ? taken : 1;
        }
    }
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: echo ADDRESS PORT\n", stderr);
        return 2;
    }
    int handle = open_socket(words[1], words[2]);
    puts("ready");
    fflush(stdout);
    serve(handle);
}
