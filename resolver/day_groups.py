"""Under which heads hits are counted for statistics: each category, and everything illegal or dangerous under one.

A number about a secret list could be told apart from the others' by taking theirs away. So whatever a secret list has a
part in, and all illegal-content and security lists, whether secret or not, are one group for good. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from blocklists.model import MAX_BITS, Action, Bit, BitRole, Kind
from resolver.answer.generation import Generation
from resolver.policy.model import bits_of

GROUP = "illegal-and-security"
"""The one group. A category of this name would be counted with it."""
NO_GROUP = 255
"""In ``Groups.of_bit``: hits of the bit are not counted."""
_NO_BLOCK = {Action.ALLOW, Action.COUNT}


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups' names, and by bit the number of its group."""

    names: tuple[str, ...]
    of_bit: bytes

    def of_mask(self, mask: int) -> set[int]:
        """The numbers of the groups of these bits."""
        return {self.of_bit[bit] for bit in bits_of(mask)} - {NO_GROUP}


def groups_of(generation: Generation) -> Groups:
    """The groups of a generation's bits. Lists that want no count have none."""
    found = {bit.index: name for bit in generation.view.bits if (name := _group(bit, generation))}
    names = tuple(sorted(set(found.values())))[:NO_GROUP]
    numbers = {name: number for number, name in enumerate(names)}
    return Groups(names, bytes(numbers.get(found.get(bit, ""), NO_GROUP) for bit in range(MAX_BITS)))


def _group(bit: Bit, generation: Generation) -> str:
    view = generation.view
    if generation.uncounted >> bit.index & 1 or bit.action in _NO_BLOCK:
        return ""
    if generation.secret >> bit.index & 1:
        return GROUP
    match bit.role:
        case BitRole.ILLEGAL | BitRole.SECURITY:
            return GROUP
        case BitRole.CATEGORY:
            return bit.id
        case BitRole.ACTION | BitRole.CLIENT:
            info = view.tables.lists.get(bit.id)
            if info is None or info.kind is Kind.PROTECTED:
                return ""
            return info.categories[0] if info.kind is Kind.CATEGORY and info.categories else GROUP
        case BitRole.PROTECTED:
            return ""
