"""Add the inbox: what applications hand over by SQL, in their own transactions.

The functions that write it (schema esms) are no migration: worker/roles brings them about after each.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KINDS = "kind IN ('sms', 'template_call', 'record_call', 'event', 'event_cancelled', 'contact')"
STATES = "state IN ('received', 'stored', 'refused', 'cancelled')"
MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'received'"), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("inbox_kind_known")),
        sa.CheckConstraint(STATES, name=op.f("inbox_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("inbox_pkey")),
    )
    op.create_index("inbox_received_idx", "inbox", ["number"], postgresql_where=sa.text("state = 'received'"))
    op.create_index("inbox_told_idx", "inbox", ["at"], postgresql_where=sa.text("state <> 'received'"))
    where = sa.text("reference IS NOT NULL")
    op.create_index("inbox_source_reference_idx", "inbox", ["source", "reference"], postgresql_where=where)


def downgrade() -> None:
    op.execute("DROP SCHEMA IF EXISTS esms CASCADE")
    op.drop_table("inbox")
