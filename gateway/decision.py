"""What one visitor of the gateway is told, and with which status: pure.

The decision itself is the one that DNS makes (``resolver.policy.verdict``), for the same tables and the same policy.
What may not be shown is left out here, so that no template can give it away: of a secret list a page gets neither
host nor category, and a list's authority only where the operator configured one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from blocklists.canonical import CanonicalError, host, to_ascii, to_wire
from blocklists.model import Bit, BitRole, Confidentiality, SkipReason
from resolver.policy.model import Listing, Masks, Policy, Reason, ReasonKind, Verdict, VerdictAction
from resolver.policy.reasons import REASONS
from resolver.policy.verdict import Case, decide
from resolver.tables.model import ListInfo, Tables


class FilterView(Protocol):
    """What a decision asks of a generation (``resolver.tables.view.View`` has it all)."""

    tables: Tables
    masks: Masks
    bits: tuple[Bit, ...]

    @property
    def default_policy(self) -> int:
        """The number of the policy of whoever is served and no subscriber; -1 if nobody else is served."""
        ...

    def policy_for(self, address: str, /) -> Policy | None:
        """The policy of whoever has this address; None for an address that is not served here."""
        ...

    def listing(self, wire: bytes, /) -> Listing:
        """What the lists say of a lower-case wire name."""
        ...


class Situation(StrEnum):
    """What happened, as far as words go: each has one page, named like it."""

    ILLEGAL = "illegal"
    ORDER = "order"
    SECURITY = "security"
    CATEGORY = "category"
    OWN_RULE = "own-rule"
    PAUSED = "paused"
    ALLOW_ONLY = "allow-only"
    NOT_SERVED = "not-served"
    NOT_BLOCKED = "not-blocked"
    STATUS = "status"
    BAD_REQUEST = "bad-request"


SITUATIONS: dict[ReasonKind, Situation] = {
    ReasonKind.ILLEGAL_VOLUNTARY: Situation.ILLEGAL,
    ReasonKind.ILLEGAL_ORDER: Situation.ORDER,
    ReasonKind.SECURITY: Situation.SECURITY,
    ReasonKind.CATEGORY: Situation.CATEGORY,
    ReasonKind.OWN_RULE: Situation.OWN_RULE,
    ReasonKind.PAUSED: Situation.PAUSED,
    ReasonKind.ALLOW_ONLY: Situation.ALLOW_ONLY,
}
"""Every reason that can block a name."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of a request: the peer's address, the method, the host as text (empty if it names none)."""

    address: str
    method: str
    host: str


@dataclass(frozen=True, slots=True)
class FilterState:
    """What the filter does for one visitor now: its state, never anybody's behaviour."""

    categories: tuple[str, ...]
    """Titles of the blocked categories, in the order of the configuration."""
    security: bool
    illegal: bool
    allow_only: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class StopCase:
    """What a page may say. Empty text = not known, or not to be shown."""

    situation: Situation
    status: int
    host: str = ""
    category: str = ""
    authority: str = ""
    authority_contact: str = ""
    authority_words: str = ""
    """The authority's own, as the operator has put them into the configuration."""
    standard: bool = False
    """The network's own policy applies, not one that an account holder chose."""
    essentials: bool = False
    """Protected names (help lines, emergency information) stay open."""
    state: FilterState | None = None


BAD_REQUEST = StopCase(Situation.BAD_REQUEST, HTTPStatus.BAD_REQUEST)
"""For a request that names no site that could exist."""


def decide_page(view: FilterView, visit: Visit, now: float) -> StopCase:
    """The page for one visit at ``now`` (Unix seconds). Never fails: a host that is no name gives BAD_REQUEST."""
    policy = view.policy_for(visit.address)
    if policy is None:
        status = REASONS[ReasonKind.NOT_SERVED].http_status
        return StopCase(Situation.NOT_SERVED, status)
    if not visit.host:
        return _status_page(view, policy, visit.method)
    try:
        name = _name_of(visit.host)
        wire = to_wire(name)
    except CanonicalError as error:
        own_address = error.reason is SkipReason.ADDRESS
        return _status_page(view, policy, visit.method) if own_address else BAD_REQUEST
    verdict = decide(Case(wire, view.listing(wire), policy, view.masks, now))
    return _stopped(view, policy, name, verdict)


def _name_of(text: str) -> str:
    """The canonical host, also of a single label: lists hold none, but a pause or an allow-only filter stops them."""
    try:
        return host(text)
    except CanonicalError as error:
        if error.reason is not SkipReason.SINGLE_LABEL:
            raise
        return to_ascii(text).lower().removesuffix(".")


def _stopped(view: FilterView, policy: Policy, name: str, verdict: Verdict) -> StopCase:
    """The page about a named site."""
    standard = policy.number == view.default_policy
    if verdict.action is not VerdictAction.BLOCK:
        return StopCase(Situation.NOT_BLOCKED, HTTPStatus.MISDIRECTED_REQUEST, standard=standard)
    reason = verdict.reason
    authority = _authority(view, reason)
    secret = reason.kind is ReasonKind.ILLEGAL_VOLUNTARY or _is_secret(view, reason.bit)
    return StopCase(
        situation=SITUATIONS[reason.kind],
        status=REASONS[reason.kind].http_status,
        host="" if secret or reason.kind is ReasonKind.PAUSED else name,
        category="" if secret else _category_title(view, reason),
        authority=authority.authority if authority else "",
        authority_contact=authority.contact if authority and authority.authority else "",
        authority_words=authority.page if authority else "",
        standard=standard,
        essentials=view.masks.protected != 0,
    )


def _authority(view: FilterView, reason: Reason) -> ListInfo | None:
    """The illegal list that spoke. Without the name of its authority its contact stays unsaid."""
    if reason.kind not in (ReasonKind.ILLEGAL_VOLUNTARY, ReasonKind.ILLEGAL_ORDER) or reason.bit is None:
        return None
    return view.tables.lists.get(view.bits[reason.bit].id)


def _is_secret(view: FilterView, bit: int | None) -> bool:
    """True if any list that feeds the bit is secret: which of them listed the name is not known here."""
    if bit is None:
        return False
    return any(
        view.masks.feeds.get(info.id, 0) >> bit & 1
        for info in view.tables.lists.values()
        if info.confidentiality is Confidentiality.SECRET
    )


def _category_title(view: FilterView, reason: Reason) -> str:
    if reason.kind is not ReasonKind.CATEGORY or reason.bit is None:
        return ""
    category = view.bits[reason.bit].id
    return view.tables.categories.get(category, category)


def _status_page(view: FilterView, policy: Policy, method: str) -> StopCase:
    """The page of the gateway's own address. CONNECT must not see a 2xx: that would open a tunnel (RFC 9110 9.3.6)."""
    state = FilterState(
        categories=tuple(
            view.tables.categories.get(bit.id, bit.id)
            for bit in view.bits
            if bit.role is BitRole.CATEGORY and policy.block >> bit.index & 1
        ),
        security=policy.security != 0,
        illegal=view.masks.illegal != 0,
        allow_only=policy.allow_only,
        paused=policy.paused,
    )
    status = HTTPStatus.METHOD_NOT_ALLOWED if method == "CONNECT" else HTTPStatus.OK
    return StopCase(
        Situation.STATUS,
        status,
        standard=policy.number == view.default_policy,
        essentials=view.masks.protected != 0,
        state=state,
    )
