"""Add what a source may hand to eSMS at most, and what of it has been used.

Pre: workers of the version before don't look at it: limits hold once all are replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "source_limit",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("messages_a_day", sa.BigInteger(), nullable=True),
        sa.Column("dong_a_day", sa.Numeric(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("dong", sa.Numeric(), server_default=sa.text("0"), nullable=False),
        sa.Column("credit", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("credit_at", MOMENT, server_default=sa.text("'epoch'"), nullable=False),
        sa.CheckConstraint("rate > 0", name=op.f("source_limit_rate_is_one")),
        sa.CheckConstraint("messages_a_day > 0 AND dong_a_day > 0", name=op.f("source_limit_budgets_are_some")),
        sa.PrimaryKeyConstraint("source", name=op.f("source_limit_pkey")),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    op.drop_table("source_limit")
