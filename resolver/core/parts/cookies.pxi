# The binding of src/cookie, and what other parts need of src/limit.
cdef extern from "cookie.h":
    ctypedef struct weir_cookie_secrets:
        uint8_t secret[2][16]
        uint8_t count
    enum:
        WEIR_COOKIE_CLIENT
        WEIR_COOKIE_SERVER
        WEIR_COOKIE_SECRET
        WEIR_COOKIE_NONE
        WEIR_COOKIE_MALFORMED
        WEIR_COOKIE_NEW
        WEIR_COOKIE_BAD
        WEIR_COOKIE_GOOD
    void weir_cookie_make(const weir_cookie_secrets *secrets, const weir_client *client,
                          const uint8_t *cookie, uint32_t unix_seconds, uint8_t *server) nogil
    int weir_cookie_check(const weir_cookie_secrets *secrets, const weir_client *client,
                          const uint8_t *option, size_t length, uint32_t unix_seconds) nogil

cdef extern from "limit.h":
    ctypedef struct weir_limit_settings:
        uint32_t per_second
        uint32_t strangers_per_second
        uint8_t ipv4_prefix
        uint8_t ipv6_prefix
        uint8_t slip
    ctypedef struct weir_limiter:
        pass
    enum:
        WEIR_LIMIT_MAX_RATE
    void weir_limit_init(weir_limiter *limiter, const uint8_t *key) nogil

COOKIE_NONE = WEIR_COOKIE_NONE
COOKIE_MALFORMED = WEIR_COOKIE_MALFORMED
COOKIE_NEW = WEIR_COOKIE_NEW
COOKIE_BAD = WEIR_COOKIE_BAD
COOKIE_GOOD = WEIR_COOKIE_GOOD


cdef class CookieSecrets:
    cdef weir_cookie_secrets _secrets

    def __cinit__(self, secrets):
        if len(secrets) > 2:
            raise ValueError("the present secret and its predecessor, no more")
        memset(&self._secrets, 0, sizeof(weir_cookie_secrets))
        for i, secret in enumerate(secrets):
            if len(secret) != WEIR_COOKIE_SECRET:
                raise ValueError(f"a cookie secret has {WEIR_COOKIE_SECRET} octets")
            memcpy(self._secrets.secret[i], _octets(secret), WEIR_COOKIE_SECRET)
        self._secrets.count = len(secrets)

    def make(self, bytes client_cookie not None, bytes address not None, uint32_t unix_seconds):
        cdef weir_client client
        cdef uint8_t server[WEIR_COOKIE_SERVER]
        if self._secrets.count == 0:
            raise ValueError("there is no secret to make a cookie with")
        if len(client_cookie) != WEIR_COOKIE_CLIENT:
            raise ValueError(f"a client's cookie has {WEIR_COOKIE_CLIENT} octets")
        _fill_client(&client, address, 0)
        weir_cookie_make(&self._secrets, &client, _octets(client_cookie), unix_seconds, server)
        return PyBytes_FromStringAndSize(<char *>server, WEIR_COOKIE_SERVER)

    def check(self, bytes option not None, bytes address not None, uint32_t unix_seconds):
        cdef weir_client client
        _fill_client(&client, address, 0)
        return weir_cookie_check(&self._secrets, &client, _octets(option), len(option), unix_seconds)
