"""Noise for published counts: discrete Laplace, drawn exactly in integers.

Canonne, Kamath, Steinke: The Discrete Gaussian for Differential Privacy (NeurIPS 2020), algorithms 1 and 2. Floating
point would leak what the noise hides (Mironov, 2012), so there is none here. Pure: randomness is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

Below = Callable[[int], int]
"""A uniform integer from 0 to n - 1, as ``secrets.randbelow``."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What is done to a count before it is told.

    ``most`` (C) hits of a list a day are one client's, ``epsilon`` is what a day's number may tell about a client, and
    below ``floor`` (k) no number is told.
    """

    most: int
    epsilon: Fraction = Fraction(1)
    floor: int = 50

    def told(self, count: int, below: Below) -> int | None:
        """The number to publish; None is "fewer than ``floor``, or the noise says so". To be drawn once: the mean of
        several would uncover the count.
        """
        noisy = max(0, count + discrete_laplace(Fraction(self.most) / self.epsilon, below))
        return noisy if noisy >= self.floor else None


def discrete_laplace(scale: Fraction, below: Below) -> int:
    """An integer z with a probability proportional to exp(-abs(z) / scale). ValueError for a scale that is not > 0."""
    if scale <= 0:
        raise ValueError(f"the scale of noise must be more than 0, not {scale}")
    while True:
        magnitude = _geometric(scale.numerator, below) // scale.denominator
        is_negative = below(2)
        if magnitude or not is_negative:  # 0 has one sign only
            return -magnitude if is_negative else magnitude


def bernoulli_exp(gamma: Fraction, below: Below) -> bool:
    """True with a probability of exp(-gamma), for gamma >= 0."""
    while gamma > 1:
        if not _bernoulli_exp_small(Fraction(1), below):
            return False
        gamma -= 1
    return _bernoulli_exp_small(gamma, below)


def _bernoulli_exp_small(gamma: Fraction, below: Below) -> bool:
    """For gamma from 0 to 1: the series of exp, as a chain of coins."""
    tosses = 1
    while below(gamma.denominator * tosses) < gamma.numerator:
        tosses += 1
    return tosses % 2 == 1


def _geometric(size: int, below: Below) -> int:
    """An integer n >= 0 with a probability proportional to exp(-n / size)."""
    while True:
        rest = below(size)
        if bernoulli_exp(Fraction(rest, size), below):
            break
    wholes = 0
    while bernoulli_exp(Fraction(1), below):
        wholes += 1
    return rest + size * wholes
