"""What is to go into the log, made into leaves: numbers, times, states and commitments. Pure: chance is an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from admin.audit.head import Head, LogLeaf
from resolver.tlog.canonical import Json
from resolver.tlog.commitments import OPENING_BYTES, commit
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import MOVING, LeafType
from resolver.tlog.leaves import NO_FACTS, Leaf, LeafActor, encode

Chance = Callable[[int], bytes]
"""So many random bytes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the log is to tell."""

    type: LeafType | str
    actor: LeafActor
    facts: Mapping[str, Json] = field(default_factory=lambda: NO_FACTS)
    second: LeafActor | None = None
    event: int | None = None
    """The sequence of the event."""
    private: bytes | None = None
    """What the leaf commits to without showing it."""
    ref: str = ""
    """The commitment to the decision or feed, made where that is kept."""

    @property
    def moves(self) -> bool:
        """Whether it may change the state."""
        return self.type in MOVING


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves in their order, and the head with them but for tree and note."""

    head: Head
    leaves: tuple[LogLeaf, ...]


def compose(
    head: Head, items: Sequence[Item], *, now: int, state: str | None, chance: Chance, events: int = 0
) -> Batch:
    """The leaves of these items behind ``head``. ``now`` must not lie before its time.

    ``state`` is what the filter comes to by them, None if it stays: the last event that can have changed it carries it,
    the leaf that publishes it if there is none. ``events`` is the last event that was looked at, public or not. FormatError:
    an item cannot be a leaf.
    """
    carrier = None if state in (None, head.state) else _carrier(items)
    leaves: list[LogLeaf] = []
    before, bound = head.state, head.bound
    for seq, item in enumerate(items, head.size):
        after = state if seq - head.size == carrier and state is not None else before
        leaf, kept = _leaf(item, seq, now, (before, after), chance)
        leaves.append(LogLeaf(seq, encode(leaf), item.event, *kept))
        before = after
        if item.type is LeafType.PUBLISH:
            bound = seq
    return Batch(
        replace(
            head,
            time=now,
            state=before,
            bound=bound,
            events=max(head.events, events, *(item.event or 0 for item in items)),
            closed=items[-1].type is LeafType.LOG_CLOSE if items else head.closed,
        ),
        tuple(leaves),
    )


def _carrier(items: Sequence[Item]) -> int:
    """The item that changes the state."""
    moving = [offset for offset, item in enumerate(items) if item.moves]
    if not moving:
        raise ValueError("the state changes and nothing says why")
    others = [offset for offset in moving if items[offset].type is not LeafType.PUBLISH]
    return (others or moving)[-1]


def _leaf(
    item: Item, seq: int, now: int, states: tuple[str, str], chance: Chance
) -> tuple[Leaf, tuple[bytes | None, bytes | None]]:
    opening = chance(OPENING_BYTES) if item.private is not None else None
    leaf = Leaf(
        seq=seq,
        t=now,
        type=item.type,
        actor=item.actor,
        state=states[1],
        prev=ZERO_HASH if seq == 0 else states[0],
        facts=item.facts,
        second=item.second,
        priv="" if opening is None or item.private is None else commit(opening, item.private).hex(),
        ref=item.ref,
    )
    return leaf, (item.private, opening)
