"""Events that wait for the log, made into what it is to tell. No I/O: rows in, items out.

Their order is kept. A batch ends behind an event about keys or the end of the log, because the checkpoint that shows it is
still signed as before it. What may have changed the state waits a while for the state to be published, and whatever comes
behind it waits too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from admin.audit.batch import Item
from admin.audit.facts import Recorded, actor, fits
from admin.audit.head import LogKey
from admin.audit.publication import PublicationError, private_part, public_part
from resolver.tlog.canonical import Json
from resolver.tlog.fields import record
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.notes import VerifierKey

HOLD = 5.0
"""Seconds that an event which may have changed the state waits for that to be published. Everything behind it waits too:
longer than most lists take to be compiled, and short enough to be told in good time where nothing is published for it.
"""
UNTOLD = "event.untold"
"""The type of a leaf about an event that this version cannot tell. Verifiers pass over types that they do not know."""
_NEXT = record(dict(SHAPES[LeafType.LOG_NEXT].required))
_LAST_OF_BATCH = frozenset({LeafType.KEY_ADD, LeafType.KEY_RETIRE, LeafType.LOG_CLOSE})


@dataclass(frozen=True, slots=True)
class Drained:
    """What goes into the next batch."""

    items: tuple[Item, ...]
    upto: int
    """The sequence of the last event that was looked at."""
    more: bool
    """Whether the batch had to end before the last of the rows."""
    is_held: bool = False
    """The next event waits for its state; it and all behind it are not among the items."""


def drain(
    rows: Sequence[Recorded], actor_key: bytes, *, after: int, now: float, hold: bool = True
) -> Drained:
    """The items of these events, the first right behind ``after``. ``now`` is Unix seconds.

    ``hold``: events that may have changed the state wait for it to be published, for ``HOLD`` seconds.
    """
    items: list[Item] = []
    upto = after
    for offset, row in enumerate(rows):
        item = _item(row, actor_key)
        if hold and item is not None and item.moves and 0 <= now - row.at < HOLD:
            return Drained(tuple(items), upto, more=False, is_held=True)
        upto = row.sequence
        if item is not None:
            items += [*_heralds(row, item), item]
            if item.type in _LAST_OF_BATCH:
                return Drained(tuple(items), upto, more=offset + 1 < len(rows))
    return Drained(tuple(items), upto, more=False)


def changed_keys(items: Sequence[Item], first: int, now: int, known: Sequence[LogKey]) -> tuple[LogKey, ...]:
    """The keys that these items, the first at index ``first``, add or retire."""
    found = {key.vkey: key for key in known}
    changed: list[LogKey] = []
    for offset, item in enumerate(items):
        if item.type is LeafType.KEY_ADD:
            key = VerifierKey.parse(_text(item.facts, "vkey"))
            changed.append(LogKey(key.key_id.hex(), key.text, first + offset, added=now))
        elif item.type is LeafType.KEY_RETIRE and (old := found.get(_text(item.facts, "vkey"))) is not None:
            changed.append(LogKey(old.key_id, old.vkey, old.since, first + offset, old.added))
    return tuple(changed)


def _item(row: Recorded, actor_key: bytes) -> Item | None:
    try:
        part = public_part(row, actor_key)
    except PublicationError:
        # Of an earlier or later version: it stands in the log all the same, with nothing told but that it is there.
        return Item(UNTOLD, actor(row, actor_key), event=row.sequence, private=private_part(row))
    if part is None:
        return None
    return Item(
        part.type,
        part.actor,
        part.facts,
        second=part.second,
        event=row.sequence,
        private=private_part(row),
        ref=part.ref,
    )


def _heralds(row: Recorded, last: Item) -> list[Item]:
    """What stands before the last leaf of a log: the key of the log that follows, where its event has that. Under the same
    checkpoint, so that no end is signed without it.
    """
    facts: dict[str, Json] = {"origin": last.facts.get("next"), "vkey": str(row.detail.get("vkey"))}
    if last.type is not LeafType.LOG_CLOSE or not fits(_NEXT, facts):
        return []
    return [Item(LeafType.LOG_NEXT, last.actor, facts)]


def _text(facts: Mapping[str, Json], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""
