"""What settlements add to the sums of a day and take away from them, in SQL.

Each says itself where the message stood before and where it stands now: one taken away there, one added here.
"""

from __future__ import annotations

from sqlalchemy import text

from worker.ledger.retention import TEXTS
from worker.lifecycle import DAILY_SUMS, FINAL, LATENCY_BOUNDS, PURPOSE, Status

_FINAL = ", ".join(repr(str(status)) for status in sorted(FINAL))
_TAKEN = ", ".join(  # the statuses of what eSMS took
    repr(str(status))
    for status in (Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.REJECTED, Status.UNKNOWN)
)
_BOUNDS = f"CAST(ARRAY[{', '.join(map(str, LATENCY_BOUNDS))}] AS double precision[])"

_COLUMNS = """
    s.transaction, s.id, s.at, s.wanted_at, s.notification_id, s.accepted_after, s.delivered_after, s.lane,
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
_SIDE = f"""
    SELECT {{wanted_at}} AS wanted_at, notification_id, lane, {{status}} AS status, coalesce({{code}}, '') AS code,
        CASE WHEN {{status}} IN ({_FINAL}) THEN lower(coalesce(network, '')) ELSE '' END AS network,
        {{sign}} AS sign, {{price}} AS price,
        CASE WHEN {{status}} IN ({_TAKEN}) THEN width_bucket(accepted_after, {_BOUNDS}) END AS accepted_bucket,
        CASE WHEN {{status}} = 'delivered' THEN width_bucket(delivered_after, {_BOUNDS}) END AS delivered_bucket
    FROM batch WHERE {{status}} IS NOT NULL
"""
_WAS = _SIDE.format(
    wanted_at="coalesce(was_wanted_at, wanted_at)", status="was", code="was_code", sign=-1, price="was_price"
)
_IS = _SIDE.format(wanted_at="wanted_at", status="status", code="code", sign=1, price="price")

# By notification first: of what passed through a status within the batch nothing is left, and need not be looked up.
# By the moment first and the day after, since to tell each row's day would cost more than the rest of it.
_NET = """
    SELECT CAST(timezone(:zone, wanted_at) AS date) AS day, notification_id, lane, status, code, network,
        accepted_bucket, delivered_bucket, sum(sign) AS messages,
        coalesce(sum(sign) FILTER (WHERE price IS NOT NULL), 0) AS priced, coalesce(sum(sign * price), 0) AS price
    FROM changes
    GROUP BY wanted_at, notification_id, lane, status, code, network, accepted_bucket, delivered_bucket
    HAVING sum(sign) <> 0 OR sum(sign * price) <> 0 OR sum(sign) FILTER (WHERE price IS NOT NULL) <> 0
"""

_KEYED = f"""
    SELECT net.*, n.emptied_at, coalesce(n.source, '') AS source, coalesce(n.campaign, '') AS campaign,
        CASE WHEN n.id IS NULL THEN '' ELSE {PURPOSE} END AS purpose,
        coalesce(CAST(n.options ->> 'sms_type' AS smallint), 0) AS sms_type,
        messages * coalesce(n.segments, 1) AS segments, priced * coalesce(n.segments, 1) AS priced_segments,
        CASE WHEN n.segments IS NULL AND coalesce(n.kind, 'sms') = 'sms' THEN messages - priced ELSE 0 END AS uncounted,
        messages * coalesce(coalesce(n.plain_segments, n.segments) - 1, 0) AS long_segments,
        messages * coalesce(n.segments - n.plain_segments, 0) AS accent_segments
    FROM net LEFT JOIN notification AS n ON n.id = net.notification_id
"""

_KEYS = "day, source, campaign, purpose, lane, sms_type, network"

# In the order of the key, as everybody who writes many rows: nobody waits in a circle.
_DAILY = f"""
    INSERT INTO report_daily AS r ({_KEYS}, status, code, {", ".join(DAILY_SUMS)})
    SELECT {_KEYS}, status, code, {", ".join(f"sum({name})" for name in DAILY_SUMS)}
    FROM keyed GROUP BY {_KEYS}, status, code
    ORDER BY {_KEYS}, status, code
    ON CONFLICT ({_KEYS}, status, code) DO UPDATE
    SET {", ".join(f"{name} = r.{name} + excluded.{name}" for name in DAILY_SUMS)}
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

# What came to stand where, minute by minute: for who looks how it goes now. By the moment first, as above.
_MINUTE = """
    INSERT INTO report_minute AS r (minute, lane, status, messages)
    SELECT date_trunc('minute', at), lane, status, sum(messages) FROM (
        SELECT at, lane, status, count(*) AS messages FROM batch WHERE was IS DISTINCT FROM status GROUP BY 1, 2, 3
    ) AS moments
    WHERE at > now() - interval '1 day' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (minute, lane, status) DO UPDATE SET messages = r.messages + excluded.messages
"""

_STANDING = """
    INSERT INTO report_standing AS r (lane, status, messages)
    SELECT lane, status, sum(messages) FROM net GROUP BY 1, 2 HAVING sum(messages) <> 0 ORDER BY 1, 2
    ON CONFLICT (lane, status) DO UPDATE SET messages = r.messages + excluded.messages
"""

# A code that has ended is needed no longer: its text goes next, whoever ended it.
_CODES = f"""
    INSERT INTO removal (message_id, step, look_at)
    SELECT DISTINCT of.id, '{TEXTS}', now() FROM keyed CROSS JOIN LATERAL (
        SELECT m.id FROM message AS m WHERE m.notification_id = keyed.notification_id OFFSET 0
    ) AS of
    WHERE purpose = 'code' AND messages > 0 AND status IN ({_FINAL}) AND emptied_at IS NULL
    ORDER BY of.id
    ON CONFLICT (message_id, step) DO UPDATE SET look_at = now()
"""

FOLD = text(f"""
    WITH batch AS MATERIALIZED ({_BATCH}),
    changes AS ({_WAS} UNION ALL {_IS}),
    net AS MATERIALIZED ({_NET}),
    keyed AS MATERIALIZED ({_KEYED}),
    daily AS ({_DAILY}),
    latency AS ({_LATENCY}),
    minutes AS ({_MINUTE}),
    standing AS ({_STANDING}),
    codes AS ({_CODES})
    SELECT count(*) AS rows, max(transaction) AS last_transaction,
        (SELECT id FROM batch ORDER BY transaction DESC, id DESC LIMIT 1) AS last_id
    FROM batch
""")
