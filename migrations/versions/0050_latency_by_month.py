"""Add up latency by month, too: a report of a year read the buckets of each day, source and campaign.

Pre: the former version's workers add up days; a trigger keeps the months, whoever does.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating.months import add_up, add_up_no_more

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KEYS = "source, campaign, purpose, lane, sms_type, network, leg, bucket"
# In the order of the key, as everybody who writes many rows.
ADD = """
    INSERT INTO report_latency_month AS r (month, {KEYS}, messages)
    SELECT CAST(date_trunc('month', day) AS date), {KEYS}, sum(times * messages) FROM ({changes}) AS changes
    GROUP BY 1, {KEYS} HAVING sum(times * messages) <> 0 ORDER BY 1, {KEYS}
    ON CONFLICT (month, {KEYS}) DO UPDATE SET messages = r.messages + excluded.messages
""".replace("{KEYS}", KEYS)


def upgrade() -> None:
    texts = [sa.Column(name, sa.Text(), nullable=False) for name in ("source", "campaign", "purpose", "lane")]
    op.create_table(
        "report_latency_month",
        sa.Column("month", sa.Date(), nullable=False),
        *texts,
        sa.Column("sms_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", *KEYS.split(", "), name=op.f("report_latency_month_pkey")),
        postgresql_with={"fillfactor": 70},
        if_not_exists=True,
    )
    add_up("report_latency", "report_latency_month", ADD, name="latency_month")


def downgrade() -> None:
    add_up_no_more("report_latency", name="latency_month")
    op.drop_table("report_latency_month")
