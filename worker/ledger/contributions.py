"""What settlements add to the sums of a day and take away from them, in SQL.

Each says itself where the message stood before and where it stands now: one taken away there, one added here.
"""

from __future__ import annotations

from sqlalchemy import text

from worker.lifecycle import FINAL, LATENCY_BOUNDS, PURPOSE, Status

_FINAL = ", ".join(repr(str(status)) for status in sorted(FINAL))
_TAKEN = ", ".join(  # the statuses of what eSMS took
    repr(str(status))
    for status in (Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.REJECTED, Status.UNKNOWN)
)
_BOUNDS = f"CAST(ARRAY[{', '.join(map(str, LATENCY_BOUNDS))}] AS double precision[])"

_COLUMNS = """
    s.transaction, s.id, s.wanted_at, s.notification_id, s.accepted_after, s.delivered_after, s.lane,
    s.was, s.status, s.was_code, s.code, s.network, s.was_wanted_at, s.price, s.was_price
"""
_AFTER = "(s.transaction, s.id) > (:after_transaction, :after_id)"

# First what was running at the last snapshot and is over now, then what began since. Two questions to the index, since
# one for both would walk all that lies between them.
_BATCH = f"""
    SELECT * FROM (
        (
            SELECT {_COLUMNS} FROM settlement AS s
            WHERE s.transaction = ANY(CAST(:late AS bigint[])) AND {_AFTER}
            ORDER BY s.transaction, s.id LIMIT :most
        ) UNION ALL (
            SELECT {_COLUMNS} FROM settlement AS s
            WHERE s.transaction >= :from AND s.transaction < :below
              AND s.transaction <> ALL(CAST(:running AS bigint[])) AND {_AFTER}
            ORDER BY s.transaction, s.id LIMIT :most
        )
    ) AS both_ways ORDER BY transaction, id LIMIT :most
"""

# What was network counts only of what has ended: an answer may name it, or not, before that.
_CHANGES = f"""
    SELECT CAST(timezone(:zone, side.wanted_at) AS date) AS day, b.notification_id, b.lane, side.status,
        coalesce(side.code, '') AS code,
        CASE WHEN side.status IN ({_FINAL}) THEN lower(coalesce(b.network, '')) ELSE '' END AS network,
        side.sign, side.price,
        CASE WHEN side.status IN ({_TAKEN}) THEN width_bucket(b.accepted_after, {_BOUNDS}) END AS accepted_bucket,
        CASE WHEN side.status = 'delivered' THEN width_bucket(b.delivered_after, {_BOUNDS}) END AS delivered_bucket
    FROM batch AS b CROSS JOIN LATERAL (VALUES
        (-1, b.was, b.was_code, coalesce(b.was_wanted_at, b.wanted_at), b.was_price),
        (1, b.status, b.code, b.wanted_at, b.price)
    ) AS side (sign, status, code, wanted_at, price)
    WHERE side.status IS NOT NULL
"""

# By notification first: of what passed through a status within the batch nothing is left, and need not be looked up.
_NET = """
    SELECT day, notification_id, lane, status, code, network, accepted_bucket, delivered_bucket,
        sum(sign) AS messages,
        coalesce(sum(sign) FILTER (WHERE price IS NOT NULL), 0) AS priced, coalesce(sum(sign * price), 0) AS price
    FROM changes
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    HAVING sum(sign) <> 0 OR sum(sign * price) <> 0 OR sum(sign) FILTER (WHERE price IS NOT NULL) <> 0
"""

_KEYED = f"""
    SELECT net.*, coalesce(n.source, '') AS source, coalesce(n.campaign, '') AS campaign,
        CASE WHEN n.id IS NULL THEN '' ELSE {PURPOSE} END AS purpose,
        coalesce(CAST(n.options ->> 'sms_type' AS smallint), 0) AS sms_type,
        messages * coalesce(n.segments, 1) AS segments, priced * coalesce(n.segments, 1) AS priced_segments,
        CASE WHEN n.segments IS NULL AND coalesce(n.kind, 'sms') = 'sms' THEN messages - priced ELSE 0 END AS uncounted,
        messages * coalesce(coalesce(n.plain_segments, n.segments) - 1, 0) AS long_segments,
        messages * coalesce(n.segments - n.plain_segments, 0) AS accent_segments
    FROM net LEFT JOIN notification AS n ON n.id = net.notification_id
"""

_SUMS = (
    "messages", "segments", "priced", "price", "priced_segments", "uncounted", "long_segments", "accent_segments",
)  # fmt: skip
_KEYS = "day, source, campaign, purpose, lane, sms_type, network"

# In the order of the key, as everybody who writes many rows: nobody waits in a circle.
_DAILY = f"""
    INSERT INTO report_daily AS r ({_KEYS}, status, code, {", ".join(_SUMS)})
    SELECT {_KEYS}, status, code, {", ".join(f"sum({name})" for name in _SUMS)}
    FROM keyed GROUP BY {_KEYS}, status, code
    ORDER BY {_KEYS}, status, code
    ON CONFLICT ({_KEYS}, status, code) DO UPDATE
    SET {", ".join(f"{name} = r.{name} + excluded.{name}" for name in _SUMS)}
"""

_LATENCY = f"""
    INSERT INTO report_latency AS r ({_KEYS}, leg, bucket, messages)
    SELECT {_KEYS}, leg.name, leg.bucket, sum(messages)
    FROM keyed CROSS JOIN LATERAL (VALUES
        ('accepted', accepted_bucket), ('delivered', delivered_bucket)
    ) AS leg (name, bucket)
    WHERE leg.bucket IS NOT NULL
    GROUP BY {_KEYS}, leg.name, leg.bucket HAVING sum(messages) <> 0
    ORDER BY {_KEYS}, leg.name, leg.bucket
    ON CONFLICT ({_KEYS}, leg, bucket) DO UPDATE SET messages = r.messages + excluded.messages
"""

FOLD = text(f"""
    WITH batch AS MATERIALIZED ({_BATCH}),
    changes AS ({_CHANGES}),
    net AS MATERIALIZED ({_NET}),
    keyed AS MATERIALIZED ({_KEYED}),
    daily AS ({_DAILY}),
    latency AS ({_LATENCY})
    SELECT count(*) AS rows, max(transaction) AS last_transaction,
        (SELECT id FROM batch ORDER BY transaction DESC, id DESC LIMIT 1) AS last_id
    FROM batch
""")
