"""Guesses are counted by peer: the same wrong token again is none, and a minute later all is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.api.attempts import MOST, WINDOW, Attempts


def guess(attempts: Attempts, peer: str, count: int, now: float = 0.0) -> None:
    for number in range(count):
        attempts.failed(peer, str(number).encode(), now)


@pytest.mark.parametrize(("count", "wait"), [(0, 0.0), (MOST - 1, 0.0), (MOST, WINDOW), (MOST * 3, WINDOW)])
def test_different_guesses_count(count: int, wait: float) -> None:
    attempts = Attempts()
    guess(attempts, "192.0.2.7", count)
    assert attempts.wait("192.0.2.7", 0.0) == wait


def test_the_same_mistake_again_is_no_guess() -> None:
    attempts = Attempts()
    for number in range(MOST * 3):
        attempts.failed("192.0.2.7", b"old token", float(number))
    assert attempts.wait("192.0.2.7", 0.0) == 0.0


@pytest.mark.parametrize(
    ("guesser", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "", True),
        ("", "192.0.2.7", False),
    ],
)
def test_a_peer_is_an_address_or_one_subscribers_network(guesser: str, other: str, is_same: bool) -> None:
    attempts = Attempts()
    guess(attempts, guesser, MOST)
    assert (attempts.wait(other, 0.0) > 0) is is_same


def test_it_ends() -> None:
    attempts = Attempts()
    guess(attempts, "192.0.2.7", MOST, now=100.0)
    assert attempts.wait("192.0.2.7", 100.0 + WINDOW - 1) == 1.0
    assert attempts.wait("192.0.2.7", 100.0 + WINDOW) == 0.0


@given(st.lists(st.tuples(st.integers(0, 9_999), st.binary(max_size=2)), max_size=300))
def test_memory_is_bounded(tried: list[tuple[int, bytes]]) -> None:
    attempts = Attempts()
    for now, (peer, what) in enumerate(tried * 20):
        attempts.failed(f"peer {peer + now}", what, float(now))
    assert len(attempts._failures) <= 4_096
    assert all(len(each) <= MOST for each in attempts._failures.values())
