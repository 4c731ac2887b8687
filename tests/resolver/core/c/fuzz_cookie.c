/* Whatever stands in a COOKIE option: every read stays inside it, only the lengths of RFC 7873 section 4 are
 * taken, and none but the cookie that was made here for this client is good. */
#include <stdlib.h>
#include <string.h>

#include "cookie.h"

#define CLIENT_OCTETS 18 /* of an input: family, 16 of the address, how old our cookie is */

static void check(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const weir_cookie_secrets secrets = {.secret = {{1}, {2}}, .count = 2};
    weir_client client = {.family = 4};
    uint32_t now = 1700000000;
    if (size < CLIENT_OCTETS)
        return 0;
    client.family = data[0] % 2 == 0 ? 4 : 6;
    memcpy(client.address, data + 1, 16);
    uint32_t made = now - data[17];
    size_t length = size - CLIENT_OCTETS;
    uint8_t *block = malloc(length + 1), *option = block + 1; /* at the end, so that one octet too many is noticed */
    check(block != NULL);
    memcpy(option, data + CLIENT_OCTETS, length);
    int outcome = weir_cookie_check(&secrets, &client, option, length, now);
    check((outcome == WEIR_COOKIE_MALFORMED) == (length < 8 || (length > 8 && length < 16) || length > 40));
    check((outcome == WEIR_COOKIE_NEW) == (length == 8));
    check(outcome != WEIR_COOKIE_GOOD); /* one guess in 2^64 */
    if (length >= WEIR_COOKIE_CLIENT + WEIR_COOKIE_SERVER) {
        weir_cookie_make(&secrets, &client, option, made, option + WEIR_COOKIE_CLIENT);
        check(weir_cookie_check(&secrets, &client, option, 24, now) == WEIR_COOKIE_GOOD);
    }
    free(block);
    return 0;
}
