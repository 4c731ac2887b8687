"""Tables of the public log: one row for each log that says what is in it, its leaves, its keys, and the manifests.

Rows only. Several boxes may share a database: every row but the manifests' belongs to one origin, and every origin has one
writer. Times are Unix seconds, digests of states are hexadecimal.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from admin.store.tables import COUNTER, DIGEST, Base

ORIGIN = String(200).with_variant(String(200, collation="C"), "postgresql")
"""The name of a log, which is the name of its keys too."""
SECONDS = BigInteger().with_variant(Integer, "sqlite")


class LogRow(Base):
    """The lock row: how far a log has come. Whoever signs reads it first, and an append is the change of this row."""

    __tablename__ = "logs"
    __table_args__ = (Index("logs_by_series", "series", "number", unique=True),)

    origin: Mapped[str] = mapped_column(ORIGIN, primary_key=True)
    series: Mapped[str] = mapped_column(ORIGIN)
    """What the logs of one box have in common, one following the other: the origin without its last part."""
    number: Mapped[int] = mapped_column(Integer)
    """1, 2, 3 … in the order in which the logs of a series were begun."""
    size: Mapped[int] = mapped_column(COUNTER)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    note: Mapped[bytes] = mapped_column(LargeBinary)
    """The signed checkpoint of this size."""
    time: Mapped[int] = mapped_column(SECONDS)
    """``t`` of the last leaf."""
    state: Mapped[str] = mapped_column(DIGEST)
    """``state`` of the last leaf."""
    bound: Mapped[int | None] = mapped_column(COUNTER)
    """The index of the last leaf that binds a compiled file to the state."""
    events: Mapped[int] = mapped_column(COUNTER)
    """The sequence of the last event that was looked at; the next ones wait."""
    closed: Mapped[bool]
    """The last leaf ends this log: nothing is added any more."""


class LogLeafRow(Base):
    """One leaf, with what of its event is not public."""

    __tablename__ = "log_leaves"
    __table_args__ = (Index("log_leaves_by_event", "event"),)

    origin: Mapped[str] = mapped_column(ORIGIN, ForeignKey("logs.origin"), primary_key=True)
    seq: Mapped[int] = mapped_column(COUNTER, primary_key=True, autoincrement=False)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    event: Mapped[int | None] = mapped_column(COUNTER)
    """The sequence of the event; None for what the log itself adds."""
    priv: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the leaf commits to; erased on its own, with the opening."""
    opening: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class LogManifestRow(Base):
    """One state of the filter as its manifest says it."""

    __tablename__ = "log_manifests"

    state: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    manifest: Mapped[bytes] = mapped_column(LargeBinary)


class LogKeyRow(Base):
    """A key that signs, or signed, the checkpoints of a log."""

    __tablename__ = "log_keys"

    origin: Mapped[str] = mapped_column(ORIGIN, ForeignKey("logs.origin"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    """As the signed note has it, hexadecimal."""
    vkey: Mapped[str] = mapped_column(String(400))
    since: Mapped[int] = mapped_column(COUNTER)
    """The index of the first leaf whose checkpoints it signs."""
    until: Mapped[int | None] = mapped_column(COUNTER)
    """The index of the leaf that retired it."""
    added: Mapped[int] = mapped_column(SECONDS)
    """``t`` of the leaf that added it."""
