/* SipHash's and RFC 9018's test vectors, and what a cookie is refused for. */
#include <string.h>

#include "check.h"
#include "cookie.h"

static const weir_client client_1 = {.address = {198, 51, 100, 100}, .family = 4};
static const weir_client client_2 = {.address = {203, 0, 113, 203}, .family = 4};
static const weir_client client_6 = {
    .address = {0x20, 1, 0xd, 0xb8, 2, 0x20, 0, 1, 0x59, 0xde, 0xd0, 0xf4, 0x87, 0x69, 0x82, 0xb8}, .family = 6};

static void unhex(const char *text, uint8_t *bytes)
{
    for (; *text != 0; text += 2) {
        unsigned value;
        CHECK(sscanf(text, "%2x", &value) == 1);
        *bytes++ = (uint8_t)value;
    }
}

static weir_cookie_secrets secrets_of(const char *present, const char *previous)
{
    weir_cookie_secrets secrets = {.count = 1};
    unhex(present, secrets.secret[0]);
    if (previous != NULL) {
        unhex(previous, secrets.secret[1]);
        secrets.count = 2;
    }
    return secrets;
}

/* The vectors of the reference implementation: key 00..0f, input 00, 01, ... of growing length. */
static void siphash_is_siphash(void)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
                   {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
                   {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)}};
    uint8_t key[16], input[64];
    for (unsigned i = 0; i < 64; i++)
        input[i] = (uint8_t)i;
    memcpy(key, input, 16);
    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        CHECK(weir_siphash24(key, input, vectors[i].length) == vectors[i].hash);
}

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define ROLLED "445536bcd2513298075a5d379663c962"

/* RFC 9018 appendix A: what is given out, and that it is known again. */
static void vectors_of_the_rfc(void)
{
    static const struct {
        const char *secret, *cookie, *server;
        const weir_client *client;
        uint32_t at;
    } vectors[] = {
        {SECRET, "2464c4abcf10c957", "010000005cf79f111f8130c3eee29480", &client_1, 1559731985},
        {SECRET, "2464c4abcf10c957", "010000005cf7a871d4a564a1442aca77", &client_1, 1559734385},
        {SECRET, "fc93fc62807ddb86", "010000005cf7a9acf73a7810aca2381e", &client_2, 1559734700},
        {ROLLED, "22681ab97d52c298", "010000005cf7c609a6bb79d16625507a", &client_6, 1559741961},
    };
    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        weir_cookie_secrets secrets = secrets_of(vectors[i].secret, NULL);
        uint8_t option[24], expected[16];
        unhex(vectors[i].cookie, option);
        unhex(vectors[i].server, expected);
        weir_cookie_make(&secrets, vectors[i].client, option, vectors[i].at, option + 8);
        CHECK(memcmp(option + 8, expected, sizeof expected) == 0);
        CHECK(weir_cookie_check(&secrets, vectors[i].client, option, 24, vectors[i].at) == WEIR_COOKIE_GOOD);
    }
}

/* Appendix A.3 and A.4: reserved octets of another server count as they came; the predecessor's cookies are
 * good. */
static void others_cookies_are_known(void)
{
    uint8_t option[24];
    weir_cookie_secrets secrets = secrets_of(SECRET, NULL), rolled = secrets_of(ROLLED, SECRET);
    unhex("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", option);
    CHECK(weir_cookie_check(&secrets, &client_2, option, 24, 1559727985) == WEIR_COOKIE_GOOD);
    CHECK(weir_cookie_check(&rolled, &client_2, option, 24, 1559727985) == WEIR_COOKIE_GOOD);
    rolled.count = 1;
    CHECK(weir_cookie_check(&rolled, &client_2, option, 24, 1559727985) == WEIR_COOKIE_BAD);
}

static void only_our_own_cookie_is_good(void)
{
    weir_cookie_secrets secrets = secrets_of(SECRET, ROLLED);
    uint8_t option[24];
    unhex("2464c4abcf10c957", option);
    weir_cookie_make(&secrets, &client_1, option, 1000000, option + 8);
    CHECK(weir_cookie_check(&secrets, &client_1, option, 24, 1000000) == WEIR_COOKIE_GOOD);
    CHECK(weir_cookie_check(&secrets, &client_2, option, 24, 1000000) == WEIR_COOKIE_BAD);
    CHECK(weir_cookie_check(&secrets, &client_6, option, 24, 1000000) == WEIR_COOKIE_BAD);
    for (unsigned bit = 0; bit < 24 * 8; bit++) {
        option[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(weir_cookie_check(&secrets, &client_1, option, 24, 1000000) == WEIR_COOKIE_BAD);
        option[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void cookies_are_good_for_an_hour(void)
{
    static const struct {
        uint32_t made, now;
        int outcome;
    } cases[] = {{5000, 5000, WEIR_COOKIE_GOOD},        {5000, 8600, WEIR_COOKIE_GOOD},
                 {5000, 8601, WEIR_COOKIE_BAD},         {5000, 4700, WEIR_COOKIE_GOOD},
                 {5000, 4699, WEIR_COOKIE_BAD},         {UINT32_MAX - 5, 50, WEIR_COOKIE_GOOD},
                 {50, UINT32_MAX - 5, WEIR_COOKIE_GOOD}, {5000, 5000 + (UINT32_C(1) << 31), WEIR_COOKIE_BAD}};
    weir_cookie_secrets secrets = secrets_of(SECRET, NULL);
    uint8_t option[24] = {1, 2, 3};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_cookie_make(&secrets, &client_1, option, cases[i].made, option + 8);
        CHECK(weir_cookie_check(&secrets, &client_1, option, 24, cases[i].now) == cases[i].outcome);
    }
}

static void lengths(void)
{
    weir_cookie_secrets secrets = secrets_of(SECRET, NULL), none = {0};
    uint8_t option[64] = {0};
    for (unsigned length = 0; length < sizeof option; length++) {
        int malformed = length < 8 || (length > 8 && length < 16) || length > 40;
        int expected = malformed ? WEIR_COOKIE_MALFORMED : length == 8 ? WEIR_COOKIE_NEW : WEIR_COOKIE_BAD;
        CHECK(weir_cookie_check(&secrets, &client_1, option, length, 0) == expected);
        CHECK(weir_cookie_check(&none, &client_1, option, length, 0) ==
              (malformed ? WEIR_COOKIE_MALFORMED : WEIR_COOKIE_NONE));
    }
}

/* A box without a secret must not believe what anybody can make with sixteen zeros. */
static void zeros_are_no_secret(void)
{
    weir_cookie_secrets zeros = {.count = 1}, none = {0};
    uint8_t option[24] = {0};
    weir_cookie_make(&zeros, &client_1, option, 1000, option + 8);
    CHECK(weir_cookie_check(&none, &client_1, option, 24, 1000) == WEIR_COOKIE_NONE);
}

int main(void)
{
    siphash_is_siphash();
    vectors_of_the_rfc();
    others_cookies_are_known();
    only_our_own_cookie_is_good();
    cookies_are_good_for_an_hour();
    lengths();
    zeros_are_no_secret();
    return 0;
}
