"""The tables that every part shares: events, tokens, and the documents of lists, categories, profiles, subscribers.

Rows only, without behaviour. A part with tables of its own declares them on ``Base`` in a module of its own and adds a
migration; ``admin.store.migrations`` must say the same as these classes (a test compares them).

Times are Unix seconds. Ids are ASCII and sort as bytes on every database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Document = dict[str, Any]
"""A section of the configuration as JSON: the keys that were written, defaults left out."""

IDENTIFIER = String(120).with_variant(String(120, collation="C"), "postgresql")
"""An id. PostgreSQL sorts by the language of the cluster unless told otherwise."""
DIGEST = String(64)
"""SHA-256 in hexadecimal digits, or empty."""
COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; SQLite wants the plain word for its row numbers."""


class Base(DeclarativeBase):
    """What every table of Weir stands on."""


class EventRow(Base):
    """One audit event (``admin.audit.events``). Rows are added, never taken away, and changed by erasing what is private."""

    __tablename__ = "events"
    __table_args__ = (Index("events_by_subject", "subject", "sequence"),)

    sequence: Mapped[int] = mapped_column(COUNTER, primary_key=True, autoincrement=False)
    """1, 2, 3 … without gaps, in the order of the commits."""
    at: Mapped[float] = mapped_column(Float)
    kind: Mapped[str] = mapped_column(String(40))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str] = mapped_column(String(200))
    holder: Mapped[str] = mapped_column(String(200))
    """For whom the actor acts: two persons are two holders."""
    subject: Mapped[str] = mapped_column(String(200))
    before: Mapped[str] = mapped_column(DIGEST)
    after: Mapped[str] = mapped_column(DIGEST)
    reason: Mapped[str] = mapped_column(String(500))
    detail: Mapped[Document] = mapped_column(JSON)


class TokenRow(Base):
    """An API token. The token itself is not here: only its digest is."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(IDENTIFIER, primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    role: Mapped[str] = mapped_column(String(40))
    scopes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """None: whatever the role is good for."""
    holder: Mapped[str] = mapped_column(String(200))
    created: Mapped[float] = mapped_column(Float)
    expires: Mapped[float | None] = mapped_column(Float)
    used: Mapped[float | None] = mapped_column(Float)
    """About when it was used last; not each request is written down."""
    revoked: Mapped[float | None] = mapped_column(Float)


class DocumentRow(Base):
    """What the four tables of documents have in common."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(IDENTIFIER, primary_key=True)
    document: Mapped[Document] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(Integer)
    """1 at creation, one more with each change."""
    created: Mapped[float] = mapped_column(Float)
    changed: Mapped[float] = mapped_column(Float)


class ListRow(DocumentRow):
    """A list (``ListConfig`` without its id)."""

    __tablename__ = "lists"


class CategoryRow(DocumentRow):
    """A category (``CategoryConfig``)."""

    __tablename__ = "categories"


class ProfileRow(DocumentRow):
    """A profile (``ProfileConfig``)."""

    __tablename__ = "profiles"


class SubscriberRow(DocumentRow):
    """A subscriber (``SubscriberConfig`` without its id)."""

    __tablename__ = "subscribers"

    profile: Mapped[str] = mapped_column(IDENTIFIER, index=True, sort_order=1)
    """As in the document: who has a profile must be found without reading all documents. It stands behind the columns of
    every kind, where the migration has put it.
    """


class IdentityRow(Base):
    """By what a subscriber is told apart. An identity leads to one subscriber, so it is the key."""

    __tablename__ = "identities"

    prefix: Mapped[str] = mapped_column(String(43), primary_key=True)
    """A network with its length, as ``Prefix`` prints it."""
    subscriber: Mapped[str] = mapped_column(
        IDENTIFIER, ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
