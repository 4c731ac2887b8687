"""Probes of the self-test, their sums by hour, and when versions of lists came into force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the self-test."""
    op.create_table(
        "probes",
        sa.Column("number", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("list", _ID, nullable=False),
        sa.Column("transport", sa.String(20), nullable=False),
        sa.Column("target", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("probes_by_list", "probes", ["list", "number"])
    op.create_index("probes_by_time", "probes", ["at"])
    op.create_table(
        "probe_hours",
        sa.Column("hour", _COUNTER, primary_key=True, autoincrement=False),
        sa.Column("list", _ID, primary_key=True),
        sa.Column("transport", sa.String(20), primary_key=True),
        sa.Column("good", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("untold", sa.Integer, nullable=False),
    )
    op.create_table(
        "enforcements",
        sa.Column("list", _ID, primary_key=True),
        sa.Column("fetched", sa.Float, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("published", sa.Float),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("shrank", sa.Boolean, nullable=False),
    )
    op.create_index("ix_enforcements_at", "enforcements", ["at"])
