"""What auditors ask to be shown of lists that are not public."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None

_ID = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table of openings."""
    op.create_table(
        "openings",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("list", _ID, nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("asker_role", sa.String(40), nullable=False),
        sa.Column("asked", sa.Float, nullable=False),
        sa.Column("agreer", sa.String(200), nullable=False),
        sa.Column("agreer_role", sa.String(40), nullable=False),
        sa.Column("agreed", sa.Float),
        sa.Column("ends", sa.Float, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
    )
    op.create_index("ix_openings_list", "openings", ["list"])
