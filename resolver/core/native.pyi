"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

from collections.abc import Sequence

class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""

COOKIE_NONE: int
COOKIE_MALFORMED: int
COOKIE_NEW: int
COOKIE_BAD: int
COOKIE_GOOD: int

class CookieSecrets:
    """The secrets behind DNS cookies (RFC 7873, RFC 9018). Addresses are packed, an IPv4 one in 4 octets."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """The present secret and, if there was one, its predecessor, 16 octets each; none: no cookie is believed."""

    def make(self, client_cookie: bytes, address: bytes, unix_seconds: int) -> bytes:
        """The server cookie (16 octets) for a client's cookie (8 octets). ValueError without a secret."""

    def check(self, option: bytes, address: bytes, unix_seconds: int) -> int:
        """What the content of a COOKIE option is: one of the numbers above (src/cookie.h)."""

STATS_NAMES: tuple[str, ...]
"""The counters of a core's page, in the order of its words."""

class Stats:
    """Where one core counts. One thread writes: cores of two threads need a page each."""

    def __init__(self, words: memoryview) -> None:
        """``words`` is writable, of 64-bit words, one for each of STATS_NAMES (``CounterPage.words``). It is used as long
        as a core has this object."""

TAP_SIZE: int
"""Octets of a sample's file."""

class Tap:
    """Where an engine writes its sample of queries (src/tap.h has the rules of what may be in it)."""

    def __init__(self, memory: memoryview, seed: int) -> None:
        """A tap that is off. ``memory`` is writable, TAP_SIZE octets, zeroed; ``seed`` 64 random bits."""

    def use(self, one_in: int) -> None:
        """Take 1 in ``one_in`` answered queries from now on; 0: none."""

def confine() -> None:
    """Bind all threads of this process, for good, to the calls of Linux that a serving worker makes (src/confine.h).

    OSError if the kernel cannot; nothing has changed then."""
