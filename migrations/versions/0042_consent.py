"""Add the consent ledger, and to each message the consent that it stood on.

Pre: workers of the version before don't look at it: withdrawals hold once all are replaced.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("frequency", sa.Text(), nullable=True),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("recorded_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("act IN ('given', 'withdrawn')", name=op.f("consent_act_known")),
        sa.CheckConstraint("channel IN ('sms', 'call')", name=op.f("consent_channel_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_pkey")),
    )
    op.create_index("consent_phone_idx", "consent", ["phone", "purpose", "at"])
    op.add_column("message", sa.Column("consent_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "consent_id")
    op.drop_table("consent")
