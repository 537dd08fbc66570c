"""Add how many messages each sending rule held back, cancelled or warned of, by day.

Pre: workers of the version before write none; what they held back is not counted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("did IN ('held', 'cancelled', 'warned')", name=op.f("rule_use_did_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("rule_use_pkey")),
    )
    op.create_index("rule_use_day_idx", "rule_use", ["day", "rule", "did"])


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS report.report_rules")  # made after the migrations, of this table
    op.drop_table("rule_use")
