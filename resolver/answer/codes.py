"""The EDE code of a blocked answer: the reason's, or what the operator wants for the list that spoke. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blocklists.model import Bit, BitRole
from resolver.policy.model import Masks, Verdict
from resolver.policy.reasons import REASONS
from resolver.tables.model import ListInfo

_OF_ONE_LIST = {BitRole.ILLEGAL, BitRole.SECURITY, BitRole.ACTION, BitRole.CLIENT}


def list_codes(lists: Mapping[str, ListInfo], bits: Iterable[Bit], masks: Masks) -> dict[int, int]:
    """By bit the code that the operator wants in place of the reason's.

    A category that several lists feed has a code of its own only if they all want it: which of them has listed a name
    is not known where it is answered.
    """
    codes: dict[int, int] = {}
    for bit in bits:
        if bit.role in _OF_ONE_LIST:
            wanted = {lists[bit.id].ede} if bit.id in lists else set()
        else:
            wanted = {info.ede for info in lists.values() if masks.feeds.get(info.id, 0) >> bit.index & 1}
        if len(wanted) == 1 and (code := wanted.pop()) is not None:
            codes[bit.index] = code
    return codes


def ede_of(verdict: Verdict, codes: Mapping[int, int]) -> int | None:
    """The code of a block under these ``list_codes``; None where none is sent."""
    bit = verdict.reason.bit if verdict.zone is None else verdict.zone
    if bit is not None and bit in codes:
        return codes[bit]
    code = REASONS[verdict.reason.kind].ede
    return None if code is None else int(code)
