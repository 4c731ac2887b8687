/* SipHash, and the server cookie that is made of it. */
#include "cookie.h"

#include "bytes.h"

#define MIN_SERVER 8 /* octets of anybody's server cookie (RFC 7873 section 4) */
#define MAX_SERVER 32
#define VERSION 1
#define HEAD 8 /* of a server cookie: version, reserved, timestamp */
#define SIP_WORD 8

typedef struct {
    uint64_t v[4];
} sip;

static inline uint64_t rotate(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

static inline void sip_round(sip *s)
{
    uint64_t *v = s->v;
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void sip_absorb(sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    sip_round(s);
    s->v[0] ^= word;
}

uint64_t weir_siphash24(const uint8_t key[16], const uint8_t *bytes, size_t length)
{
    uint64_t k0 = weir_load64(key), k1 = weir_load64(key + SIP_WORD);
    sip s = {{k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
              k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)}};
    uint64_t last = (uint64_t)length << 56;
    for (; length >= SIP_WORD; bytes += SIP_WORD, length -= SIP_WORD)
        sip_absorb(&s, weir_load64(bytes));
    for (size_t i = 0; i < length; i++)
        last |= (uint64_t)bytes[i] << (8 * i);
    sip_absorb(&s, last);
    s.v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

/* The hash that belongs behind a server cookie's first octets. */
static uint64_t hash_of(const uint8_t *secret, const weir_client *client, const uint8_t *client_cookie,
                        const uint8_t *head)
{
    uint8_t input[WEIR_COOKIE_CLIENT + HEAD + 16];
    size_t size = client->family == 4 ? 4 : 16;
    memcpy(input, client_cookie, WEIR_COOKIE_CLIENT);
    memcpy(input + WEIR_COOKIE_CLIENT, head, HEAD);
    memcpy(input + WEIR_COOKIE_CLIENT + HEAD, client->address, size);
    return weir_siphash24(secret, input, WEIR_COOKIE_CLIENT + HEAD + size);
}

void weir_cookie_make(const weir_cookie_secrets *secrets, const weir_client *client,
                      const uint8_t client_cookie[WEIR_COOKIE_CLIENT], uint32_t unix_seconds,
                      uint8_t server[WEIR_COOKIE_SERVER])
{
    memset(server, 0, HEAD);
    server[0] = VERSION;
    for (unsigned i = 0; i < 4; i++)
        server[4 + i] = (uint8_t)(unix_seconds >> (24 - 8 * i));
    weir_store64(server + HEAD, hash_of(secrets->secret[0], client, client_cookie, server));
}

/* Serial arithmetic (RFC 1982), so that 2106 is no end. */
static int is_of_now(const uint8_t *server, uint32_t unix_seconds)
{
    uint32_t made = (uint32_t)server[4] << 24 | (uint32_t)server[5] << 16 | (uint32_t)server[6] << 8 | server[7];
    uint32_t age = unix_seconds - made;
    return age <= WEIR_COOKIE_AGE || -age <= WEIR_COOKIE_AHEAD;
}

int weir_cookie_check(const weir_cookie_secrets *secrets, const weir_client *client, const uint8_t *option,
                      size_t length, uint32_t unix_seconds)
{
    const uint8_t *server = option + WEIR_COOKIE_CLIENT;
    if (length != WEIR_COOKIE_CLIENT &&
        (length < WEIR_COOKIE_CLIENT + MIN_SERVER || length > WEIR_COOKIE_CLIENT + MAX_SERVER))
        return WEIR_COOKIE_MALFORMED;
    if (secrets->count == 0)
        return WEIR_COOKIE_NONE;
    if (length == WEIR_COOKIE_CLIENT)
        return WEIR_COOKIE_NEW;
    if (length != WEIR_COOKIE_CLIENT + WEIR_COOKIE_SERVER || server[0] != VERSION || !is_of_now(server, unix_seconds))
        return WEIR_COOKIE_BAD;
    /* One comparison of words takes the same time wherever they differ. */
    uint64_t shown = weir_load64(server + HEAD);
    for (unsigned i = 0; i < secrets->count && i < 2; i++)
        if (hash_of(secrets->secret[i], client, option, server) == shown)
            return WEIR_COOKIE_GOOD;
    return WEIR_COOKIE_BAD;
}
