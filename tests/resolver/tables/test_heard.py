"""Which bits are heard while lists are switched off."""

from __future__ import annotations

import pytest

from blocklists.enforcement import Enforced
from blocklists.model import Action, Bit, BitRole, Confidentiality, Kind, LegalBasis
from resolver.tables.heard import heard
from resolver.tables.model import ListInfo, Tables
from resolver.tables.view import masks_of

BITS = (
    Bit(0, BitRole.ILLEGAL, "hotline"),
    Bit(1, BitRole.PROTECTED, "help"),
    Bit(2, BitRole.SECURITY, "malware"),
    Bit(3, BitRole.CATEGORY, "gambling"),
    Bit(4, BitRole.CATEGORY, "threats"),
    Bit(5, BitRole.ACTION, "malware", Action.NXDOMAIN),
    Bit(6, BitRole.ACTION, "bets", Action.NODATA),
)
KINDS = {
    "hotline": (Kind.ILLEGAL, ("gambling",)),
    "help": (Kind.PROTECTED, ()),
    "malware": (Kind.SECURITY, ("threats",)),
    "bets": (Kind.CATEGORY, ("gambling",)),
    "more-bets": (Kind.CATEGORY, ("gambling",)),
}


def lists(**enforced: Enforced) -> dict[str, ListInfo]:
    return {
        list_id: ListInfo(
            list_id,
            list_id,
            kind,
            LegalBasis.COURT,
            Confidentiality.PUBLIC,
            categories=categories,
            enforced=enforced.get(list_id.replace("-", "_"), Enforced.ALL),
        )
        for list_id, (kind, categories) in KINDS.items()
    }


@pytest.mark.parametrize(
    ("off", "silent"),
    [
        ((), ()),
        (("hotline",), (0,)),
        (("help",), (1,)),
        (("malware",), (2, 4, 5)),
        (("bets",), (6,)),  # the other list goes on feeding the category
        (("bets", "more_bets"), (3, 6)),
        (("hotline", "help", "malware", "bets", "more_bets"), (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_a_list_that_is_off_is_not_heard(off: tuple[str, ...], silent: tuple[int, ...]) -> None:
    found = heard(BITS, lists(**dict.fromkeys(off, Enforced.NOTHING)))
    assert {bit.index for bit in BITS} - {bit.index for bit in found} == set(silent)


def test_a_list_without_its_web_addresses_is_heard() -> None:
    assert heard(BITS, lists(hotline=Enforced.NAMES)) == BITS


def test_bits_of_lists_that_nobody_knows_are_heard() -> None:
    assert heard(BITS, {}) == BITS


def test_masks_say_nothing_of_a_list_that_is_off() -> None:
    off = lists(hotline=Enforced.NOTHING, malware=Enforced.NOTHING)
    masks = masks_of(BITS, Tables(1, 0.0, "", "", lists=off))
    assert (masks.illegal, masks.illegal_orders, masks.security) == (0, 0, 0)
    assert masks.categories == 1 << 3
    assert dict(masks.actions) == {6: ("bets", Action.NODATA)}
    assert set(masks.feeds) == {"help", "bets", "more-bets"}
