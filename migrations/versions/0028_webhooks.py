"""Add webhooks: who is told of what, what is still to be told; and the events that are no change of a status.

Pre: the former version goes on working beside it; triggers write down what it skips and pauses, too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)

# An occurrence is first put in as skipped, unfinished, and then closed: with a notification, or with its reason.
SKIPPED = """
CREATE FUNCTION note_skipped() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO happening (transaction, kind, source, facts)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), 'reminder.skipped', coalesce(e.source, r.source, ''),
        jsonb_build_object(
            'event', e.key, 'rule', r.name, 'occasion', a.occasion, 'before', a.before, 'recipient', a.recipient,
            'occurs_at', a.occurs_at, 'reason', a.reason
        )
    FROM after AS a
    JOIN before AS b ON (b.owner_id, b.occasion, b.before, b.recipient) = (a.owner_id, a.occasion, a.before, a.recipient)
    LEFT JOIN event AS e ON e.id = a.owner_id LEFT JOIN reminder AS r ON r.id = a.owner_id
    WHERE a.state = 'skipped' AND b.state = 'skipped' AND a.reason <> b.reason AND b.reason = 'being made';
    RETURN NULL;
END
$$
"""

PAUSED = """
CREATE FUNCTION note_paused() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO happening (transaction, kind, facts)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint),
        CASE WHEN a.code = 'reserve' THEN 'balance.low' ELSE 'lane.paused' END,
        jsonb_build_object('lane', a.lane, 'code', a.code)
    FROM after AS a WHERE a.lane IS NOT NULL;
    RETURN NULL;
END
$$
"""

TRIGGERS = (
    """CREATE TRIGGER occurrence_skipped AFTER UPDATE ON occurrence REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION note_skipped()""",
    """CREATE TRIGGER pause_made AFTER INSERT ON pause REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION note_paused()""",
)


def upgrade() -> None:
    _happening()
    _webhook()
    _calls()
    for statement in (SKIPPED, PAUSED, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER occurrence_skipped ON occurrence")
    op.execute("DROP TRIGGER pause_made ON pause")
    for function in ("note_skipped", "note_paused"):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP SCHEMA IF EXISTS esms CASCADE")
    for table in ("webhook_call", "webhook_secret", "webhook", "happening"):
        op.drop_table(table)


def _happening() -> None:
    op.create_table(
        "happening",
        sa.Column("transaction", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True, start=-1, increment=-1), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("transaction", "number", name=op.f("happening_pkey")),
    )
    op.create_index("happening_at_idx", "happening", ["at"])


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("events", postgresql.ARRAY(postgresql.TEXT()), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_because", sa.Text(), nullable=True),
        sa.Column("server", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("after_transaction", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("after_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_pkey")),
    )
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_secret_pkey")),
    )
    op.create_index("webhook_secret_webhook_id_idx", "webhook_secret", ["webhook_id"])


def _calls() -> None:
    op.create_table(
        "webhook_call",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("webhook_id", "transaction", "number", name=op.f("webhook_call_pkey")),
    )
    due = sa.text("failed_at IS NULL")
    op.create_index("webhook_call_due_idx", "webhook_call", ["webhook_id", "due_at"], postgresql_where=due)
    op.create_index("webhook_call_subject_idx", "webhook_call", ["webhook_id", "subject", "number"])
