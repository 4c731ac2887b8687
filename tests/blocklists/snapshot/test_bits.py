"""The bit plan: order, width, errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.model import Action, Bit, BitRole, Kind, ListSource
from blocklists.snapshot.bits import PlanError, feeds, plan_bits

Make = Callable[..., ListSource]


@pytest.fixture
def sources(make_source: Make) -> list[ListSource]:
    return [
        make_source("bets", categories=("gambling", "games")),
        make_source("bad", kind=Kind.SECURITY, categories=("malware",)),
        make_source("worse", kind=Kind.SECURITY),
        make_source("help", kind=Kind.PROTECTED),
        make_source("order", kind=Kind.ILLEGAL, categories=("gambling", "never-a-bit")),
        make_source("play", categories=("games",)),
    ]


def test_the_plan_follows_precedence_then_the_configuration(sources: list[ListSource]) -> None:
    bits = plan_bits(sources, [("bad", Action.NXDOMAIN), ("bets", Action.DROP), ("bad", Action.NXDOMAIN)])
    assert [(bit.role, bit.id) for bit in bits] == [
        (BitRole.ILLEGAL, "order"),
        (BitRole.PROTECTED, "help"),
        (BitRole.SECURITY, "bad"),
        (BitRole.SECURITY, "worse"),
        (BitRole.CATEGORY, "gambling"),
        (BitRole.CATEGORY, "games"),
        (BitRole.CATEGORY, "malware"),
        (BitRole.ACTION, "bad"),
        (BitRole.ACTION, "bets"),
    ]
    assert [bit.index for bit in bits] == list(range(9))
    assert bits[7] == Bit(7, BitRole.ACTION, "bad", Action.NXDOMAIN)


@pytest.mark.parametrize(
    ("list_id", "mask"),
    [
        ("bets", 0b110000),
        ("bad", 0b1000100),
        ("worse", 0b1000),
        ("help", 0b10),
        ("order", 0b1),
        ("play", 0b100000),
    ],
)
def test_what_a_list_feeds(sources: list[ListSource], list_id: str, mask: int) -> None:
    bits = plan_bits(sources, [(list_id, Action.DROP)])
    source = next(source for source in sources if source.id == list_id)
    assert feeds(source, bits) == mask


def test_256_bits_fit_and_257_do_not(make_source: Make) -> None:
    lists = [make_source(f"s{n}", kind=Kind.SECURITY) for n in range(200)]
    categories = make_source("many", categories=tuple(f"c{n}" for n in range(55)))
    assert len(plan_bits([*lists, categories], [("s0", Action.DROP)])) == 256
    with pytest.raises(
        PlanError, match=r"200 .* 55 categories and 2 list actions need 257 bits; there are 256"
    ):
        plan_bits([*lists, categories], [("s0", Action.DROP), ("s1", Action.DROP)])


def test_a_category_list_without_a_category(make_source: Make) -> None:
    with pytest.raises(PlanError, match=r"list mute .* no category"):
        plan_bits([make_source("mute", categories=())])
