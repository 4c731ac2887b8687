"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

from collections.abc import Sequence

class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""

# ---- scan: an upstream's reply ----

class ReplyError(ValueError):
    """A message that is no well-formed reply; the text says what is wrong with it."""

Scanned = tuple[bytes, int, tuple[int, ...], tuple[bytes, ...], tuple[bytes, ...], int]
"""Message, flags, TTL offsets, targets, addresses, TTL in seconds: as in resolver.exchange.model.Answer."""

class ReplyScanner:
    """What resolver.exchange.scan does, byte for byte, in C. Not thread-safe: it has one room to work in."""

    def scan(
        self, data: bytes, name: bytes, qtype: int, qclass: int, dnssec_ok: bool,
        minimum: int, maximum: int, negative: int, /,
    ) -> tuple[int, bool, bool, tuple[tuple[int, bytes], ...], Scanned | None] | None:
        """Response code, truncated, EDNS, Extended DNS Errors, answer. ReplyError if it is no reply to the question.

        None for what is left to the Python scanner: a message that grows past 65,535 octets without its compression,
        or that takes more steps than any real reply (pointers to pointers, thousands of different names).
        """

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

    def __init__(self, memory: memoryview, one_in: int, seed: int) -> None:
        """1 in ``one_in`` answered queries goes to ``memory``: writable, TAP_SIZE octets, zeroed. 0 is off. ``seed`` is 64
        random bits."""

class Engine:
    """The thread that serves UDP sockets without the interpreter; only what the core hands over comes here.

    Every method is called by one thread, the event loop's; none of them waits but ``stop``.
    """

    def __init__(
        self,
        core: Core,
        sockets: Sequence[int],
        *,
        places: int,
        backlog: int,
        max_age_ms: int,
        key: int,
        cpu: int = -1,
    ) -> None:
        """``core`` is this engine's alone from now on, with counters; ``sockets`` are descriptors of bound UDP sockets
        that stay the caller's and outlive the engine. At most ``places`` (to 65,535) queries wait for an answer, of
        which ``backlog`` (to 32,768) have not been taken; one source prefix has an eighth of each once half are used.
        ``key`` is 64 random bits. ``cpu`` is the one to stay on. OSError, MemoryError, CoreError if it cannot be."""
    def start(self, state: State) -> None:
        """Begin to serve. OSError if there can be no thread."""
    def use(self, state: State) -> None:
        """Serve under this state from the next batch on. The old one is released when the thread has passed it."""
    def states_held(self) -> int:
        """States that the thread may still look at, after those that it has passed were released; 1 at rest."""
    def fileno(self) -> int:
        """A descriptor that is readable when there is something to take; call ``heard`` then."""
    def heard(self) -> None:
        """Make ``fileno`` quiet until the next time."""
    def take(self, limit: int) -> list[tuple[int, bytes, bytes, int]]:
        """At most ``limit`` queries: (token, packet, client's packed address, microseconds of CLOCK_MONOTONIC when it
        came). Token 0: answered already, ask its question upstream again. Fewer than ``limit``: the descriptor tells
        of the next one; else call again, because it may not."""
    def reply(self, token: int, answer: bytes | None) -> bool:
        """The answer to a query that was taken, None for silence. One that comes too late is counted and dropped.
        False if the thread took no answers for 20 ms or more, or the answer is longer than 65,535 octets: it is dropped."""
    def finish(self) -> None:
        """Answer what has arrived at the sockets, then read no more. The descriptor tells when ``is_idle``."""
    def stop(self) -> None:
        """Send the answers given so far and end the thread. Once is enough; a second call is no error."""
    @property
    def in_hand(self) -> int:
        """Queries that wait for an answer."""
    @property
    def is_idle(self) -> bool:
        """After ``finish``: nothing is read any more, and nobody waits."""
