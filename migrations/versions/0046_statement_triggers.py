"""Keep attempts and refuse what is emptied by statement: two triggers, called row by row, were half of sending again.

Pre: the former version's statements call the same trigger, and leave the same rows.
"""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

# A notification is looked up by its key, row by row, whatever Postgres expects: the function may use no nested loop.
# What was sent once, as most, and is not queued now costs one look at the rows.
KEEP = """    IF EXISTS (SELECT FROM after WHERE renewals > 0 OR status = 'queued') THEN
        INSERT INTO attempt (
            message_id, number, generation, sms_type, request_id, sms_id, status, code, reason, network, price, tries,
            wanted_at, wanted_by, accepted_at, settled_at
        )
        SELECT b.id, b.renewals, b.generation,
            (SELECT CAST(n.options ->> 'sms_type' AS smallint) FROM notification AS n WHERE n.id = b.notification_id),
            b.request_id, b.sms_id,
            CASE WHEN o.over THEN b.status ELSE 'queued' END,
            CASE WHEN o.over THEN b.code ELSE coalesce(a.code, b.code) END,
            CASE WHEN o.over THEN b.reason ELSE coalesce(a.reason, b.reason) END,
            b.network, b.price, b.attempts, coalesce(b.wanted_at, b.created_at), b.wanted_by, b.accepted_at,
            b.settled_at
        FROM after AS a JOIN before AS b ON b.id = a.id
        CROSS JOIN LATERAL (SELECT b.status IN ('rejected', 'undelivered', 'expired', 'held') AS over) AS o
        WHERE a.renewals <> b.renewals
        ON CONFLICT DO NOTHING;
        IF EXISTS (
            SELECT FROM after AS a JOIN before AS b ON b.id = a.id
            WHERE a.status = 'queued' AND b.settled_at IS NOT NULL AND coalesce(
                a.emptied_at, (SELECT n.emptied_at FROM notification AS n WHERE n.id = a.notification_id)
            ) IS NOT NULL
        ) THEN
            RAISE EXCEPTION 'the text or the number of this message was removed: it can not be sent again'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
"""
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
{keep}    RETURN NULL;
END
$$
"""

# As they were; their functions stay for whoever goes back.
RENEWED = """
CREATE TRIGGER message_renewed AFTER UPDATE ON message FOR EACH ROW WHEN (OLD.renewals <> NEW.renewals)
EXECUTE FUNCTION keep_attempt()
"""
EMPTIED = """
CREATE TRIGGER message_emptied BEFORE UPDATE OF status ON message
FOR EACH ROW WHEN (NEW.status = 'queued' AND OLD.settled_at IS NOT NULL) EXECUTE FUNCTION refuse_emptied()
"""

TAKEN_OVER = "message_renewed", "message_emptied"  # by note_settlements, once for each statement


def upgrade() -> None:
    op.execute(SETTLED.replace("{keep}", KEEP))
    op.execute("DROP TRIGGER message_renewed ON message")
    op.execute("DROP TRIGGER message_emptied ON message")


def downgrade() -> None:
    for statement in (SETTLED.replace("{keep}", ""), RENEWED, EMPTIED):
        op.execute(statement)
