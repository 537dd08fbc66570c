"""Add sweeps, over all that a search finds, and the searches of people at the page.

Pre: the former version knows of neither, and leaves them alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, now, none = TIMESTAMP(timezone=True), sa.text("now()"), sa.text("0")
    op.create_table(
        "sweep",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, server_default=now, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("search", JSONB(), nullable=False),
        sa.Column("send_date", moment, nullable=True),
        sa.Column("about", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'going'"), nullable=False),
        sa.Column("found", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("others", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("expiring", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("look_at", moment, server_default=now, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("kind IN ('cancel', 'move')", name=op.f("sweep_kind_known")),
        sa.CheckConstraint("state IN ('going', 'stopped', 'done')", name=op.f("sweep_state_known")),
        sa.CheckConstraint("(kind = 'move') = (send_date IS NOT NULL)", name=op.f("sweep_a_move_has_a_date")),
        sa.PrimaryKeyConstraint("id", name=op.f("sweep_pkey")),
    )
    op.create_index("sweep_look_at_idx", "sweep", ["look_at"], postgresql_where=sa.text("state = 'going'"))
    op.create_table(
        "search",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("at", moment, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("search_pkey")),
    )
    op.create_index("search_at_idx", "search", ["at"])


def downgrade() -> None:
    op.drop_table("search")
    op.drop_table("sweep")
