"""Under which head each bit counts: nothing about a secret list can be told by taking other numbers away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from blocklists.model import Action, Bit, BitRole, Confidentiality, Kind, LegalBasis
from blocklists.properties import LogPolicy
from resolver.answer.generation import Generation
from resolver.day_groups import GROUP, NO_GROUP, groups_of
from resolver.policy.model import Masks
from resolver.tables.model import ListInfo
from resolver.tables.view import View


def listed(list_id: str, kind: Kind, confidentiality: Confidentiality, *categories: str) -> ListInfo:
    basis = LegalBasis.VOLUNTARY if kind is Kind.ILLEGAL else LegalBasis.USER
    return ListInfo(list_id, list_id, kind, basis, confidentiality, categories=categories)


LISTS = {
    item.id: item
    for item in (
        listed("iwf", Kind.ILLEGAL, Confidentiality.SECRET),
        listed("court", Kind.ILLEGAL, Confidentiality.PUBLIC),
        listed("malware", Kind.SECURITY, Confidentiality.PUBLIC),
        listed("bets", Kind.CATEGORY, Confidentiality.PUBLIC, "gambling"),
        listed("zone", Kind.CATEGORY, Confidentiality.PUBLIC, "chat"),
        listed("hidden", Kind.CATEGORY, Confidentiality.SECRET, "adult"),
        listed("help", Kind.PROTECTED, Confidentiality.PUBLIC),
        replace(listed("quiet", Kind.CATEGORY, Confidentiality.PUBLIC, "drugs"), log=LogPolicy.NONE),
    )
}
BITS = {
    Bit(0, BitRole.ILLEGAL, "iwf"): GROUP,
    Bit(1, BitRole.ILLEGAL, "court"): GROUP,
    Bit(2, BitRole.SECURITY, "malware"): GROUP,
    Bit(3, BitRole.CATEGORY, "gambling"): "gambling",
    Bit(4, BitRole.ACTION, "zone", Action.NXDOMAIN): "chat",
    Bit(5, BitRole.ACTION, "zone", Action.ALLOW): "",
    Bit(6, BitRole.ACTION, "zone", Action.COUNT): "",
    Bit(7, BitRole.CATEGORY, "adult"): GROUP,
    Bit(8, BitRole.PROTECTED, "help"): "",
    Bit(9, BitRole.CATEGORY, "drugs"): "",
    Bit(10, BitRole.ACTION, "malware", Action.DROP): GROUP,
}


@pytest.fixture
def generation(make_view: Callable[..., View]) -> Generation:
    view = make_view()
    feeds = {"iwf": 1, "court": 2, "malware": 4, "bets": 8, "hidden": 128, "quiet": 512}
    actions = {bit.index: (bit.id, bit.action) for bit in BITS if bit.role is BitRole.ACTION}
    view.tables = replace(view.tables, lists=LISTS)
    view.bits = tuple(BITS)
    view.masks = Masks(illegal=3, security=4, categories=8 | 128 | 512, actions=actions, feeds=feeds)
    return Generation(view)


def test_each_bit_counts_under_one_head(generation: Generation) -> None:
    groups = groups_of(generation)
    assert groups.names == ("chat", "gambling", GROUP)
    for bit, name in BITS.items():
        number = groups.of_bit[bit.index]
        assert name == ("" if number == NO_GROUP else groups.names[number]), bit
    assert set(groups.of_bit[len(BITS) :]) == {NO_GROUP}


def test_a_query_counts_once_in_a_group(generation: Generation) -> None:
    groups = groups_of(generation)
    assert groups.of_mask(0b111) == {groups.names.index(GROUP)}
    assert groups.of_mask(1 << 5 | 1 << 6 | 1 << 200) == set()
    assert len(groups.of_mask((1 << 256) - 1)) == 3
