"""Reading everything that is stored, and later only what events say has changed. Reads only.

Documents are checked in a thread, some at a time: control goes on answering while it reads 100,000 subscribers.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from admin.config import Config
from admin.config.fields import Section
from admin.services.categories import CategoryKind
from admin.services.errors import InvalidError
from admin.services.kinds import Kind
from admin.services.lists_declared import ListKind
from admin.services.profiles import ProfileKind
from admin.services.stored import Changed, Stored
from admin.services.subscribers import SubscriberKind
from admin.store.database import Transaction
from admin.store.tables import EventRow

_AT_ONCE = 1_000
"""Rows that are fetched and checked at a time."""
MOST_SINGLY = 500
"""Changed things of a kind that are looked up one by one; of more, all of the kind are read."""
MOST_EVENTS = 20_000
"""Events that are looked through for changes; behind more, everything is read."""

KINDS: Mapping[str, Kind[Any, Any]] = MappingProxyType(
    {kind.words.section: kind for kind in (ListKind(), CategoryKind(), ProfileKind(), SubscriberKind())}
)
"""By the key of the configuration, which is also the name of the field of ``Stored``."""

_SECTION_OF_EVENT: Mapping[str, str] = MappingProxyType(
    {
        event.value: section
        for section, kind in KINDS.items()
        for event in (kind.words.created, kind.words.changed, kind.words.deleted)
    }
)
"""What an event says has changed."""

_Unreadable = dict[tuple[str, str], str]


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
            EventRow.sequence > sequence, EventRow.kind.in_(_SECTION_OF_EVENT)
        )
    )
    ids: dict[str, set[str]] = defaultdict(set)
    for kind, subject in rows:
        ids[_SECTION_OF_EVENT[kind]].add(subject)
    # An event that was erased before it was read does not say any more which one it was.
    whole = frozenset(section for section, names in ids.items() if len(names) > MOST_SINGLY or "" in names)
    return Changed({key: frozenset(names) for key, names in ids.items() if key not in whole}, whole)


async def _read(
    transaction: Transaction, declared: Config, section: str, ids: Collection[str] | None
) -> tuple[dict[str, Section], _Unreadable]:
    """The documents of a section, or those with these ids."""
    row = KINDS[section].row
    query = select(row.id, row.document).order_by(row.id)
    if ids is not None:
        query = query.where(row.id.in_(ids))
    if ids is not None:
        rows = await transaction.session.execute(query)
        return read_rows(section, declared, rows.tuples())
    found: dict[str, Section] = {}
    unreadable: _Unreadable = {}
    result = await transaction.session.stream(query)
    async for many in result.partitions(_AT_ONCE):
        pairs = [(row[0], row[1]) for row in many]
        fresh, wrong = await asyncio.to_thread(read_rows, section, declared, pairs)
        found |= fresh
        unreadable |= wrong
    return found, unreadable


def read_rows(
    section: str, declared: Config, rows: Iterable[tuple[str, Mapping[str, object]]]
) -> tuple[dict[str, Section], _Unreadable]:
    """Documents by id, and what is wrong with those that cannot be read. ``declared`` gives the folder of paths."""
    kind = KINDS[section]
    found: dict[str, Section] = {}
    unreadable: _Unreadable = {}
    for item_id, document in rows:
        try:
            found[item_id] = kind.read(declared, item_id, document)
        except InvalidError as error:
            unreadable[section, item_id] = (
                f"{kind.words.noun} `{item_id}` of the database cannot be used and is left out: {error}"
            )
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
