"""Add by what a database that woke up from a backup is seen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "restore_guard",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, primary_key=True),
        sa.Column("installation", sa.Uuid(), nullable=False),
        sa.Column("marked_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("restored_at", MOMENT, nullable=True),
        sa.Column("seen_until", MOMENT, nullable=True),
        sa.Column("let_go_at", MOMENT, nullable=True),
        sa.Column("let_go_by", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("restore_guard_one_row")),
    )


def downgrade() -> None:
    op.drop_table("restore_guard")
