"""What settlements add to the sums of a day, and what they take away from them, in SQL.

Each settlement holds both the status that its message had before and the new one: one is taken away there, and one
added here.
"""

from __future__ import annotations

from sqlalchemy import text

from worker.ledger.retention import TEXTS
from worker.lifecycle import DAILY_SUMS, FINAL, LATENCY_BOUNDS, PURPOSE, Status

FINAL_SQL = ", ".join(repr(str(status)) for status in sorted(FINAL))
_TAKEN = ", ".join(  # the statuses of what eSMS took
    repr(str(status))
    for status in (Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.REJECTED, Status.UNKNOWN)
)
_BOUNDS = f"CAST(ARRAY[{', '.join(map(str, LATENCY_BOUNDS))}] AS double precision[])"

_AFTER = "(s.transaction, s.id) > (:after_transaction, :after_id)"


# First the transactions that were running at the last snapshot and are over now, then those that began since. Two
# queries by the index, since one for both would walk over everything between the two.
def batch(columns: str = "s.*", only: str = "true") -> str:
    """SQL: the next settlements that are to be added up, of those for which `only` holds."""
    return f"""
        (
            SELECT {columns} FROM settlement AS s
            WHERE s.transaction = ANY(CAST(:late AS bigint[])) AND {_AFTER} AND {only}
            ORDER BY s.transaction, s.id LIMIT :most
        ) UNION ALL (
            SELECT {columns} FROM settlement AS s
            WHERE s.transaction >= :from AND s.transaction < :below
              AND s.transaction <> ALL(CAST(:running AS bigint[])) AND {_AFTER} AND {only}
            ORDER BY s.transaction, s.id LIMIT :most
        )
        ORDER BY transaction, id LIMIT :most
    """


# From here on, settlements that change the same sums are one row, so each of them, and its notification, is looked at
# once. They are grouped by the moment: to compute each row's day and minute first would cost more than all the rest.
_MOVED = f"""
    SELECT s.at, s.wanted_at, s.was_wanted_at, s.lane, s.was, s.status, s.was_code, s.code, s.network,
        width_bucket(s.accepted_after, {_BOUNDS}) AS accepted_bucket,
        width_bucket(s.delivered_after, {_BOUNDS}) AS delivered_bucket,
        n.source, n.campaign, CASE WHEN n.id IS NULL THEN '' ELSE {PURPOSE} END AS purpose,
        n.options ->> 'sms_type' AS sms_type, n.segments, n.plain_segments,
        n.segments IS NULL AND coalesce(n.kind, 'sms') = 'sms' AS is_uncounted,
        count(*) AS messages, count(s.price) AS priced, sum(s.price) AS price,
        count(s.was_price) AS was_priced, sum(s.was_price) AS was_price,
        array_agg(n.id) FILTER (
            WHERE s.status IN ({FINAL_SQL}) AND s.was IS DISTINCT FROM s.status AND n.emptied_at IS NULL
                AND {PURPOSE} = 'code'
        ) AS codes,
        max(ARRAY[s.transaction, s.id]) AS last
    FROM batch AS s LEFT JOIN notification AS n ON n.id = s.notification_id
    GROUP BY {", ".join(map(str, range(1, 19)))}
"""

# A network counts only for what has ended: before that some answers name it and others do not.
_CHANGES = f"""
    SELECT CAST(timezone(:zone, side.wanted_at) AS date) AS day, coalesce(source, '') AS source,
        coalesce(campaign, '') AS campaign, purpose, lane, coalesce(CAST(sms_type AS smallint), 0) AS sms_type,
        CASE WHEN side.status IN ({FINAL_SQL}) THEN lower(coalesce(network, '')) ELSE '' END AS network,
        side.status, coalesce(side.code, '') AS code,
        CASE WHEN side.status IN ({_TAKEN}) THEN accepted_bucket END AS accepted_bucket,
        CASE WHEN side.status = 'delivered' THEN delivered_bucket END AS delivered_bucket,
        side.messages, side.priced, coalesce(side.price, 0) AS price,
        side.messages * coalesce(segments, 1) AS segments, side.priced * coalesce(segments, 1) AS priced_segments,
        CASE WHEN is_uncounted THEN side.messages - side.priced ELSE 0 END AS uncounted,
        side.messages * coalesce(coalesce(plain_segments, segments) - 1, 0) AS long_segments,
        side.messages * coalesce(segments - plain_segments, 0) AS accent_segments
    FROM moved AS m CROSS JOIN LATERAL (VALUES
        (coalesce(m.was_wanted_at, m.wanted_at), m.was, m.was_code, -m.messages, -m.was_priced, -m.was_price),
        (m.wanted_at, m.status, m.code, m.messages, m.priced, m.price)
    ) AS side (wanted_at, status, code, messages, priced, price)
    WHERE side.status IS NOT NULL
"""

