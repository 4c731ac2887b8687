"""What goes into the exchange and what comes out: frozen values.

Names are lower-case DNS wire names. Times are seconds of one monotonic clock that the caller owns.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

STALE_TTL = 30
"""Seconds: the TTL that a stale answer is given with (RFC 8767 section 4)."""


class Question(NamedTuple):
    """What makes answers differ, and so the key of the cache and of coalescing."""

    name: bytes
    qtype: int
    qclass: int = 1
    dnssec_ok: bool = False
    checking_disabled: bool = False


class Answer(NamedTuple):
    """An upstream's answer, written anew so that it is safe to keep: only what belongs to the question.

    ``wire`` is a whole message whose question is ``question.name`` (lower case) and whose id is 0. Its answer section
    holds the records on the CNAME and DNAME chain from the question; its authority section the SOA of a negative
    answer and the NSEC, NSEC3 and RRSIG records of a proof; its additional section is empty and it has no OPT record.
    Record names keep the case that was received. TTLs stand within the configured minimum and maximum, at
    ``ttl_offsets``, so that age can be subtracted without parsing.

    ``targets`` are the wire names of all CNAME, DNAME, HTTPS and SVCB targets (lower case, TargetName "." left out),
    ``addresses`` the packed A and AAAA rdata and the SVCB address hints: what a verdict must look at. ``flags`` is the
    header's 16 bits.
    """

    question: Question
    wire: bytes
    flags: int
    ttl_offsets: tuple[int, ...]
    targets: tuple[bytes, ...]
    addresses: tuple[bytes, ...]
    stored: float
    ttl: int
    """Seconds that it may be given as fresh, after the minimum and maximum were applied."""
    ede: tuple[tuple[int, bytes], ...] = ()
    """Extended DNS Errors that came with it (RFC 8914): (code, text)."""

    @property
    def rcode(self) -> int:
        """The response code of the header."""
        return self.flags & 0xF


class FailureKind(StrEnum):
    """Why no answer can be given."""

    UNREACHABLE = "unreachable"
    """No upstream answered in time: EDE 22 (RFC 8914)."""
    NETWORK = "network"
    """Upstreams answered with errors only, or could not be sent to: EDE 23."""
    OVERLOAD = "overload"
    """The bound on questions in flight is reached."""


class Resolution(NamedTuple):
    """The end of a question: an answer (fresh or stale), or a failure."""

    answer: Answer | None
    failure: FailureKind | None = None
    stale: bool = False
    ede: tuple[tuple[int, bytes], ...] = ()
    """With a failure: the Extended DNS Errors that upstreams gave with their refusals (RFC 8914): (code, text)."""
