"""Tables of the self-test: single probes of the last days, their sums by hour for years, and when versions came into force.

Rows only. Times are Unix seconds.
"""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from admin.store.tables import COUNTER, IDENTIFIER, Base

TRANSPORT = String(20)
TARGET = String(80)


class ProbeRow(Base):
    """One probe (``admin.services.probes.Probe``)."""

    __tablename__ = "probes"
    __table_args__ = (Index("probes_by_list", "list", "number"), Index("probes_by_time", "at"))

    number: Mapped[int] = mapped_column(COUNTER, primary_key=True, autoincrement=True)
    at: Mapped[float] = mapped_column(Float)
    list: Mapped[str] = mapped_column(IDENTIFIER)
    transport: Mapped[str] = mapped_column(TRANSPORT)
    target: Mapped[str] = mapped_column(TARGET)
    outcome: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(String(200))
    seconds: Mapped[float] = mapped_column(Float)


class ProbeHourRow(Base):
    """The probes of one list over one transport in one hour, counted by what they found."""

    __tablename__ = "probe_hours"

    hour: Mapped[int] = mapped_column(COUNTER, primary_key=True, autoincrement=False)
    """Whole hours since 1970 (UTC)."""
    list: Mapped[str] = mapped_column(IDENTIFIER, primary_key=True)
    transport: Mapped[str] = mapped_column(TRANSPORT, primary_key=True)
    good: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    untold: Mapped[int] = mapped_column(Integer)
    """Not asked, because the list was off, or without a result."""


class EnforcementRow(Base):
    """A version of a list came into force. Told from other versions by when it was fetched, never by its text."""

    __tablename__ = "enforcements"

    list: Mapped[str] = mapped_column(IDENTIFIER, primary_key=True)
    fetched: Mapped[float] = mapped_column(Float, primary_key=True)
    at: Mapped[float] = mapped_column(Float, index=True)
    published: Mapped[float | None] = mapped_column(Float)
    """When its source says that it was published; None if it does not say."""
    entries: Mapped[int] = mapped_column(Integer)
    shrank: Mapped[bool]
    """Whether it has fewer entries than the version before: then it is certain that some ended with it."""
