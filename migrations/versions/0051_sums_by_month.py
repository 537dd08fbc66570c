"""Add up the sums of days by month, too: a report of a year, and its page, read those of each day and campaign.

Pre: the former version's workers add up days; a trigger keeps the months, whoever does.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating.steps import each_month

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
IS, WAS = "SELECT 1 AS times, * FROM after", "SELECT -1 AS times, * FROM before"
CHANGES = {"insert": IS, "update": f"{IS} UNION ALL {WAS}", "delete": WAS}
NEW, OLD = "NEW TABLE AS after", "OLD TABLE AS before"
TABLES = {"insert": NEW, "update": f"{OLD} {NEW}", "delete": OLD}
OF_ONE = "SELECT 1 AS times, * FROM report_daily WHERE day >= here AND day < here + interval '1 month'"
# A month of which no day is left begins anew.
GONE = """;
        DELETE FROM report_month AS r USING (SELECT DISTINCT CAST(date_trunc('month', day) AS date) AS month FROM before) AS b
        WHERE r.month = b.month AND NOT EXISTS (
            SELECT FROM report_daily AS d WHERE d.day >= r.month AND d.day < r.month + interval '1 month'
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
    CREATE OR REPLACE TRIGGER {name} AFTER {event} ON report_daily REFERENCING {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


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
    for event, changes in CHANGES.items():
        name = f"sums_month_{event}"
        statement = ADD.format(changes=changes) + (GONE if event == "delete" else "")
        op.execute(FUNCTION.format(name=name, statement=statement))
        op.execute(TRIGGER.format(name=name, event=event.upper(), tables=TABLES[event]))
    each_month("report_daily", "DELETE FROM report_month WHERE month = here", ADD.format(changes=OF_ONE))


def downgrade() -> None:
    for event in CHANGES:
        op.execute(f"DROP TRIGGER sums_month_{event} ON report_daily")
        op.execute(f"DROP FUNCTION sums_month_{event}()")
    op.drop_table("report_month")
