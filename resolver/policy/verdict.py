"""The decision. Rule 1: every step of precedence is here and nowhere else. Rule 2: nothing here changes anything.

Before the steps, ``zones`` settles which RPZ zone of each kind has a say; the steps then see that zone's bit alone.

``decide`` walks the steps in order and returns at the first that speaks; ``explain`` walks the very same steps and
keeps what each had to say. Both get the name as a lower-case wire name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from resolver.policy.model import (
    Listing,
    Masks,
    Policy,
    Reason,
    ReasonKind,
    Rule,
    Step,
    Verdict,
    VerdictAction,
)
from resolver.policy.zones import Heard, hear


class Part(Enum):
    """Which part of a conversation is judged."""

    QUERY = auto()
    TARGET = auto()
    """A CNAME, DNAME, HTTPS or SVCB target in an answer."""
    ADDRESS = auto()
    """An address in an answer; its case has no name."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision may look at. ``now`` is Unix seconds.

    Targets and addresses can be blocked, but not paused or rewritten to safe search, and an allow-only policy has
    already allowed the name that was asked for.
    """

    name: bytes
    listing: Listing
    policy: Policy
    masks: Masks
    now: float
    part: Part = Part.QUERY
    vouched: bool = False
    """The query name was allowed by name (protected, grant, rule). What it leads to is then not blocked for its
    category, or a parent's allow would be undone by the site's own delivery network; illegal lists still speak, and
    security lists still speak about addresses."""
    over_tcp: bool = False
    silenced: int = 0
    """The bits of zones that have no say any more (``Verdict.silenced`` of earlier parts)."""


def decide(case: Case) -> Verdict:
    """The verdict on one name (DESIGN.md section 5)."""
    bits = _bits(case)
    if not bits & case.masks.zones:
        return _decide(case)
    heard = _hear(case, bits)
    return _told(_decide(_settled(case, heard)), heard)


def explain(case: Case) -> list[tuple[Step, Verdict | None]]:
    """Every step up to the one that speaks, with its verdict; the last pair is the decision of ``decide``."""
    heard = _hear(case, _bits(case))
    settled = _settled(case, heard)
    steps: list[tuple[Step, Verdict | None]] = []
    for step, judge in STEPS:
        verdict = judge(settled)
        steps.append((step, None if verdict is None else _told(verdict, heard)))
        if verdict is not None:
            break
    return steps


def _decide(case: Case) -> Verdict:
    for _, judge in STEPS:
        verdict = judge(case)
        if verdict is not None:
            return verdict
    raise AssertionError("the last step always speaks")


def _bits(case: Case) -> int:
    """What the lists say of the part, and at the query what zones say of the client, which stands in its policy."""
    if not case.masks.clients or case.part is not Part.QUERY:
        return case.listing.bits
    return case.listing.bits | (case.policy.block | case.policy.security) & case.masks.clients


def _hear(case: Case, bits: int) -> Heard:
    return hear(bits, case.policy, case.masks, over_tcp=case.over_tcp, silenced=case.silenced)


def _settled(case: Case, heard: Heard) -> Case:
    return replace(case, listing=Listing(heard.bits, case.listing.hits))


def _told(verdict: Verdict, heard: Heard) -> Verdict:
    return replace(verdict, silenced=heard.silenced, passed=heard.passed)


def suffixes(name: bytes) -> Iterator[bytes]:
    """The wire name itself, then each parent, without the root; longest first."""
    position = 0
    while position < len(name) and name[position] != 0:
        yield name[position:]
        position += name[position] + 1


def _lowest(mask: int) -> int:
    """Index of the lowest set bit: lists and categories speak in the order of the configuration."""
    return (mask & -mask).bit_length() - 1


def _blocked(case: Case, step: Step, kind: ReasonKind, mask: int) -> Verdict:
    hit = case.listing.bits & mask
    zones = hit & case.masks.zones
    plain = hit ^ zones
    if zones:
        zone = _lowest(zones)
        list_id, action = case.masks.actions[zone]
        own = case.masks.feeds.get(list_id, 0) & mask
        bit = _lowest(own or zones)
        if not plain or bit <= _lowest(plain):
            return Verdict(VerdictAction.BLOCK, Reason(step, kind, bit), action, zone=zone)
    return Verdict(VerdictAction.BLOCK, Reason(step, kind, _lowest(plain)))


def _illegal(case: Case) -> Verdict | None:
    hit = case.listing.bits & case.masks.illegal
    if not hit:
        return None
    # A legal order is named before a voluntary list: the person is owed the authority (RFC 7725).
    if hit & case.masks.illegal_orders:
        return _blocked(case, Step.ILLEGAL, ReasonKind.ILLEGAL_ORDER, case.masks.illegal_orders)
    return _blocked(case, Step.ILLEGAL, ReasonKind.ILLEGAL_VOLUNTARY, case.masks.illegal)


def _protected(case: Case) -> Verdict | None:
    hit = case.listing.bits & case.masks.protected
    if not hit:
        return None
    return Verdict(VerdictAction.ALLOW, Reason(Step.PROTECTED, ReasonKind.PROTECTED, _lowest(hit)))


def _grant(case: Case) -> Verdict | None:
    for grant in case.policy.grants:
        if case.now < grant.until and grant.name in suffixes(case.name):
            return Verdict(VerdictAction.ALLOW, Reason(Step.GRANT, ReasonKind.GRANT, rule=grant.name))
    return None


def _rule(case: Case) -> Verdict | None:
    if case.vouched:
        return None
    found = _most_specific_rule(case.policy, case.name)
    if found is None:
        return None
    name, rule = found
    action = VerdictAction.ALLOW if rule.allow else VerdictAction.BLOCK
    return Verdict(action, Reason(Step.RULE, ReasonKind.OWN_RULE, rule=name))


def _most_specific_rule(policy: Policy, name: bytes) -> tuple[bytes, Rule] | None:
    """Most specific name first; at the same name allow before deny."""
    if not policy.rules:
        return None
    for suffix in suffixes(name):
        matching = [rule for rule in policy.rules.get(suffix, ()) if rule.below or suffix == name]
        if matching:
            return suffix, max(matching, key=lambda rule: rule.allow)
    return None


def _pause(case: Case) -> Verdict | None:
    if not case.policy.paused or case.part is not Part.QUERY:
        return None
    return Verdict(VerdictAction.BLOCK, Reason(Step.PAUSE, ReasonKind.PAUSED))


def _security(case: Case) -> Verdict | None:
    if case.vouched and case.part is Part.TARGET:
        return None
    if not case.listing.bits & case.policy.security:
        return None
    return _blocked(case, Step.SECURITY, ReasonKind.SECURITY, case.policy.security)


def _category(case: Case) -> Verdict | None:
    if case.vouched:
        return None
    if case.listing.bits & case.policy.block:
        return _blocked(case, Step.CATEGORY, ReasonKind.CATEGORY, case.policy.block)
    if case.policy.allow_only and case.part is Part.QUERY:
        return _allow_only(case)
    return None


def _allow_only(case: Case) -> Verdict | None:
    if case.listing.bits & case.policy.only:
        return None
    return Verdict(VerdictAction.BLOCK, Reason(Step.CATEGORY, ReasonKind.ALLOW_ONLY))


def _safe_search(case: Case) -> Verdict | None:
    target = case.policy.safe_search.get(case.name) if case.part is Part.QUERY else None
    if target is None:
        return None
    reason = Reason(Step.SAFE_SEARCH, ReasonKind.SAFE_SEARCH, rule=case.name)
    return Verdict(VerdictAction.REWRITE, reason, target=target)


def _default(case: Case) -> Verdict | None:
    return Verdict(VerdictAction.ALLOW, Reason(Step.DEFAULT, ReasonKind.NOT_LISTED))


STEPS: tuple[tuple[Step, Callable[[Case], Verdict | None]], ...] = (
    (Step.ILLEGAL, _illegal),
    (Step.PROTECTED, _protected),
    (Step.GRANT, _grant),
    (Step.RULE, _rule),
    (Step.PAUSE, _pause),
    (Step.SECURITY, _security),
    (Step.CATEGORY, _category),
    (Step.SAFE_SEARCH, _safe_search),
    (Step.DEFAULT, _default),
)
