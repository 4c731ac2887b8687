/* DNS cookies (RFC 7873, RFC 9018 version 1): a client that shows our cookie has received an answer from here before,
 * so its address is not forged. */
#ifndef WEIR_COOKIE_H
#define WEIR_COOKIE_H

#include "tables.h"

#define WEIR_COOKIE_CLIENT 8
#define WEIR_COOKIE_SERVER 16
#define WEIR_COOKIE_OPTION 10

/* The box's secrets, the present one and its predecessor: every worker has the same, so that any may verify. */
typedef struct {
    uint8_t secret[2][16];
} weir_cookie_secrets;

enum { WEIR_COOKIE_NONE, WEIR_COOKIE_MALFORMED, WEIR_COOKIE_NEW, WEIR_COOKIE_BAD, WEIR_COOKIE_GOOD };

uint64_t weir_siphash24(const uint8_t key[16], const uint8_t *bytes, size_t length);

/* RFC 9018 section 4: version, reserved, timestamp, hash over client cookie, those, and the client's address. */
void weir_cookie_make(const weir_cookie_secrets *secrets, const weir_client *client,
                      const uint8_t client_cookie[WEIR_COOKIE_CLIENT], uint32_t unix_seconds,
                      uint8_t server[WEIR_COOKIE_SERVER]);

/* Judge the content of a COOKIE option of `length` octets: 8, or 16 to 40 (RFC 7873 section 4). */
int weir_cookie_check(const weir_cookie_secrets *secrets, const weir_client *client, const uint8_t *option,
                      size_t length, uint32_t unix_seconds);

#endif
