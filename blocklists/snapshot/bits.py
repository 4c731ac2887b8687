"""Which of the 256 bits stands for what: the plan is a pure function of the lists, in the order of the configuration.

The order matters to a reader: where several bits speak, the lowest is named as the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from blocklists.enforcement import fed_by
from blocklists.model import MAX_BITS, Action, Bit, BitRole, Kind, ListSource

_ROLES = {Kind.ILLEGAL: BitRole.ILLEGAL, Kind.PROTECTED: BitRole.PROTECTED, Kind.SECURITY: BitRole.SECURITY}
"""The kinds that have a bit per list, in the order of precedence (DESIGN.md section 5)."""


class PlanError(ValueError):
    """The lists need more bits than there are, or a list would have none."""


def plan_bits(
    sources: Sequence[ListSource],
    actions: Iterable[tuple[str, Action]] = (),
    client_actions: Iterable[tuple[str, Action]] = (),
) -> tuple[Bit, ...]:
    """One bit per illegal, protected and security list, one per category fed, one per (list id, action) asked for.

    ``actions`` are known when the lists have been parsed, ``client_actions`` are those about clients; both in the order
    of the configuration, which is the order in which zones speak. PlanError with the numbers when they do not fit.
    """
    wanted: list[tuple[BitRole, str, Action]] = []
    for kind, role in _ROLES.items():
        wanted += [(role, source.id, Action.BLOCK) for source in sources if source.kind is kind]
    lists = len(wanted)
    wanted += [(BitRole.CATEGORY, category, Action.BLOCK) for category in _categories(sources)]
    categories = len(wanted) - lists
    wanted += [(BitRole.CLIENT, list_id, action) for list_id, action in dict.fromkeys(client_actions)]
    wanted += [(BitRole.ACTION, list_id, action) for list_id, action in dict.fromkeys(actions)]
    if len(wanted) > MAX_BITS:
        raise PlanError(
            f"{lists} illegal, protected and security lists, {categories} categories and "
            f"{len(wanted) - lists - categories} list actions need {len(wanted)} bits; there are {MAX_BITS}. "
            "Merge lists or let lists share categories."
        )
    return tuple(Bit(index, role, id_, action) for index, (role, id_, action) in enumerate(wanted))


def plan_digest(bits: Iterable[Bit]) -> bytes:
    """32 bytes that tell one plan from another: what holds masks says with it for which plan they were made."""
    plan = "\n".join(f"{bit.index} {bit.role.value} {bit.id} {bit.action.value}" for bit in bits)
    return sha256(plan.encode()).digest()


def feeds(source: ListSource, bits: Sequence[Bit]) -> int:
    """The mask of the bits that a plain entry of ``source`` sets; one with an action sets the ACTION bit instead.

    An illegal list feeds no category: its blocks must not look like a family filter's, nor be lifted with one.
    """
    mask = 0
    for bit in bits:
        own = bit.role is _ROLES.get(source.kind) and bit.id == source.id
        if own or (bit.role is BitRole.CATEGORY and bit.id in fed_by(source)):
            mask |= 1 << bit.index
    return mask


def _categories(sources: Sequence[ListSource]) -> Iterable[str]:
    """Every category fed, in the order of the configuration."""
    for source in sources:
        if source.kind is Kind.CATEGORY and not source.categories:
            raise PlanError(
                f"list {source.id} is a category list that feeds no category; name one in its categories"
            )
    return dict.fromkeys(category for source in sources for category in fed_by(source))
