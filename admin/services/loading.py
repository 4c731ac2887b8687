"""Reading everything that is stored, and later only what events say has changed. Reads only.

Documents are checked in a thread, some at a time: control goes on answering while it reads 100,000 subscribers.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sqlalchemy import select

from admin.config import Config
from admin.config.fields import Section
from admin.services.stored import KINDS, SECTION_OF_EVENT, Stored, read_rows
from admin.store.database import Transaction
from admin.store.tables import EventRow

_AT_ONCE = 1_000
"""Rows that are fetched and checked at a time."""
MOST_SINGLY = 500
"""Changed things of a kind that are looked up one by one; of more, all of the kind are read."""
MOST_EVENTS = 20_000
"""Events that are looked through for changes; behind more, everything is read."""

_Unreadable = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Changed:
    """Which ids of which section may have changed; ``whole`` are sections that were read anew."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    whole: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything may have changed."""
        return bool(self.ids or self.whole)

    def __or__(self, other: Changed) -> Changed:
        """Both."""
        sections = self.ids.keys() | other.ids.keys()
        none: frozenset[str] = frozenset()
        ids = {name: self.ids.get(name, none) | other.ids.get(name, none) for name in sections}
        return Changed(ids, self.whole | other.whole)


async def load_stored(transaction: Transaction, declared: Config) -> Stored:
    """Everything. ``declared`` says where relative paths begin."""
    unreadable: _Unreadable = {}
    found: dict[str, Mapping[str, Section]] = {}
    for section in KINDS:
        found[section], wrong = await _read(transaction, declared, section, None)
        unreadable |= wrong
    return _with(Stored(), found, sequence=transaction.sequence, unreadable=unreadable)


async def refreshed(transaction: Transaction, declared: Config, stored: Stored) -> tuple[Stored, Changed]:
    """What is stored now, and what of it may be other than in ``stored``."""
    changed = await _changed_since(transaction, stored.sequence)
    found: dict[str, Mapping[str, Section]] = {}
    unreadable = dict(stored.unreadable)
    for section in changed.ids.keys() | changed.whole:
        ids = None if section in changed.whole else changed.ids[section]
        fresh, wrong = await _read(transaction, declared, section, ids)
        gone = [key for key in unreadable if key[0] == section and (ids is None or key[1] in ids)]
        for key in gone:
            del unreadable[key]
        unreadable |= wrong
        found[section] = fresh if ids is None else _updated(stored.section(section), ids, fresh)
    return _with(stored, found, sequence=transaction.sequence, unreadable=unreadable), changed


async def _changed_since(transaction: Transaction, sequence: int) -> Changed:
    """A database that has fewer events than before is another one (a backup): all of it counts as changed."""
    fresh = transaction.sequence - sequence
    if fresh == 0:
        return Changed()
    if not 0 < fresh <= MOST_EVENTS:
        return Changed(whole=frozenset(KINDS))
    rows = await transaction.session.execute(
        select(EventRow.kind, EventRow.subject).where(
            EventRow.sequence > sequence, EventRow.kind.in_(SECTION_OF_EVENT)
        )
    )
    ids: dict[str, set[str]] = defaultdict(set)
    for kind, subject in rows:
        ids[SECTION_OF_EVENT[kind]].add(subject)
    return Changed(
        {section: frozenset(names) for section, names in ids.items() if len(names) <= MOST_SINGLY},
        frozenset(section for section, names in ids.items() if len(names) > MOST_SINGLY),
    )


async def _read(
    transaction: Transaction, declared: Config, section: str, ids: Collection[str] | None
) -> tuple[dict[str, Section], _Unreadable]:
    """The documents of a section, or those with these ids."""
    row = KINDS[section].row
    query = select(row.id, row.document).order_by(row.id)
    if ids is not None:
        query = query.where(row.id.in_(ids))
    found: dict[str, Section] = {}
    unreadable: _Unreadable = {}
    result = await transaction.session.stream(query)
    async for rows in result.partitions(_AT_ONCE):
        pairs = [(item_id, document) for item_id, document in rows]
        fresh, wrong = await asyncio.to_thread(read_rows, section, declared, pairs)
        found |= fresh
        unreadable |= wrong
    return found, unreadable


def _updated(
    before: Mapping[str, Section], ids: Collection[str], fresh: Mapping[str, Section]
) -> dict[str, Section]:
    """``before`` with these ids as they are now; one that is new comes last."""
    result = {**before, **fresh}
    for item_id in ids:
        if item_id not in fresh:
            result.pop(item_id, None)
    return result


def _with(
    stored: Stored, found: Mapping[str, Mapping[str, Section]], *, sequence: int, unreadable: _Unreadable
) -> Stored:
    values: dict[str, object] = {"sequence": sequence, "unreadable": unreadable, **found}
    return replace(stored, **values)  # type: ignore[arg-type]  # the fields' names are the sections'
