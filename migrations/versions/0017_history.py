"""Add attempt, settlement and what these add up to; triggers of message write both, whatever version changes a status.

Pre: the former version goes on working beside it: what it puts in, moves or has sent again is written down, too. No row
is rewritten. What was there before is written down afterwards, by the upkeep, a thousand messages at a time.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)

# By rows of the statement, not row by row: ten times cheaper. Without the setting, a plan that was made for the one row
# of the first statement of a session would compare each of a later million with each.
SETTLED = """
CREATE FUNCTION note_settlements() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO settlement (
        transaction, wanted_at, message_id, notification_id, accepted_after, delivered_after, generation, lane,
        was, status, was_code, code, network, was_wanted_at, price, was_price
    )
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), coalesce(a.wanted_at, a.created_at), a.id,
        a.notification_id,
        CASE WHEN a.accepted_at >= a.wanted_at THEN date_part('epoch', a.accepted_at - a.wanted_at) END,
        CASE WHEN a.status = 'delivered' AND a.accepted_at >= a.wanted_at
            THEN date_part('epoch', a.settled_at - a.accepted_at) END,
        a.generation, a.lane,
        CASE WHEN a.generation = b.generation
            AND NOT (a.status = 'queued' AND b.status IN ('rejected', 'undelivered', 'expired', 'held'))
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

PUT_IN = """
CREATE FUNCTION note_first_settlements() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO settlement (
        transaction, wanted_at, message_id, notification_id, generation, lane, status, code, price
    )
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), coalesce(a.wanted_at, a.created_at), a.id,
        a.notification_id, a.generation, a.lane, a.status, a.code, a.price
    FROM after AS a;
    RETURN NULL;
END
$$
"""

# What ended in doubt or was refused and goes out again by itself came to `queued`: it surely was not taken.
ENDED = """
CREATE FUNCTION keep_attempt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO attempt (
        message_id, number, generation, sms_type, request_id, sms_id, status, code, reason, network, price, tries,
        wanted_at, wanted_by, accepted_at, settled_at
    )
    SELECT old.id, old.renewals, old.generation, CAST(n.options ->> 'sms_type' AS smallint), old.request_id, old.sms_id,
        CASE WHEN over THEN old.status ELSE 'queued' END,
        CASE WHEN over THEN old.code ELSE coalesce(new.code, old.code) END,
        CASE WHEN over THEN old.reason ELSE coalesce(new.reason, old.reason) END,
        old.network, old.price, old.attempts, coalesce(old.wanted_at, old.created_at), old.wanted_by,
        old.accepted_at, old.settled_at
    FROM notification AS n, (
        SELECT old.status IN ('rejected', 'undelivered', 'expired', 'held') AS over
    ) AS o
    WHERE n.id = old.notification_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""

TRIGGERS = (
    """CREATE TRIGGER message_put AFTER INSERT ON message REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION note_first_settlements()""",
    """CREATE TRIGGER message_settled AFTER UPDATE ON message REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION note_settlements()""",
    """CREATE TRIGGER message_renewed AFTER UPDATE ON message FOR EACH ROW WHEN (OLD.renewals <> NEW.renewals)
    EXECUTE FUNCTION keep_attempt()""",
)

BEGIN = """
INSERT INTO roll_up (id, server, done, fill_until)
VALUES (
    1, (SELECT system_identifier FROM pg_control_system()), '3:3:', (SELECT id FROM message ORDER BY id DESC LIMIT 1)
)
"""


def upgrade() -> None:
    _columns()
    _attempts()
    _settlements()
    _reports()
    _roll_up()
    for statement in (PUT_IN, SETTLED, ENDED, *TRIGGERS, BEGIN):
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("message_put", "message_settled", "message_renewed"):
        op.execute(f"DROP TRIGGER {trigger} ON message")
    for function in ("note_first_settlements", "note_settlements", "keep_attempt"):
        op.execute(f"DROP FUNCTION {function}()")
    for table in ("roll_up", "report_latency", "report_daily", "settlement", "attempt"):
        op.drop_table(table)
    for column in ("wanted_by", "wanted_at", "generation"):
        op.drop_column("message", column)


def _columns() -> None:
    op.add_column("message", sa.Column("generation", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("message", sa.Column("wanted_at", MOMENT, nullable=True))
    op.add_column("message", sa.Column("wanted_by", sa.Text(), nullable=True))


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("message_id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("sms_type", sa.SmallInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("sms_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wanted_at", MOMENT, nullable=False),
        sa.Column("wanted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, server_default=sa.text("now()"), nullable=False),
    )


def _settlements() -> None:
    op.create_table(
        "settlement",
        sa.Column("transaction", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("wanted_at", MOMENT, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_after", sa.REAL(), nullable=True),
        sa.Column("delivered_after", sa.REAL(), nullable=True),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("was_code", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("was_wanted_at", MOMENT, nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("was_price", sa.Numeric(), nullable=True),
    )
    op.create_index("settlement_message_id_idx", "settlement", ["message_id"])


def _reports() -> None:
    op.create_table(
        "report_daily",
        *_keys(),
        sa.Column("status", sa.Text(), primary_key=True),
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("priced", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "report_latency",
        *_keys(),
        sa.Column("leg", sa.Text(), primary_key=True),
        sa.Column("bucket", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("leg IN ('accepted', 'delivered')", name=op.f("report_latency_leg_known")),
        postgresql_with={"fillfactor": 70},
    )


def _keys() -> list[sa.Column]:
    names = ("source", "campaign", "purpose", "lane")
    return [
        sa.Column("day", sa.Date(), primary_key=True),
        *(sa.Column(name, sa.Text(), primary_key=True) for name in names),
        sa.Column("sms_type", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("network", sa.Text(), primary_key=True),
    ]


def _roll_up() -> None:
    op.create_table(
        "roll_up",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("server", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("after_transaction", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("after_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("folded_at", MOMENT, nullable=True),
        sa.Column("fill_after", postgresql.UUID(), nullable=True),
        sa.Column("fill_until", postgresql.UUID(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("roll_up_one_row")),
    )
