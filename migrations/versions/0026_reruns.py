"""Add reruns: of many, the first hundred go first.

Pre: the former version knows of none, and sends again all at once, as before.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

STATES = "state IN ('trying', 'going', 'stopped', 'done')"


def upgrade() -> None:
    moment, now = TIMESTAMP(timezone=True), sa.text("now()")
    op.create_table(
        "rerun",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, server_default=now, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("chosen", JSONB(), nullable=False),
        sa.Column("corrected", JSONB(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("most_left", sa.Integer(), nullable=True),
        sa.Column("trial", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("look_at", moment, server_default=now, nullable=False),
        sa.Column("after_notification", sa.Uuid(), nullable=True),
        sa.Column("after_message", sa.Uuid(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("rerun_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("rerun_pkey")),
    )
    where = sa.text("state IN ('trying', 'going')")
    op.create_index("rerun_look_at_idx", "rerun", ["look_at"], postgresql_where=where)
    where = sa.text("state = 'stopped'")
    op.create_index("rerun_stopped_idx", "rerun", ["decided_at"], postgresql_where=where)


def downgrade() -> None:
    op.drop_table("rerun")
