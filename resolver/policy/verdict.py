"""The decision. Rule 1: every step of precedence is here and nowhere else. Rule 2: nothing here changes anything.

``decide`` walks the steps in order and returns at the first that speaks; ``explain`` walks the very same steps and
keeps what each had to say. Both get the name as a lower-case wire name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from blocklists.model import Action as ListAction
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


def decide(case: Case) -> Verdict:
    """The verdict on one name (DESIGN.md section 5)."""
    for _, judge in STEPS:
        verdict = judge(case)
        if verdict is not None:
            return verdict
    raise AssertionError("the last step always speaks")


def explain(case: Case) -> list[tuple[Step, Verdict | None]]:
    """Every step up to the one that speaks, with its verdict; the last pair is the decision of ``decide``."""
    steps: list[tuple[Step, Verdict | None]] = []
    for step, judge in STEPS:
        verdict = judge(case)
        steps.append((step, verdict))
        if verdict is not None:
            break
    return steps


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
    bit = _lowest(mask)
    return Verdict(VerdictAction.BLOCK, Reason(step, kind, bit), _list_action(case, bit))


def _list_action(case: Case, bit: int) -> ListAction:
    """The RPZ action that a list feeding ``bit`` asked for at this name, if one did."""
    for index, (list_id, action) in case.masks.actions.items():
        if case.listing.bits >> index & 1 and case.masks.feeds.get(list_id, 0) >> bit & 1:
            return action
    return ListAction.BLOCK


def _illegal(case: Case) -> Verdict | None:
    hit = case.listing.bits & case.masks.illegal
    if not hit:
        return None
    # A legal order is named before a voluntary list: the person is owed the authority (RFC 7725).
    if ordered := hit & case.masks.illegal_orders:
        return _blocked(case, Step.ILLEGAL, ReasonKind.ILLEGAL_ORDER, ordered)
    return _blocked(case, Step.ILLEGAL, ReasonKind.ILLEGAL_VOLUNTARY, hit)


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
    hit = case.listing.bits & case.policy.security
    return _blocked(case, Step.SECURITY, ReasonKind.SECURITY, hit) if hit else None


def _category(case: Case) -> Verdict | None:
    if case.vouched:
        return None
    if hit := case.listing.bits & case.policy.block:
        return _blocked(case, Step.CATEGORY, ReasonKind.CATEGORY, hit)
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
