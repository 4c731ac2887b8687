"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

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
