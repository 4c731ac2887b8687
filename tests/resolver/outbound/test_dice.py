"""Randomness in blocks: every bit asked for, each once."""

from __future__ import annotations

import pytest

from resolver.outbound import dice
from resolver.outbound.dice import BLOCK, SystemDice


def test_bits_are_used_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []

    def urandom(length: int) -> bytes:
        drawn.append(bytes((len(drawn) + place) % 251 for place in range(length)))
        return drawn[-1]

    monkeypatch.setattr(dice.os, "urandom", urandom)
    system = SystemDice()
    numbers = [system.getrandbits(16) for _ in range(BLOCK)]
    assert [len(block) for block in drawn] == [BLOCK, BLOCK]
    assert b"".join(number.to_bytes(2, "big") for number in numbers) == b"".join(drawn)
    assert system.getrandbits(8 * (BLOCK + 1)).bit_length() <= 8 * (BLOCK + 1)
    assert len(drawn[-1]) == BLOCK + 1


@pytest.mark.parametrize("bits", [0, 1, 7, 8, 9, 16, 2_040])
def test_numbers_have_no_more_bits_than_asked_for(bits: int) -> None:
    system = SystemDice()
    numbers = [system.getrandbits(bits) for _ in range(300)]
    assert max(numbers) < 1 << bits
    assert bits == 0 or len(set(numbers)) > 1


def test_fractions_fill_the_interval() -> None:
    system = SystemDice()
    numbers = [system.random() for _ in range(2_000)]
    assert 0 <= min(numbers) < 0.05
    assert 0.95 < max(numbers) < 1
