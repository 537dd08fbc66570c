"""How notifications and their messages are put in, in SQL: many in one statement, on terms that are told once."""

from __future__ import annotations

from functools import partial

from sqlalchemy import TextClause, text

from worker.ahead import NOT_WAITING
from worker.ledger.streams import opened
from worker.lookups import by_key


def told_once(besides: str = "") -> str:
    """SQL: a part `t` of a WITH, the terms that the notifications of a statement share."""
    return f"""t AS MATERIALIZED (
        SELECT t.*{besides} FROM json_to_recordset(CAST(:terms AS json)) AS t (
            t integer, kind text, purpose text, lane text, grouped boolean, source text, campaign text, options jsonb,
            send_date timestamptz, hand_over boolean, expires_at timestamptz, horizon interval, stream bigint,
            wanted_by text, follow_up jsonb, not_before timestamptz, waits text
        )
    )"""


# Of a notification `r` on the terms `t`.
NOTIFICATION = """
        INSERT INTO notification (
            id, kind, purpose, source, reference, campaign, content, template_id, options,
            segments, plain_segments, send_date, hand_over, expires_at, fingerprint, follow_up
        )
        SELECT r.id, t.kind, t.purpose, t.source, r.reference, t.campaign, r.content, r.template_id, t.options,
            r.segments, r.plain_segments, t.send_date, t.hand_over, t.expires_at, r.fingerprint,
            t.follow_up
"""
# Of its message `m`.
MESSAGE = """
        INSERT INTO message (
            id, notification_id, phone, lane, stream, grouped, request_id, status, due_at, wanted_at, expires_at,
            wanted_by, replaces, generation, reason
        )
        SELECT m.message_id, m.id, m.phone, t.lane, t.stream, t.grouped, m.request_id, 'queued',
            -- Of this moment, not when the transaction began: claims have gone further meanwhile (ledger/floors.py).
            greatest(clock_timestamp(), CASE WHEN NOT t.hand_over THEN t.send_date END, t.not_before),
            greatest(now(), t.send_date),
            coalesce(t.expires_at, greatest(now(), t.send_date, t.not_before) + t.horizon),
            t.wanted_by, {replaces}, {generation}, t.waits
"""


# One statement for both tables: a notification's row brings its first message along, and only further messages have
# rows of their own; rows for each table would cost half as much again. Messages ask for what was inserted, or Postgres
# puts them in first, and who is bound to a source is told that their notifications are another's (roles/policies.py).
def _put(
    besides: str,
    *,
    unless: str = "RETURNING id",
    of_inserted: str = "CROSS JOIN (SELECT count(*) FROM inserted) AS all_of_them",
    opens: str = "SELECT * FROM t",
    repeated: str = "SELECT id FROM r WHERE false",
) -> TextClause:
    return text(f"""
    WITH {told_once(besides)}, r AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
            id uuid, t integer, reference text, content text, segments smallint, plain_segments smallint,
            template_id text, fingerprint text, message_id uuid, phone text, request_id text
        )
    ), others AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:others AS json)) AS o (
            id uuid, t integer, message_id uuid, phone text, request_id text
        )
    ), inserted AS (
        {NOTIFICATION}
        FROM r JOIN t USING (t) {unless}
    ), messages AS (
        {MESSAGE.format(replaces="NULL", generation="0")}
        FROM (
            SELECT id, t, message_id, phone, request_id FROM r UNION ALL SELECT * FROM others
        ) AS m {of_inserted} JOIN t USING (t)
    ), {opened(opens)}
    {repeated}
""")


# A notification whose reference is taken is not stored, and its id comes back. They go in by the order of the unique
# key: two bulk producers that share references queue up instead of deadlocking.
_put_unless_taken = partial(
    _put,
    unless="""
        ORDER BY t.source, r.reference
        ON CONFLICT (source, reference) WHERE reference IS NOT NULL DO NOTHING
        RETURNING id
    """,
    of_inserted="JOIN inserted USING (id)",
    opens="SELECT t.* FROM t WHERE t.t IN (SELECT r.t FROM inserted JOIN r USING (id))",
    repeated="SELECT id FROM r WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = r.id)",
)

# The statement by whether any notification has a reference, and whether the commit goes ahead of the disk. Without
# references none can be taken, and to look for that would be a fourteenth of what they cost Postgres.
PUTS = {
    (may_be_taken, ahead): put(f", {NOT_WAITING}" if ahead else "")
    for may_be_taken, put in ((False, _put), (True, _put_unless_taken))
    for ahead in (False, True)
}


def promise(these: str) -> str:
    """SQL: note what may follow these messages `m`; looked at first when the earliest of it could be due."""
    return f"""
    INSERT INTO follow_up (message_id, due_at)
    SELECT m.id, m.wanted_at + make_interval(secs => least(
        CAST(n.follow_up ->> 'after' AS double precision), CAST(n.follow_up #>> '{{retry,wait}}' AS double precision)
    ))
    FROM {these} {by_key("notification", "n", of="m.notification_id")} WHERE n.follow_up IS NOT NULL
    """
