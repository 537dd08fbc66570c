"""Count each recipient once, by the last generation: of the sums of a day, tell how many generations another came after.

Pre: the former version's workers add up days, and know of no such thing; what tells it goes behind them by a place of its
own, from the beginning. Whatever version has a message sent again, the trigger says so.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from worker.migrating import steps
from worker.migrating.months import add_up

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

AGAIN = "generation > 0 OR again"

# As it was, and as it is.
SETTLED = """
CREATE OR REPLACE FUNCTION note_settlements() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off AS $$
DECLARE
    emptied boolean;
    ours CONSTANT bigint := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
BEGIN
    INSERT INTO settlement (
        transaction, wanted_at, message_id, notification_id, accepted_after, delivered_after, generation, lane,
        was, status, was_code, code, network, was_wanted_at, price, was_price{again}
    )
    SELECT ours, coalesce(a.wanted_at, a.created_at), a.id, a.notification_id,
        CASE WHEN a.accepted_at >= a.wanted_at THEN date_part('epoch', a.accepted_at - a.wanted_at) END,
        CASE WHEN a.status = 'delivered' AND a.accepted_at >= a.wanted_at
            THEN date_part('epoch', a.settled_at - a.accepted_at) END,
        a.generation, a.lane,
        CASE WHEN b.status = 'held' OR a.generation = b.generation
            AND NOT (a.status = 'queued' AND b.status IN ('rejected', 'undelivered', 'expired'))
            THEN b.status END,
        a.status, b.code, a.code, a.network,
        CASE WHEN a.wanted_at <> b.wanted_at OR b.wanted_at IS NULL AND a.wanted_at <> b.created_at
            THEN coalesce(b.wanted_at, b.created_at) END,
        a.price, b.price{is_again}
    FROM after AS a JOIN before AS b ON b.id = a.id
    WHERE a.status <> b.status OR a.generation <> b.generation OR a.wanted_at IS DISTINCT FROM b.wanted_at
        OR a.price IS DISTINCT FROM b.price;
    IF EXISTS (SELECT FROM after WHERE renewals > 0 OR status = 'queued') THEN
        WITH renewed AS MATERIALIZED (
            SELECT a.renewals <> b.renewals AS is_another,
                a.status = 'queued' AND b.settled_at IS NOT NULL
                    AND coalesce(a.emptied_at, n.emptied_at) IS NOT NULL AS is_emptied,
                b.id, b.renewals, b.generation, n.sms_type, b.request_id, b.sms_id,
                CASE WHEN o.over THEN b.status ELSE 'queued' END AS status,
                CASE WHEN o.over THEN b.code ELSE coalesce(a.code, b.code) END AS code,
                CASE WHEN o.over THEN b.reason ELSE coalesce(a.reason, b.reason) END AS reason,
                b.network, b.price, b.attempts, coalesce(b.wanted_at, b.created_at) AS wanted_at, b.wanted_by,
                b.accepted_at, b.settled_at
            FROM after AS a JOIN before AS b ON b.id = a.id
            CROSS JOIN LATERAL (
                SELECT n.emptied_at, CAST(n.options ->> 'sms_type' AS smallint) AS sms_type FROM notification AS n
                WHERE n.id = b.notification_id OFFSET 0
            ) AS n
            CROSS JOIN LATERAL (SELECT b.status IN ('rejected', 'undelivered', 'expired', 'held') AS over) AS o
            WHERE a.renewals <> b.renewals OR a.status = 'queued' AND b.settled_at IS NOT NULL
        ), kept AS (
            INSERT INTO attempt (
                message_id, number, generation, sms_type, request_id, sms_id, status, code, reason, network, price,
                tries, wanted_at, wanted_by, accepted_at, settled_at
            )
            SELECT id, renewals, generation, sms_type, request_id, sms_id, status, code, reason, network, price,
                attempts, wanted_at, wanted_by, accepted_at, settled_at
            FROM renewed WHERE is_another
            ON CONFLICT DO NOTHING
        )
        SELECT bool_or(is_emptied) INTO emptied FROM renewed;
        IF emptied THEN
            RAISE EXCEPTION 'the text or the number of this message was removed: it can not be sent again'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NULL;
END
$$
"""
IS_AGAIN = """,
        a.replaced_by IS NOT NULL
            OR a.status = 'queued' AND b.status IN ('rejected', 'undelivered', 'expired')"""

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


def _add(*sums: str) -> str:
    statement = ADD
    for name, part in {
        "KEYS": KEYS,
        "SUMS": ", ".join(sums),
        "ADDED": ", ".join(f"sum(times * {each})" for each in sums),
        "BOTH": ", ".join(f"{each} = r.{each} + excluded.{each}" for each in sums),
    }.items():
        statement = statement.replace(f"{{{name}}}", part)
    return statement


def _keep(again: str, is_again: str) -> None:
    op.execute(SETTLED.replace("{again}", again).replace("{is_again}", is_again))


def upgrade() -> None:
    for table in ("report_daily", "report_month"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS superseded bigint DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE settlement ADD COLUMN IF NOT EXISTS again boolean DEFAULT false NOT NULL")
    op.execute("ALTER TABLE roll_up ADD COLUMN IF NOT EXISTS people_done text DEFAULT '3:3:' NOT NULL")
    op.execute("ALTER TABLE roll_up ADD COLUMN IF NOT EXISTS people_target text")
    for name in ("people_after_transaction", "people_after_id"):
        op.execute(f"ALTER TABLE roll_up ADD COLUMN IF NOT EXISTS {name} bigint DEFAULT 0 NOT NULL")
    _keep(", again", IS_AGAIN)
    op.create_table(
        "report_superseded",
        sa.Column("message_id", postgresql.UUID(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "campaign", "purpose", "lane")),
        sa.Column("sms_type", sa.SmallInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("network", "status", "code")),
        sa.PrimaryKeyConstraint("message_id", "part", name=op.f("report_superseded_pkey")),
        if_not_exists=True,
    )
    steps.create_index("settlement_again_idx", "settlement", ["transaction", "id"], postgresql_where=sa.text(AGAIN))
    add_up("report_daily", "report_month", _add(*SUMS, "superseded"), name="sums_month")


def downgrade() -> None:
    op.execute("DROP SCHEMA IF EXISTS report CASCADE")  # its views; worker/roles makes those of the version that it is
    add_up("report_daily", "report_month", _add(*SUMS), name="sums_month")
    op.drop_index("settlement_again_idx", "settlement")
    op.drop_table("report_superseded")
    _keep("", "")
    for name in ("people_after_id", "people_after_transaction", "people_target", "people_done"):
        op.drop_column("roll_up", name)
    op.drop_column("settlement", "again")
    for table in ("report_month", "report_daily"):
        op.drop_column(table, "superseded")
