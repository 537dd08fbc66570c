"""Add brandname: the names that the account may send from, kept so that a wrong one is refused at enqueue.

Pre: run it before the first worker of this version starts. The former version goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brandname",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("rest_url", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", "type", name=op.f("brandname_pkey")),
    )


def downgrade() -> None:
    op.drop_table("brandname")
