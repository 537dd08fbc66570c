"""Add what a message costs: segments by our own count, the price that eSMS told, and a price list.

Pre: run it before the first worker of this version starts. The former version goes on working beside it; what it stores
has neither. No row is rewritten or looked at.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification", sa.Column("segments", sa.SmallInteger(), nullable=True))
    op.add_column("message", sa.Column("price", sa.Numeric(), nullable=True))
    op.create_table(
        "price",
        sa.Column("sms_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("dong", sa.Numeric(), nullable=False),
        sa.CheckConstraint("dong >= 0", name=op.f("price_nothing_costs_less_than_nothing")),
        sa.PrimaryKeyConstraint("sms_type", "network", "valid_from", name=op.f("price_pkey")),
    )


def downgrade() -> None:
    op.drop_table("price")
    op.drop_column("message", "price")
    op.drop_column("notification", "segments")
