"""The public log: its lock rows, leaves, keys and manifests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None

_ORIGIN = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the public log."""
    op.create_table(
        "logs",
        sa.Column("origin", _ORIGIN, primary_key=True),
        sa.Column("series", _ORIGIN, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("size", _COUNTER, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("time", _COUNTER, nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("bound", _COUNTER),
        sa.Column("events", _COUNTER, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
    )
    op.create_index("logs_by_series", "logs", ["series", "number"], unique=True)
    op.create_table(
        "log_leaves",
        sa.Column("origin", _ORIGIN, sa.ForeignKey("logs.origin"), primary_key=True),
        sa.Column("seq", _COUNTER, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("event", _COUNTER),
        sa.Column("priv", sa.LargeBinary),
        sa.Column("opening", sa.LargeBinary(32)),
    )
    op.create_index("log_leaves_by_event", "log_leaves", ["event"])
    op.create_table(
        "log_manifests",
        sa.Column("state", sa.String(64), primary_key=True),
        sa.Column("manifest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_keys",
        sa.Column("origin", _ORIGIN, sa.ForeignKey("logs.origin"), primary_key=True),
        sa.Column("key_id", sa.String(8), primary_key=True),
        sa.Column("vkey", sa.String(400), nullable=False),
        sa.Column("since", _COUNTER, nullable=False),
        sa.Column("until", _COUNTER),
        sa.Column("added", _COUNTER, nullable=False),
    )