KEYS = "day, source, campaign, purpose, lane, sms_type, network"

# In the order of the key, as all who write many rows do, so that no two can wait for each other.
_DAILY = f"""
    INSERT INTO report_daily AS r ({KEYS}, status, code, {", ".join(DAILY_SUMS)})
    SELECT {KEYS}, status, code, {", ".join(f"sum({name})" for name in DAILY_SUMS)}
    FROM changes GROUP BY {KEYS}, status, code HAVING {" OR ".join(f"sum({name}) <> 0" for name in DAILY_SUMS)}
    ORDER BY {KEYS}, status, code
    ON CONFLICT ({KEYS}, status, code) DO UPDATE
    SET {", ".join(f"{name} = r.{name} + excluded.{name}" for name in DAILY_SUMS)}
"""

_LATENCY = f"""
    INSERT INTO report_latency AS r ({KEYS}, leg, bucket, messages)
    SELECT {KEYS}, leg.name, leg.bucket, sum(messages)
    FROM changes CROSS JOIN LATERAL (VALUES
        ('accepted', accepted_bucket), ('delivered', delivered_bucket)
    ) AS leg (name, bucket)
    WHERE leg.bucket IS NOT NULL
    GROUP BY {KEYS}, leg.name, leg.bucket HAVING sum(messages) <> 0
    ORDER BY {KEYS}, leg.name, leg.bucket
    ON CONFLICT ({KEYS}, leg, bucket) DO UPDATE SET messages = r.messages + excluded.messages
"""

# How many messages came into which status in each minute: for the page's *Now*.
_MINUTE = """
    INSERT INTO report_minute AS r (minute, lane, status, messages)
    SELECT date_trunc('minute', at), lane, status, sum(messages) FROM moved
    WHERE at > now() - interval '1 day' AND was IS DISTINCT FROM status GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (minute, lane, status) DO UPDATE SET messages = r.messages + excluded.messages
"""

_STANDING = """
    INSERT INTO report_standing AS r (lane, status, messages)
    SELECT lane, status, sum(messages) FROM changes GROUP BY 1, 2 HAVING sum(messages) <> 0 ORDER BY 1, 2
    ON CONFLICT (lane, status) DO UPDATE SET messages = r.messages + excluded.messages
"""

# The text of a code that has ended is needed no longer: it is removed next, whoever ended it.
_CODES = f"""
    INSERT INTO removal (message_id, step, look_at)
    SELECT DISTINCT of.id, '{TEXTS}', now() FROM moved CROSS JOIN unnest(codes) AS code (id) CROSS JOIN LATERAL (
        SELECT m.id FROM message AS m WHERE m.notification_id = code.id OFFSET 0
    ) AS of
    ORDER BY of.id
    ON CONFLICT (message_id, step) DO UPDATE SET look_at = now()
"""

# Where it expects few rows, Postgres would at each step read and sort the whole backlog to find the next ones.
AS_INDEXED = text("SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)")

FOLD = text(f"""
    WITH batch AS ({batch()}),
    moved AS MATERIALIZED ({_MOVED}),
    changes AS MATERIALIZED ({_CHANGES}),
    daily AS ({_DAILY}),
    latency AS ({_LATENCY}),
    minutes AS ({_MINUTE}),
    standing AS ({_STANDING}),
    codes AS ({_CODES})
    SELECT coalesce(sum(messages), 0) AS rows, max(last) AS last FROM moved
""")
