/* DNS cookies (RFC 7873, RFC 9018 version 1): a client that shows our cookie has received an answer from here
 * before, so its address is not forged.
 *
 * An answer to a query with a well-formed COOKIE option carries one of its own, the last of its options: the
 * client's cookie and a server cookie of the present second. Of several COOKIE options in a query the first
 * counts (RFC 7873 section 5.2); a length that none may have is owed FORMERR (section 5.2.2). */
#ifndef WEIR_COOKIE_H
#define WEIR_COOKIE_H

#include "tables.h"

#define WEIR_COOKIE_CLIENT 8
#define WEIR_COOKIE_SERVER 16
#define WEIR_COOKIE_OPTION 10
#define WEIR_COOKIE_SECRET 16
#define WEIR_COOKIE_AGE 3600  /* seconds for which a server cookie is good, and ... */
#define WEIR_COOKIE_AHEAD 300 /* ... by which its time may be ahead of ours (RFC 9018 section 4.3) */

/* The box's secrets, the present one and its predecessor: every worker has the same, so that any may
 * verify. */
typedef struct {
    uint8_t secret[2][WEIR_COOKIE_SECRET];
    uint8_t count; /* how many are set; 0: no cookie is given out or believed here */
} weir_cookie_secrets;

/* NONE: no secret here, to be treated like a query without the option. NEW: a client's cookie alone. BAD: a
 * server cookie that is not ours, not this client's, or too old; GOOD: ours. */
enum { WEIR_COOKIE_NONE, WEIR_COOKIE_MALFORMED, WEIR_COOKIE_NEW, WEIR_COOKIE_BAD, WEIR_COOKIE_GOOD };

/* SipHash-2-4 (Aumasson and Bernstein 2012). */
uint64_t weir_siphash24(const uint8_t key[16], const uint8_t *bytes, size_t length);

/* RFC 9018 section 4: version, reserved, timestamp, hash over client cookie, those, and the client's address.
 * Made with the present secret; there must be one. */
void weir_cookie_make(const weir_cookie_secrets *secrets, const weir_client *client,
                      const uint8_t client_cookie[WEIR_COOKIE_CLIENT], uint32_t unix_seconds,
                      uint8_t server[WEIR_COOKIE_SERVER]);

/* Judge the content of a COOKIE option of `length` octets: 8, or 16 to 40 (RFC 7873 section 4). */
int weir_cookie_check(const weir_cookie_secrets *secrets, const weir_client *client, const uint8_t *option,
                      size_t length, uint32_t unix_seconds);

#endif
