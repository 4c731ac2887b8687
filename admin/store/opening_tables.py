"""The table of what auditors ask to be shown of lists that are not public, and who agreed to it. Rows only.

A row says for what something is asked, never what: no name that an auditor asks about comes in here. Times are Unix seconds.
"""

from __future__ import annotations

from sqlalchemy import Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from admin.store.tables import DIGEST, IDENTIFIER, Base


class OpeningRow(Base):
    """One opening: asked for by one person, agreed to by another. It goes a day after it is over; the events tell of it."""

    __tablename__ = "openings"

    id: Mapped[str] = mapped_column(IDENTIFIER, primary_key=True)
    list: Mapped[str] = mapped_column(IDENTIFIER, index=True)
    state: Mapped[str] = mapped_column(DIGEST)
    """The state of the log in which the list is to be opened."""
    purpose: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    asker: Mapped[str] = mapped_column(String(200))
    """The holder; two persons are two holders."""
    asker_role: Mapped[str] = mapped_column(String(40))
    asked: Mapped[float] = mapped_column(Float)
    agreer: Mapped[str] = mapped_column(String(200))
    """Empty while nobody has agreed."""
    agreer_role: Mapped[str] = mapped_column(String(40))
    agreed: Mapped[float | None] = mapped_column(Float)
    ends: Mapped[float] = mapped_column(Float)
    """From when on it is good for nothing."""
    uses: Mapped[int] = mapped_column(Integer)
    """How often something was given out."""
