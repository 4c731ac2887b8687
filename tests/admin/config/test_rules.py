"""Names in allow and deny rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.config.rules import NameRule


@pytest.mark.parametrize(
    ("text", "name", "below"),
    [
        ("bets.example", "bets.example", True),
        ("=bets.example", "bets.example", False),
        ("WWW.Bets.Example.", "www.bets.example", True),
        ("bücher.example", "xn--bcher-kva.example", True),
        ("=under_score.example", "under_score.example", False),
    ],
)
def test_rules_are_kept_in_canonical_form(text: str, name: str, below: bool) -> None:
    assert NameRule.parse(text) == NameRule(name, below)
    assert NameRule.parse(str(NameRule.parse(text))) == NameRule(name, below)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "==bets.example",
        "com",
        "192.0.2.1",
        "::1",
        "http://bets.example/",
        "bets.example/x",
        "*.bets.example",
        "a b.c",
    ],
)
def test_what_no_rule_can_be_about(text: str) -> None:
    with pytest.raises(ValueError, match=r"write for example bets\.example"):
        NameRule.parse(text)


@given(st.text(max_size=40))
def test_any_text_gives_a_rule_or_a_value_error(text: str) -> None:
    try:
        printed = str(NameRule.parse(text))
    except ValueError as error:
        printed = str(error)
    else:
        assert str(NameRule.parse(printed)) == printed
    assert printed.isprintable()
