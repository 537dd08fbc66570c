"""Add streams, by which sources and campaigns take turns, and settings by which Postgres counts messages more often.

Pre: the former version goes on working beside it, for one release: its claims use message_claim_idx, which goes with the
next one, as `message.paused` does. What it queues meanwhile, and so does whoever else knows nothing of streams, gets its
stream from a trigger, at this moment's date: claims may have gone further since its transaction began.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

PUT_BY = "((pg_current_xact_id())::text)::bigint"
COUNTED = {"autovacuum_analyze_scale_factor": 0.01, "autovacuum_analyze_threshold": 5000}
SETTLED = {"autovacuum_vacuum_scale_factor": 0.05, "autovacuum_vacuum_insert_scale_factor": 0.05}
SETTINGS = {"message": COUNTED | SETTLED, "notification": COUNTED, "request": COUNTED}

FIND_STREAM = """
CREATE FUNCTION find_stream() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    of notification;
BEGIN
    SELECT * INTO of FROM notification WHERE id = new.notification_id;
    new.stream := coalesce(('x' || left(encode(sha256(convert_to(
        of.source || chr(31) || coalesce(of.campaign, chr(30)), 'UTF8')), 'hex'), 16))::bit(64)::bigint, 0);
    new.due_at := greatest(new.due_at, clock_timestamp());
    PERFORM FROM stream WHERE lane = new.lane AND key = new.stream AND due_from <= new.due_at LIMIT 1 FOR KEY SHARE;
    IF NOT FOUND AND of.id IS NOT NULL THEN
        INSERT INTO stream (lane, key, source, campaign, due_from)
        VALUES (new.lane, new.stream, of.source, of.campaign, new.due_at);
    END IF;
    RETURN new;
END
$$
"""
TRIGGER = """
CREATE TRIGGER message_stream BEFORE INSERT OR UPDATE OF status ON message
FOR EACH ROW WHEN (NEW.stream = 0 AND NEW.status = 'queued') EXECUTE FUNCTION find_stream()
"""


def upgrade() -> None:
    key = sa.Column("stream", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("message", key)
    _create_stream()
    op.execute(FIND_STREAM)
    op.execute(TRIGGER)
    for table, settings in SETTINGS.items():
        told = ", ".join(f"{name} = {value}" for name, value in settings.items())
        op.execute(f"ALTER TABLE {table} SET ({told})")


def downgrade() -> None:
    for table, settings in SETTINGS.items():
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(settings)})")
    for policy in ("of_source_insert", "of_source_update"):  # they look at the column: made anew with the roles
        op.execute(f"DROP POLICY IF EXISTS {policy} ON message")
    op.execute("DROP TRIGGER message_stream ON message")
    op.execute("DROP FUNCTION find_stream()")
    op.drop_table("stream")
    op.drop_column("message", "stream")


def _create_stream() -> None:
    op.create_table(
        "stream",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("due_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("put_by", sa.BigInteger(), server_default=sa.text(PUT_BY), nullable=False),
        sa.CheckConstraint("lane IN ('urgent', 'normal', 'bulk', 'voice')", name=op.f("stream_lane_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("stream_pkey")),
        postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 1000},
    )
    op.create_index("stream_due_idx", "stream", ["lane", "due_from"])
    op.create_index("stream_key_idx", "stream", ["lane", "key", "due_from"])
