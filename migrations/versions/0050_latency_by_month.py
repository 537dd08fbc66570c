"""Add up latency by month, too: a report of a year read the buckets of each day, source and campaign.

Pre: the former version's workers add up days; a trigger keeps the months, whoever does.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating.steps import each_month

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
IS, WAS = "SELECT 1 AS times, * FROM after", "SELECT -1 AS times, * FROM before"
CHANGES = {"insert": IS, "update": f"{IS} UNION ALL {WAS}", "delete": WAS}
OF_ONE = "SELECT 1 AS times, * FROM report_latency WHERE day >= here AND day < here + interval '1 month'"
NEW, OLD = "NEW TABLE AS after", "OLD TABLE AS before"
TABLES = {"insert": NEW, "update": f"{OLD} {NEW}", "delete": OLD}
# A month of which no day is left begins anew.
GONE = """;
        DELETE FROM report_latency_month AS r USING (SELECT DISTINCT CAST(date_trunc('month', day) AS date) AS month FROM before) AS b
        WHERE r.month = b.month AND NOT EXISTS (
            SELECT FROM report_latency AS d WHERE d.day >= r.month AND d.day < r.month + interval '1 month'
        )
"""
FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        {statement};
        RETURN NULL;
    END
    $$
"""
TRIGGER = """
    CREATE OR REPLACE TRIGGER {name} AFTER {event} ON report_latency REFERENCING {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


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
    for event, changes in CHANGES.items():
        name = f"latency_month_{event}"
        statement = ADD.format(changes=changes) + (GONE if event == "delete" else "")
        op.execute(FUNCTION.format(name=name, statement=statement))
        op.execute(TRIGGER.format(name=name, event=event.upper(), tables=TABLES[event]))
    each_month("report_latency", "DELETE FROM report_latency_month WHERE month = here", ADD.format(changes=OF_ONE))


def downgrade() -> None:
    for event in CHANGES:
        op.execute(f"DROP TRIGGER latency_month_{event} ON report_latency")
        op.execute(f"DROP FUNCTION latency_month_{event}()")
    op.drop_table("report_latency_month")
