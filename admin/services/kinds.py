"""What is peculiar to lists, categories, profiles and subscribers, as ``documents`` needs it; and reading a document.

The rules between things are those of ``admin.config.references``, in the same words as for the file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy import select

from admin.audit.events import Detail, EventKind
from admin.config import Config
from admin.config.explain import Fault, dotted, faults_of
from admin.config.fields import Section
from admin.services.actors import Permission
from admin.services.acts import Act
from admin.services.errors import InvalidError, Mistake
from admin.store.database import Transaction
from admin.store.tables import Document, DocumentRow

S = TypeVar("S", bound=Section)
R = TypeVar("R", bound=DocumentRow)


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind is called, who may see and change it, and what events its changes leave."""

    noun: str
    section: str
    """The key of the configuration."""
    read: Permission
    write: Permission
    created: EventKind
    changed: EventKind
    deleted: EventKind


class Kind(ABC, Generic[S, R]):
    """One kind of thing."""

    words: Words
    row: type[R]
    model: type[S]
    most: int | None = None
    """How many there may be beside those of the file; None = any number."""

    @abstractmethod
    def declared(self, config: Config) -> Mapping[str, S]:
        """Those that the file declares, by id."""

    @abstractmethod
    def read(self, config: Config, item_id: str, document: Mapping[str, object]) -> S:
        """A document as a checked section; InvalidError."""

    @abstractmethod
    def new_row(self, item_id: str, section: S, document: Document) -> R:
        """A row without revision and times."""

    def update(self, row: R, section: S) -> None:
        """Bring further columns of the row up to date; ``documents`` has set the document."""

    def told(self, document: Document) -> Mapping[str, Detail]:
        """What events of its changes say of it, beside digests."""
        return {}

    def check_act(self, act: Act, section: S) -> None:
        """DeniedError if the actor may not write just this."""

    def check_change(self, act: Act, before: Document, after: S) -> None:
        """DeniedError if the actor may not make ``after`` of the document ``before``, which may be an unusable one."""

    async def check(self, transaction: Transaction, declared: Config, item_id: str, section: S) -> None:
        """Check it against everything else. InvalidError, ConflictError."""

    async def written(self, transaction: Transaction, item_id: str, section: S) -> None:
        """Bring further rows up to date."""

    async def check_unused(self, transaction: Transaction, declared: Config, item_id: str) -> None:
        """ConflictError if something needs it."""


def read_named(
    model: type[S], config: Config, item_id: str, document: Mapping[str, object], id_key: str = "id"
) -> S:
    """A section that carries its own id. InvalidError; relative paths start at the configuration's folder."""
    check_id(item_id, document)
    try:
        return model.model_validate({**document, id_key: item_id}, context={"base": config.path.parent})
    except ValidationError as error:
        raise invalid(faults_of(error, (), model)) from None


def check_id(item_id: str, document: Mapping[str, object]) -> None:
    """A document may repeat its id, but not say another."""
    if document.get("id", item_id) != item_id:
        raise InvalidError(
            [Mistake("id", f"is not `{item_id}`, by which it is addressed; an id never changes")]
        )


def invalid(faults: Iterable[Fault]) -> InvalidError:
    """The faults of a section as mistakes of what was sent."""
    return InvalidError(Mistake(dotted(fault.path), fault.message) for fault in faults)


async def stored_ids(transaction: Transaction, row: type[R], wanted: Iterable[str]) -> set[str]:
    """Those of the ids that are stored."""
    ids = set(wanted)
    if not ids:
        return set()
    return set(await transaction.session.scalars(select(row.id).where(row.id.in_(ids))))
