"""Noise: its distribution, what it hides between neighbouring days, and what is told of it (attack matrix, row 30).

Draws come from seeded generators, so that a run that passes once passes always; the bounds leave five standard errors.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit.noise import Noise, bernoulli_exp, discrete_laplace

DRAWS = 30_000
ERRORS = 5.0


def expected(z: int, scale: Fraction) -> float:
    """The exact probability of z."""
    q = math.exp(-1 / scale)
    return (1 - q) / (1 + q) * q ** abs(z)


def standard_error(probability: float) -> float:
    return math.sqrt(probability * (1 - probability) / DRAWS)


@pytest.mark.parametrize(
    "gamma", [Fraction(0), Fraction(1, 7), Fraction(1, 2), Fraction(1), Fraction(9, 4), Fraction(3)]
)
def test_coins_fall_as_exp_says(gamma: Fraction) -> None:
    below, chance = Random(1).randrange, math.exp(-gamma)
    heads = sum(bernoulli_exp(gamma, below) for _ in range(DRAWS)) / DRAWS
    assert abs(heads - chance) <= ERRORS * standard_error(chance)


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(1), Fraction(5, 2), Fraction(10)])
def test_noise_is_discrete_laplace(scale: Fraction) -> None:
    below = Random(2).randrange
    drawn = Counter(discrete_laplace(scale, below) for _ in range(DRAWS))
    likely = [z for z in range(-40, 41) if expected(z, scale) * DRAWS >= 25]  # enough for a normal error
    assert sum(expected(z, scale) for z in likely) > 0.98
    for z in likely:
        chance = expected(z, scale)
        assert abs(drawn[z] / DRAWS - chance) <= ERRORS * standard_error(chance), z
    mean = sum(z * count for z, count in drawn.items()) / DRAWS
    assert abs(mean) <= ERRORS * math.sqrt(2 * scale**2 / DRAWS) + ERRORS / math.sqrt(DRAWS)


@pytest.mark.parametrize("count", [45, 60, 500])
def test_neighbouring_days_cannot_be_told_apart(count: int) -> None:
    """With and without one client, each outcome's chance differs by a factor of e at most (epsilon = 1)."""
    noise, bound = Noise(most=10), math.e
    told = [
        Counter(noise.told(hits, Random(seed).randrange) for seed in range(DRAWS))
        for hits in (count, count + 10)
    ]
    seen = [outcome for outcome in told[0] | told[1] if told[0][outcome] + told[1][outcome] >= 300]
    assert len(seen) > 5
    for outcome in seen:
        ratio = (told[0][outcome] + 1) / (told[1][outcome] + 1)
        error = ERRORS * math.sqrt(1 / (told[0][outcome] + 1) + 1 / (told[1][outcome] + 1))
        assert abs(math.log(ratio)) <= math.log(bound) + error, outcome


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(0, 100), st.integers(0, 2**32))
def test_nothing_below_the_floor_is_told(count: int, most: int, floor: int, seed: int) -> None:
    told = Noise(most, Fraction(1), floor).told(count, Random(seed).randrange)
    assert told is None or told >= floor


def test_small_counts_are_suppressed_and_large_ones_are_near() -> None:
    noise = Noise(most=10)
    small = [noise.told(0, Random(seed).randrange) for seed in range(2_000)]
    assert sum(told is not None for told in small) <= 20  # exp(-5) / 2 of them, most likely 7
    large = [noise.told(5_000, Random(seed).randrange) for seed in range(2_000)]
    assert all(told is not None and abs(told - 5_000) < 150 for told in large)
    assert abs(sum(told or 0 for told in large) / 2_000 - 5_000) < 2


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1)])
def test_a_scale_is_positive(scale: Fraction) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        discrete_laplace(scale, Random(0).randrange)
