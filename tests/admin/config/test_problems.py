"""The words of a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config.problems import ConfigError, Problem, nearest, shown


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(Path("a.yaml"), 3, "x.y", "is wrong"), "a.yaml:3: x.y: is wrong"),
        (Problem(Path("a.yaml"), 0, "", "is wrong"), "a.yaml: is wrong"),
        (Problem(Path("a.yaml"), 7, "", "is wrong"), "a.yaml:7: is wrong"),
    ],
)
def test_a_problem_names_what_is_known_of_its_place(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_an_error_says_all_its_problems() -> None:
    error = ConfigError(Problem(Path("a"), line, "", "wrong") for line in (1, 2))
    assert str(error) == "a:1: wrong\na:2: wrong"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("resovler", " (did you mean `resolver`?)"),
        ("RESOLVER", " (did you mean `resolver`?)"),
        ("zzz", ""),
        ("", ""),
        ("r" * 100_000, ""),
    ],
)
def test_the_nearest_known_word(word: str, hint: str) -> None:
    assert nearest(word, ["gateway", "resolver"]) == hint


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "`a`"), (True, "`true`"), (7, "`7`"), ("a\x1b[31m\n", "`a�[31m�`"), ("x" * 61, f"`{'x' * 60}…`")],
)
def test_a_value_is_shown_safely_and_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_known_word_gives_no_orders_to_the_terminal() -> None:
    """The names of profiles and categories are the operator's own words, and may be what was mistyped."""
    assert nearest("strict", ["s\ttri\x1bct"]) == " (did you mean `s�tri�ct`?)"
