"""Add up the sums of days by month, too: a report of a year, and its page, read those of each day and campaign.

Pre: the former version's workers add up days; a trigger keeps the months, whoever does.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating.months import add_up, add_up_no_more

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

KEYS = "source, campaign, purpose, lane, sms_type, network, status, code"
SUMS = (
    "messages", "segments", "priced", "price", "priced_segments", "uncounted", "long_segments", "accent_segments",
)  # fmt: skip
# In the order of the key, as everybody who writes many rows.
ADD = """
    INSERT INTO report_month AS r (month, {KEYS}, first_day, last_day, {SUMS})
    SELECT CAST(date_trunc('month', day) AS date), {KEYS}, min(day), max(day), {ADDED} FROM ({changes}) AS changes
    GROUP BY 1, {KEYS} ORDER BY 1, {KEYS}
    ON CONFLICT (month, {KEYS}) DO UPDATE SET first_day = least(r.first_day, excluded.first_day),
        last_day = greatest(r.last_day, excluded.last_day), {BOTH}
"""
for name, part in {
    "KEYS": KEYS,
    "SUMS": ", ".join(SUMS),
    "ADDED": ", ".join(f"sum(times * {each})" for each in SUMS),
    "BOTH": ", ".join(f"{each} = r.{each} + excluded.{each}" for each in SUMS),
}.items():
    ADD = ADD.replace(f"{{{name}}}", part)


def upgrade() -> None:
    op.create_table(
        "report_month",
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "campaign", "purpose", "lane")),
        sa.Column("sms_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("network", "status", "code")),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Numeric() if name == "price" else sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("month", *KEYS.split(", "), name=op.f("report_month_pkey")),
        postgresql_with={"fillfactor": 70},
        if_not_exists=True,
    )
    add_up("report_daily", "report_month", ADD, name="sums_month")


def downgrade() -> None:
    add_up_no_more("report_daily", name="sums_month")
    op.drop_table("report_month")
