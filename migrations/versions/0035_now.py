"""Add what somebody looks at who wants to know how it goes now: sums of minutes, of where all stand, the balance.

Pre: the former version adds to neither; both are counted anew within an hour after it has ended.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "report_minute",
        sa.Column("minute", MOMENT, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "lane", "status", name=op.f("report_minute_pkey")),
    )
    op.create_table(
        "report_standing",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "status", name=op.f("report_standing_pkey")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "account_balance",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("dong", sa.Numeric(), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("account_balance_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_balance_pkey")),
    )


def downgrade() -> None:
    for table in ("account_balance", "report_standing", "report_minute"):
        op.drop_table(table)
