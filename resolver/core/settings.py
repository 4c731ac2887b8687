"""What a core's state is made of besides its files: plain values, already in the form that C takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionBit:
    """A list's own action. ``action`` is an ACTION_... of ``native``, ``feeds`` the mask of the bits that plain entries of
    the same list set, ``peers`` that of the action bits of all zones of its kind (of an illegal list its own).
    """

    bit: int
    action: int
    feeds: int
    peers: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Answers per second and source prefix; 0 = no limit. ``slip``: every n-th over it is TC instead of silence."""

    per_second: int = 0
    strangers_per_second: int = 0
    ipv4_prefix: int = 24
    ipv6_prefix: int = 56
    slip: int = 2


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Masks have bit ``1 << index``; addresses are packed; names are lower-case wire names."""

    gateway_ipv4: bytes
    gateway_ipv6: bytes
    udp_payload: int = 1_232
    """Octets, 512 to 4,096: no answer over UDP is longer, and OPT records say so."""
    stale_ms: int = 0
    """Past its TTL by less than this an answer is given where there is no time for a fresh one."""
    illegal: int = 0
    illegal_orders: int = 0
    protected: int = 0
    actions: tuple[ActionBit, ...] = ()
    clients: int = 0
    """The action bits that only policies have."""
    named: int = 0
    """The bits of lists whose hits are logged by name, which Python does."""
    secret: int = 0
    """The bits of secret lists whose hits a core's sketch counts."""
    ede: tuple[tuple[int, int], ...] = ()
    """Bit and the EDE code that its list wants in place of the reason's."""
    apexes: tuple[bytes, ...] = ()
    """Built-in zones: names at or below are Python's."""
    limits: Limits = Limits()
    cookie_secrets: tuple[bytes, ...] = ()
    """The present one and its predecessor, 16 octets each; none: no cookies."""
