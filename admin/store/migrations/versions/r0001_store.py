"""Events, tokens, and the documents of lists, categories, profiles and subscribers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _events()
    _tokens()
    for name in ("lists", "categories", "profiles"):
        op.create_table(name, *_document())
    op.create_table("subscribers", *_document(), sa.Column("profile", _ID, nullable=False))
    op.create_index("ix_subscribers_profile", "subscribers", ["profile"])
    op.create_table(
        "identities",
        sa.Column("prefix", sa.String(43), primary_key=True),
        sa.Column("subscriber", _ID, sa.ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_identities_subscriber", "identities", ["subscriber"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", _COUNTER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.String(200), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("after", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("events_by_subject", "events", ["subject", "sequence"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("scopes", sa.JSON),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float),
        sa.Column("used", sa.Float),
        sa.Column("revoked", sa.Float),
    )


def _document() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", _ID, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
    )
