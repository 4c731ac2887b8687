"""Names of policies there and back, and texts that are cut short."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolver.policy.model import Grant, Policy, Rule
from resolver.tables.texts import TextError, read_rewrites, read_rules, rewrites_text, rules_text

NAMES = st.binary(min_size=1, max_size=255)
RULES = st.lists(st.builds(Rule, st.booleans(), st.booleans()), min_size=1, max_size=4, unique=True).map(
    tuple
)
GRANTS = st.builds(Grant, NAMES, st.integers(0, 2**40).map(lambda ms: ms / 1000))


@example(rules={}, grants=(Grant(b"\0", 1_099_511_627.775),))
@given(st.dictionaries(NAMES, RULES, max_size=6), st.lists(GRANTS, max_size=4).map(tuple))
def test_rules_and_grants_survive(rules: dict[bytes, tuple[Rule, ...]], grants: tuple[Grant, ...]) -> None:
    assert read_rules(rules_text(Policy(0, rules=rules, grants=grants))) == (rules, grants)


@given(st.dictionaries(NAMES, NAMES, max_size=6))
def test_rewrites_survive(rewrites: dict[bytes, bytes]) -> None:
    assert read_rewrites(rewrites_text(rewrites)) == rewrites


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (1.0004, 1.001),
        (1.0, 1.0),
        (-5.0, 0.0),
        (float("inf"), (2**64 - 1) / 1000),
        (1e300, (2**64 - 1) / 1000),
    ],
)
def test_a_grant_ends_at_the_first_whole_millisecond_after_its_end(until: float, expected: float) -> None:
    _, (grant,) = read_rules(rules_text(Policy(0, grants=(Grant(b"\x01a\x00", until),))))
    assert grant.until == expected


@pytest.mark.parametrize(
    "text", [b"\x05\x01\x00", b"\x00", b"\x00\x02\x00", b"\x04\x00\x00", b"\x04" + bytes(8)]
)
def test_a_text_that_is_cut_short_or_unknown_is_an_error(text: bytes) -> None:
    with pytest.raises(TextError):
        read_rules(text)


@pytest.mark.parametrize("text", [b"\x01", b"\x01\x00", b"\x01\x00\x05\x00"])
def test_a_rewrite_without_a_target_is_an_error(text: bytes) -> None:
    with pytest.raises(TextError):
        read_rewrites(text)
