"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

from mmap import mmap

class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""

# ---- cache: answers of all workers ----

CACHE_PAGE: int
"""Bytes of a page; a mapping is whole pages, the first of them its head."""
CACHE_FRESH: int
CACHE_STALE: int
"""Past its TTL, within the stale window."""
CACHE_PREFETCH: int
"""Fresh, popular and near its end; said once in the life of an answer."""
CACHE_BUSY: int
"""Not kept: another process is writing in the page."""
CACHE_UNWANTED: int
"""Not kept: TTL 0 without an older answer, or so long that it must be asked for twice to push out others."""
CACHE_TOO_LONG: int
"""Not kept: longer than a page can hold."""
KEY_DO: int
KEY_CD: int
"""Bits of a key's flags."""

Cached = tuple[
    int, bytes, tuple[int, ...], tuple[bytes, ...], tuple[bytes, ...], int, int, tuple[tuple[int, bytes], ...]
]
"""State, message, TTL offsets, targets, addresses, ``stored_ms``, TTL in seconds, Extended DNS Errors."""

def cache_format(memory: mmap | bytearray, key: bytes, boot: bytes) -> None:
    """Make zeroed, writable memory an empty cache. ``key`` is 32 random bytes, ``boot`` the 16 of this boot.

    CoreError if it is not whole pages, or fewer than two.
    """

class Cache:
    """A handle on a formatted mapping, which it keeps alive. Many processes may have one; each is not thread-safe.

    A key is a name (lower case; 510 bytes at most, else ValueError), type, class and flags.
    """

    dead_ms: int
    """Past its TTL by this much an answer is of no use and goes first; 0 at first."""

    def __init__(self, memory: mmap | bytearray, boot: bytes, slot: int) -> None:
        """``slot`` is this writer's own among all living ones. CoreError if the memory is no cache of this boot."""
    def recover(self) -> int:
        """Empty the pages that a dead predecessor in this slot left locked; returns how many."""
    def recover_from(self, first: int, /) -> int:
        """The same for all slots from ``first`` on, none of which may belong to a living process."""
    def usage(self) -> tuple[int, int]:
        """Answers, and bytes that they take. Reads one line of every page."""
    def get(self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, stale_ms: int, /) -> Cached | None:
        """The answer, fresh or past its TTL by less than ``stale_ms``; counts as a hit."""
    def peek(self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, stale_ms: int, /) -> int:
        """The state that ``get`` would give, or 0; counts nothing and never is CACHE_PREFETCH."""
    def put(
        self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, wire: bytes, ttl_offsets: tuple[int, ...],
        targets: tuple[bytes, ...], addresses: tuple[bytes, ...], stored_ms: int, ttl: int,
        ede: tuple[tuple[int, bytes], ...] = (), /,
    ) -> int:
        """Keep an answer. Returns how many others had to go, or why it was not kept: CACHE_BUSY, _UNWANTED, _TOO_LONG."""

# ---- scan: an upstream's reply ----

class MalformedReply(ValueError):
    """A message that is no well-formed reply; the text says what is wrong with it."""

Scanned = tuple[bytes, int, tuple[int, ...], tuple[bytes, ...], tuple[bytes, ...], int]
"""Message, flags, TTL offsets, targets, addresses, TTL in seconds: as in resolver.exchange.model.Answer."""

class ReplyScanner:
    """What resolver.exchange.scan does, byte for byte, in C. Not thread-safe: it has one room to work in."""

    def scan(
        self, data: bytes, name: bytes, qtype: int, qclass: int, dnssec_ok: bool,
        minimum: int, maximum: int, negative: int, /,
    ) -> tuple[int, bool, bool, tuple[tuple[int, bytes], ...], Scanned | None] | None:
        """Response code, truncated, EDNS, Extended DNS Errors, answer. MalformedReply if it is no reply to the question.

        None for what is left to the Python scanner: a message that grows past 65,535 octets without its compression,
        or that takes more steps than any real reply (pointers to pointers, thousands of different names).
        """
