"""Precedence: each step wins over all that come after it, and over none that comes before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.model import Action
from resolver.policy.model import Grant, Policy, ReasonKind, Rule, Step, VerdictAction
from resolver.policy.verdict import STEPS, Case, Part, decide, explain, suffixes
from resolver.tables.view import View

MALWARE, GAMBLING, PORN = 1 << 2 | 0b11111 << 6, 1 << 4, 1 << 5
"""Of the malware list its plain bit and those of its actions (``resolver/conftest.py``)."""
NOW = 1_000.0
FULL = Policy(7, block=GAMBLING | PORN, security=MALWARE)
ALLOW, BLOCK, REWRITE = VerdictAction.ALLOW, VerdictAction.BLOCK, VerdictAction.REWRITE


@pytest.fixture
def case(make_view: Callable[..., View], wire: Callable[[str], bytes]) -> Callable[..., Case]:
    view = make_view()

    def build(name: str, policy: Policy = FULL, **changes: object) -> Case:
        return replace(Case(wire(name), view.listing(wire(name)), policy, view.masks, NOW), **changes)

    return build


CASES = [
    # name, policy, action, kind
    ("free.example", FULL, ALLOW, ReasonKind.NOT_LISTED),
    ("illegal.example", Policy(0), BLOCK, ReasonKind.ILLEGAL_VOLUNTARY),
    ("www.illegal.example", Policy(0), BLOCK, ReasonKind.ILLEGAL_VOLUNTARY),
    ("ordered.example", Policy(0), BLOCK, ReasonKind.ILLEGAL_ORDER),
    ("both.example", Policy(0), BLOCK, ReasonKind.ILLEGAL_ORDER),
    ("forbidden-help.example", Policy(0), BLOCK, ReasonKind.ILLEGAL_VOLUNTARY),
    ("helpline.example", replace(FULL, paused=True), ALLOW, ReasonKind.PROTECTED),
    ("help.bets.example", FULL, ALLOW, ReasonKind.PROTECTED),
    ("bets.example", FULL, BLOCK, ReasonKind.CATEGORY),
    ("bets.example", Policy(0), ALLOW, ReasonKind.NOT_LISTED),
    ("malware.example", FULL, BLOCK, ReasonKind.SECURITY),
    ("malware.example", Policy(0), ALLOW, ReasonKind.NOT_LISTED),
    ("free.example", Policy(0, paused=True), BLOCK, ReasonKind.PAUSED),
    ("free.example", Policy(0, allow_only=True, only=GAMBLING), BLOCK, ReasonKind.ALLOW_ONLY),
    ("bets.example", Policy(0, allow_only=True, only=GAMBLING), ALLOW, ReasonKind.NOT_LISTED),
    ("bets.example", Policy(0, block=GAMBLING, allow_only=True, only=GAMBLING), BLOCK, ReasonKind.CATEGORY),
]


@pytest.mark.parametrize(("name", "policy", "action", "kind"), CASES)
def test_a_verdict_and_its_reason(
    case: Callable[..., Case], name: str, policy: Policy, action: VerdictAction, kind: ReasonKind
) -> None:
    verdict = decide(case(name, policy))
    assert (verdict.action, verdict.reason.kind) == (action, kind)


def test_a_grant_lifts_a_category_until_it_ends_and_never_an_illegal_list(
    case: Callable[..., Case], wire: Callable[[str], bytes]
) -> None:
    granted = replace(FULL, paused=True, grants=(Grant(wire("bets.example"), NOW + 1),))
    assert decide(case("www.bets.example", granted)).reason.step is Step.GRANT
    assert decide(case("www.bets.example", granted, now=NOW + 1)).reason.step is Step.PAUSE
    assert decide(case("xbets.example", granted)).reason.step is Step.PAUSE
    illegal = replace(FULL, grants=(Grant(wire("illegal.example"), NOW + 1),))
    assert decide(case("illegal.example", illegal)).reason.step is Step.ILLEGAL


RULES = [
    # rules (name, allow, below), name asked for, action or None for "no rule speaks"
    ([("bets.example", True, True)], "www.bets.example", ALLOW),
    ([("bets.example", True, False)], "www.bets.example", None),
    ([("bets.example", True, False)], "bets.example", ALLOW),
    ([("free.example", False, True)], "a.b.free.example", BLOCK),
    ([("free.example", False, True), ("b.free.example", True, True)], "a.b.free.example", ALLOW),
    ([("free.example", True, True), ("b.free.example", False, True)], "a.b.free.example", BLOCK),
    ([("free.example", False, True), ("free.example", True, True)], "free.example", ALLOW),
    ([("free.example", True, False), ("free.example", False, True)], "www.free.example", BLOCK),
    ([("illegal.example", True, True)], "illegal.example", BLOCK),
]


@pytest.mark.parametrize(("rules", "name", "action"), RULES)
def test_the_most_specific_own_rule_speaks_and_allow_wins_a_tie(
    case: Callable[..., Case],
    wire: Callable[[str], bytes],
    rules: list[tuple[str, bool, bool]],
    name: str,
    action: VerdictAction | None,
) -> None:
    table: dict[bytes, tuple[Rule, ...]] = {}
    for owner, allow, below in rules:
        table[wire(owner)] = (*table.get(wire(owner), ()), Rule(allow, below))
    verdict = decide(case(name, replace(FULL, rules=table)))
    if action is None:
        assert verdict.reason.step is not Step.RULE
    else:
        assert verdict.action is action


def test_safe_search_rewrites_only_the_name_that_was_asked_for(
    case: Callable[..., Case], wire: Callable[[str], bytes]
) -> None:
    policy = Policy(0, safe_search={wire("www.search.example"): wire("safe.search.example")})
    verdict = decide(case("www.search.example", policy))
    assert (verdict.action, verdict.target) == (REWRITE, wire("safe.search.example"))
    assert decide(case("www.search.example", policy, part=Part.TARGET)).action is ALLOW
    assert decide(case("a.www.search.example", policy)).action is ALLOW


def test_an_allowed_name_vouches_for_what_it_leads_to_but_not_against_illegal_lists(
    case: Callable[..., Case],
) -> None:
    vouched = {"part": Part.TARGET, "vouched": True}
    assert decide(case("bets.example", **vouched)).action is ALLOW
    assert decide(case("malware.example", **vouched)).action is ALLOW
    assert decide(case("malware.example", part=Part.ADDRESS, vouched=True)).action is BLOCK
    assert decide(case("illegal.example", **vouched)).action is BLOCK


def test_an_rpz_action_comes_with_the_bit_of_its_own_list(case: Callable[..., Case]) -> None:
    assert decide(case("nx.example")).answer is Action.NXDOMAIN
    assert decide(case("malware.example")).answer is Action.BLOCK
    assert decide(case("nx.example", Policy(0))).action is ALLOW


def test_explain_ends_where_decide_does(case: Callable[..., Case]) -> None:
    for name, policy, _, _ in CASES:
        steps = explain(case(name, policy))
        assert steps[-1][1] == decide(case(name, policy))
        assert all(verdict is None for _, verdict in steps[:-1])
        assert [step for step, _ in steps] == [step for step, _ in STEPS[: len(steps)]]


def test_the_steps_are_in_the_order_of_the_design() -> None:
    assert [step for step, _ in STEPS] == sorted(Step)


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=4))
def test_suffixes_are_the_name_and_its_parents(labels: list[bytes]) -> None:
    encoded = [bytes([len(label)]) + label for label in labels]
    name = b"".join(encoded) + b"\0"
    assert list(suffixes(name)) == [b"".join(encoded[i:]) + b"\0" for i in range(len(encoded))]
