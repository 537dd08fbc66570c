"""Add what reports look up by, report_daily.priced_segments; a held message that is sent again leaves its day's sums.

Pre: the former version goes on working beside it. The sums are made anew from the settlements, some at each tick. The
views of the schema `report` are no migration: worker/roles brings them about after each.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FAILED = sa.text("status IN ('undelivered', 'rejected', 'unknown', 'expired')")
WANTED = sa.text("COALESCE(wanted_at, created_at)")

# A generation that ended stays as it is in its day's sums. One that was held had not ended: its doubt was decided by
# sending it again, and it counts where that goes out. Its attempt stays.
SETTLED = """
CREATE OR REPLACE FUNCTION note_settlements() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off AS $$
DECLARE
    ours CONSTANT bigint := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
BEGIN
    INSERT INTO settlement (
        transaction, wanted_at, message_id, notification_id, accepted_after, delivered_after, generation, lane,
        was, status, was_code, code, network, was_wanted_at, price, was_price
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
        a.price, b.price
    FROM after AS a JOIN before AS b ON b.id = a.id
    WHERE a.status <> b.status OR a.generation <> b.generation OR a.wanted_at IS DISTINCT FROM b.wanted_at
        OR a.price IS DISTINCT FROM b.price;
    RETURN NULL;
END
$$
"""

ANEW = "INSERT INTO roll_up (id, server, done) VALUES (1, 0, '3:3:') ON CONFLICT (id) DO UPDATE SET server = 0"


def upgrade() -> None:
    op.execute("ALTER TABLE report_daily ADD COLUMN IF NOT EXISTS priced_segments bigint DEFAULT 0 NOT NULL")
    op.execute(SETTLED)
    op.execute(ANEW)
    steps.create_index("message_failed_idx", "message", ["notification_id", "id"], postgresql_where=FAILED)
    steps.create_index("message_failed_wanted_idx", "message", [WANTED, "id"], postgresql_where=FAILED)
    moved = sa.text("was IS NULL OR was_wanted_at IS NOT NULL")
    steps.create_index("settlement_wanted_idx", "settlement", ["wanted_at", "message_id"], postgresql_where=moved)


def downgrade() -> None:
    op.execute("DROP SCHEMA IF EXISTS report CASCADE")
    op.drop_index("settlement_wanted_idx", "settlement")
    op.drop_index("message_failed_wanted_idx", "message")
    op.drop_index("message_failed_idx", "message")
    op.drop_column("report_daily", "priced_segments")
