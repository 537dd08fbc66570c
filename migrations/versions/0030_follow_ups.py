"""Add what follows by itself where a message fails.

Pre: the former version knows nothing of it: what it puts in is followed by nothing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification", sa.Column("follow_up", JSONB(), nullable=True))
    op.create_table(
        "follow_up",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("follow_up_pkey")),
    )
    op.create_index("follow_up_due_at_idx", "follow_up", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("follow_up")
    op.drop_column("notification", "follow_up")
