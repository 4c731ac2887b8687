"""One table: what each reason looks like to a DNS client and to a browser (DESIGN.md section 5).

EDE codes are RFC 8914's; the statuses RFC 9110's and RFC 7725's. Voluntary illegal lists share EDE, TTL and form with
security lists, so that a secret entry cannot be told from a malware entry by its answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from resolver.policy.model import ReasonKind

BLOCKED_TTL = 30
"""Seconds that a blocked answer may be kept. The same for every reason: a TTL must not tell one list from another,
and a change of policy must be felt within a minute (10 to 60 s, DESIGN.md section 5)."""


class Ede(IntEnum):
    """Extended DNS Error codes in use here (RFC 8914 section 4)."""

    OTHER = 0
    FORGED_ANSWER = 4
    STALE_ANSWER = 3
    NOT_READY = 14
    BLOCKED = 15
    CENSORED = 16
    FILTERED = 17
    PROHIBITED = 18
    STALE_NXDOMAIN_ANSWER = 19
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a block for one reason is shown. ``ede`` is None where no code is sent."""

    ede: Ede | None
    http_status: int
    lifted_by: str


REASONS: dict[ReasonKind, Presentation] = {
    ReasonKind.ILLEGAL_VOLUNTARY: Presentation(Ede.BLOCKED, 403, "case-bound suspension, two persons"),
    ReasonKind.ILLEGAL_ORDER: Presentation(Ede.CENSORED, 451, "the authority that ordered it"),
    ReasonKind.SECURITY: Presentation(Ede.BLOCKED, 403, "account holder, if the operator allows"),
    ReasonKind.CATEGORY: Presentation(Ede.FILTERED, 403, "account holder"),
    ReasonKind.OWN_RULE: Presentation(Ede.FILTERED, 403, "account holder"),
    ReasonKind.PAUSED: Presentation(Ede.FILTERED, 403, "account holder"),
    ReasonKind.ALLOW_ONLY: Presentation(Ede.FILTERED, 403, "account holder"),
    ReasonKind.NOT_SERVED: Presentation(Ede.PROHIBITED, 403, "operator"),
}
