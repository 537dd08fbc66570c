"""Tokens, by which applications are let in by HTTP.

Revision: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, TIMESTAMP

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("may", ARRAY(TEXT()), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", TIMESTAMP(timezone=True), nullable=True),
        sa.Column("used_at", TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("rate > 0", name=op.f("token_rate_is_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("token_pkey")),
    )
    op.create_index("token_digest_key", "token", ["digest"], unique=True)
    op.create_index("token_name_idx", "token", ["name"])
    op.create_table(
        "refused_token",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("refused_token_pkey")),
    )


def downgrade() -> None:
    op.drop_table("refused_token")
    op.drop_table("token")
