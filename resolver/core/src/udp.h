/* A batch source over bound UDP sockets, IPv4 and IPv6. */
#ifndef WEIR_UDP_H
#define WEIR_UDP_H

#include "source.h"

#define WEIR_MAX_SOCKETS 64

/* A source that serves these sockets in turn. They stay the caller's and must outlive it; each is made
 * non-blocking by the calls, not by its flags. NULL with errno set: EINVAL for no or too many sockets, or one
 * that is not UDP. */
weir_source *weir_udp_open(const int *sockets, unsigned count);

#endif
