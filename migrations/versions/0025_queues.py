"""Add the indexes by which streams are claimed from, and make that of give_up of no use to anything else.

Pre: run it before the first worker of this version starts. They are built beside the work of the former version. What
was queued before there were streams gets its own.
"""

import sqlalchemy as sa

from worker.migrating import steps

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

QUEUES = {"message_queue_idx": "NOT grouped", "message_queue_grouped_idx": "grouped"}

QUEUED_BEFORE = """
    WITH filled AS (
        UPDATE message AS m
        SET stream = ('x' || left(encode(sha256(convert_to(
            n.source || chr(31) || coalesce(n.campaign, chr(30)), 'UTF8')), 'hex'), 16))::bit(64)::bigint
        FROM notification AS n
        WHERE m.id = ANY(batch) AND m.status = 'queued' AND m.stream = 0 AND n.id = m.notification_id
        RETURNING m.lane, m.stream, n.source, n.campaign, m.due_at
    )
    INSERT INTO stream (lane, key, source, campaign, due_from)
    SELECT lane, stream, source, campaign, min(due_at) FROM filled AS f
    WHERE NOT EXISTS (
        SELECT FROM stream AS s WHERE s.lane = f.lane AND s.key = f.stream AND s.due_from <= f.due_at FOR KEY SHARE
    )
    GROUP BY lane, stream, source, campaign
"""


def upgrade() -> None:
    for name, which in QUEUES.items():
        where = sa.text(f"status = 'queued' AND {which}")
        steps.create_index(name, "message", ["lane", "stream", "due_at", "id"], postgresql_where=where)
    _give_up("status = 'accepted' AND accepted_at IS NOT NULL")
    steps.copy("message", QUEUED_BEFORE)


def downgrade() -> None:
    _give_up("status = 'accepted'")
    for name in QUEUES:
        steps.drop_index(name, "message")


def _give_up(which: str) -> None:
    steps.replace_index("message_give_up_idx", "message", ["accepted_at"], postgresql_where=sa.text(which))
