"""The use cases that lists, categories, profiles and subscribers share: list, get, create, replace, patch, delete.

What is peculiar to a kind (its permissions, its rules, its further rows) is a ``Kind``. Every change is one event and
one step of the revision, in the transaction of the caller; whoever tells the data plane does so after the commit.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Generic

from sqlalchemy import func, select

from admin.audit.events import Event, EventKind, digest_of
from admin.config import Config
from admin.services.actors import Actor, require
from admin.services.acts import MOST_PER_PAGE, Act, Item, Page, Part
from admin.services.errors import ConflictError, DeclaredError, NotFoundError, RevisionError
from admin.services.kinds import Kind, R, S
from admin.store.database import Transaction
from admin.store.tables import Document

FIRST_PAGE = Page()


class Documents(Generic[S, R]):
    """The use cases of one kind. Errors: DeniedError, and those of ``admin.services.errors``.

    ``declared`` is the configuration as its file says it, not the effective one.
    """

    def __init__(self, kind: Kind[S, R]) -> None:
        self._kind = kind

    async def list(
        self, transaction: Transaction, declared: Config, actor: Actor, page: Page = FIRST_PAGE
    ) -> Part[Item[S]]:
        """One page of all there are, declared and stored, by id."""
        require(actor, self._kind.words.read)
        limit = max(1, min(page.limit, MOST_PER_PAGE))
        row = self._kind.row
        rows = await transaction.session.scalars(
            select(row).where(row.id > page.after).order_by(row.id).limit(limit + 1)
        )
        found = {stored.id: self._stored(declared, stored) for stored in rows}
        # The file wins where both have an id (``effective``), so it does here.
        found |= {
            item_id: Item(item_id, section, declared=True)
            for item_id, section in self._kind.declared(declared).items()
            if item_id > page.after
        }
        ids = heapq.nsmallest(limit + 1, found)
        items = tuple(found[item_id] for item_id in ids[:limit])
        return Part(items, items[-1].id if len(ids) > limit else None)

    async def get(self, transaction: Transaction, declared: Config, actor: Actor, item_id: str) -> Item[S]:
        """One of them. NotFoundError."""
        require(actor, self._kind.words.read)
        if (section := self._kind.declared(declared).get(item_id)) is not None:
            return Item(item_id, section, declared=True)
        return self._stored(declared, await self._row(transaction, item_id))

    async def create(
        self,
        transaction: Transaction,
        declared: Config,
        act: Act,
        item_id: str,
        document: Mapping[str, object],
    ) -> Item[S]:
        """Add one. ``document`` is the section as JSON, without its id. InvalidError, ConflictError."""
        kind = self._kind
        require(act.actor, kind.words.write)
        self._check_stored(declared, item_id)
        section = kind.read(declared, item_id, document)
        if await transaction.session.get(kind.row, item_id) is not None:
            raise ConflictError(
                f"{kind.words.noun} `{item_id}` is there already; change it, or choose another id"
            )
        await self._check_room(transaction)
        kind.check_act(act, section)
        await kind.check(transaction, declared, item_id, section)
        row = kind.new_row(item_id, section, _document(section))
        row.revision, row.created, row.changed = 1, act.at, act.at
        transaction.session.add(row)
        await kind.written(transaction, item_id, section)
        self._record(transaction, kind.words.created, act, item_id, None, row.document)
        return self._item(row, section)

    async def replace(
        self,
        transaction: Transaction,
        declared: Config,
        act: Act,
        item_id: str,
        document: Mapping[str, object],
    ) -> Item[S]:
        """Put another document in place of one. NotFoundError, DeclaredError, RevisionError, InvalidError."""
        require(act.actor, self._kind.words.write)
        row = await self._changeable(transaction, declared, act, item_id)
        return await self._rewrite(transaction, declared, act, row, document)

    async def patch(
        self,
        transaction: Transaction,
        declared: Config,
        act: Act,
        item_id: str,
        changes: Mapping[str, object],
    ) -> Item[S]:
        """Change keys of one (RFC 7396: null takes a key away). The errors of ``replace``."""
        require(act.actor, self._kind.words.write)
        row = await self._changeable(transaction, declared, act, item_id)
        return await self._rewrite(transaction, declared, act, row, merged(row.document, changes))

    async def delete(self, transaction: Transaction, declared: Config, act: Act, item_id: str) -> None:
        """Take one away. NotFoundError, DeclaredError, RevisionError, ConflictError if something needs it."""
        require(act.actor, self._kind.words.write)
        row = await self._changeable(transaction, declared, act, item_id)
        await self._kind.check_unused(transaction, declared, item_id)
        await transaction.session.delete(row)
        self._record(transaction, self._kind.words.deleted, act, item_id, row.document, None)

    async def _rewrite(
        self, transaction: Transaction, declared: Config, act: Act, row: R, document: Mapping[str, object]
    ) -> Item[S]:
        kind, before = self._kind, row.document
        section = kind.read(declared, row.id, document)
        kind.check_act(act, section)
        kind.check_change(act, before, section)
        await kind.check(transaction, declared, row.id, section)
        document = _document(section)
        if document == before:
            return self._item(row, section)  # nothing changes, so there is nothing to tell
        row.document = document
        row.revision, row.changed = row.revision + 1, act.at
        kind.update(row, section)
        await kind.written(transaction, row.id, section)
        self._record(transaction, kind.words.changed, act, row.id, before, row.document)
        return self._item(row, section)

    async def _row(self, transaction: Transaction, item_id: str) -> R:
        row = await transaction.session.get(self._kind.row, item_id)
        if row is None:
            raise NotFoundError(f"there is no {self._kind.words.noun} `{item_id}`")
        return row

    async def _changeable(self, transaction: Transaction, declared: Config, act: Act, item_id: str) -> R:
        self._check_stored(declared, item_id)
        row = await self._row(transaction, item_id)
        if act.revision is not None and act.revision != row.revision:
            raise RevisionError(f"{self._kind.words.noun} `{item_id}`", row.revision)
        return row

    def _check_stored(self, declared: Config, item_id: str) -> None:
        if item_id in self._kind.declared(declared):
            raise DeclaredError(
                f"{self._kind.words.noun} `{item_id}` is declared in {declared.path}; change it there"
            )

    async def _check_room(self, transaction: Transaction) -> None:
        most = self._kind.most
        if most is None:
            return
        count = await transaction.session.scalar(select(func.count()).select_from(self._kind.row)) or 0
        if count >= most:
            raise ConflictError(f"there are {count:,} {self._kind.words.section} already, which is the most")

    def _stored(self, declared: Config, row: R) -> Item[S]:
        return self._item(row, self._kind.read(declared, row.id, row.document))

    def _item(self, row: R, section: S) -> Item[S]:
        return Item(row.id, section, False, row.revision, row.created, row.changed)

    def _record(
        self,
        transaction: Transaction,
        kind: EventKind,
        act: Act,
        item_id: str,
        before: Document | None,
        after: Document | None,
    ) -> None:
        event = Event(
            kind,
            item_id,
            before="" if before is None else digest_of(before),
            after="" if after is None else digest_of(after),
            reason=act.reason,
            detail=self._kind.told(after if after is not None else before or {}),
        )
        transaction.record(event, act.actor, act.at)


def merged(document: Mapping[str, object], changes: Mapping[str, object]) -> Document:
    """A JSON document with a merge patch applied (RFC 7396)."""
    result = dict(document)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            before = result.get(key)
            result[key] = merged(before if isinstance(before, dict) else {}, value)
        else:
            result[key] = value
    return result


def _document(section: S) -> Document:
    """What is stored: the keys that were written, in the form of the file, without the id, which has a column."""
    return section.model_dump(mode="json", exclude_unset=True, exclude={"id"})
