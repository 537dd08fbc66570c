"""By which generation each recipient is counted, where there are several; the sums tell of the others apart.

What was sent, and what it cost, counts each time. A recipient counts once: by what was delivered, else by the last one
that was not called back (worker.generations). Which one that is, a later change of any of them may decide anew: so all
of a recipient's are looked at whenever one of them changed, by the one process that adds up. What it told before
stands in report_superseded, and is taken back by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.generations import COUNTED_FIRST, THESE, UNCOMPILED, chains
from worker.ledger.contributions import FINAL_SQL, KEYS, batch
from worker.lifecycle import PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_AGAIN = "(s.generation > 0 OR s.again)"

# Only what is of several generations, by an index that holds no other: what is sent once pays for none of it. Of that,
# what may change who counts: a generation begins, one that was superseded moves on, or what went in another's place
# came to one of the two ends that matter.
AGAIN = text(f"""
    WITH batch AS ({batch("s.transaction, s.id, s.message_id, s.was, s.again, s.status", _AGAIN)})
    SELECT count(*) AS rows, max(ARRAY[transaction, id]) AS last,
        array_agg(DISTINCT message_id) FILTER (
            WHERE was IS NULL OR again OR status IN ('delivered', 'cancelled') AND (
                SELECT m.replaces FROM message AS m WHERE m.id = batch.message_id
            ) IS NOT NULL
        ) AS touched
    FROM batch
""")

# A generation of a message is what its settlements tell from one that begins it to the next such, in their order; what
# was written down later of before there were settlements comes first.
_SUPERSEDED = f"""
    ranked AS MATERIALIZED (
        SELECT id, created_at, row_number() OVER (PARTITION BY root ORDER BY {COUNTED_FIRST}) = 1 AS is_counted
        FROM chain
    ), superseded AS MATERIALIZED (
        SELECT r.id AS message_id, s.part, CAST(timezone(:zone, s.wanted_at) AS date) AS day,
            coalesce(n.source, '') AS source, coalesce(n.campaign, '') AS campaign, {PURPOSE} AS purpose, s.lane,
            coalesce(CAST(n.options ->> 'sms_type' AS smallint), 0) AS sms_type,
            CASE WHEN s.status IN ({FINAL_SQL}) THEN lower(coalesce(s.network, '')) ELSE '' END AS network,
            s.status, coalesce(s.code, '') AS code
        FROM ranked AS r
        CROSS JOIN LATERAL (
            SELECT s.*, sum(CASE WHEN s.was IS NULL THEN 1 ELSE 0 END) OVER told AS part,
                lead(s.was IS NULL) OVER told AS is_followed
            FROM settlement AS s WHERE s.message_id = r.id
            WINDOW told AS (ORDER BY s.at <> r.created_at, s.id)
            OFFSET 0
        ) AS s
        CROSS JOIN LATERAL (SELECT * FROM notification AS n WHERE n.id = s.notification_id OFFSET 0) AS n
        WHERE s.is_followed OR s.is_followed IS NULL AND NOT r.is_counted
    )
"""

_TOLD_ANEW = ", ".join(f"{name} = excluded.{name}" for name in (*KEYS.split(", "), "status", "code"))

_LOOK_ANEW = text(f"""
    WITH RECURSIVE {chains(THESE)}, {_SUPERSEDED},
    told AS MATERIALIZED (
        SELECT o.* FROM ranked AS r
        CROSS JOIN LATERAL (
            SELECT o.ctid AS place, o.* FROM report_superseded AS o WHERE o.message_id = r.id OFFSET 0
        ) AS o
    ), changed AS MATERIALIZED (
        SELECT * FROM superseded EXCEPT SELECT message_id, part, {KEYS}, status, code FROM told
    ), taken_back AS MATERIALIZED (
        SELECT message_id, part, {KEYS}, status, code FROM told EXCEPT SELECT * FROM superseded
    ), put AS (
        INSERT INTO report_superseded AS o (message_id, part, {KEYS}, status, code)
        SELECT * FROM changed ORDER BY message_id, part
        ON CONFLICT (message_id, part) DO UPDATE SET {_TOLD_ANEW}
    ), gone AS (
        DELETE FROM report_superseded WHERE ctid = ANY(ARRAY(
            SELECT t.place FROM told AS t
            WHERE NOT EXISTS (SELECT FROM superseded AS s WHERE (s.message_id, s.part) = (t.message_id, t.part))
        ))
    )
    INSERT INTO report_daily AS r ({KEYS}, status, code, messages, segments, priced, price, superseded)
    SELECT {KEYS}, status, code, 0, 0, 0, 0, sum(times) FROM (
        SELECT 1 AS times, * FROM changed UNION ALL SELECT -1, * FROM taken_back
    ) AS change
    GROUP BY {KEYS}, status, code HAVING sum(times) <> 0 ORDER BY {KEYS}, status, code
    ON CONFLICT ({KEYS}, status, code) DO UPDATE SET superseded = r.superseded + excluded.superseded
""")


def look_anew(session: Session, messages: Sequence[UUID], zone: str) -> None:
    """Tell the sums by which generation their recipients are counted now, and by which they are not."""
    session.execute(text(UNCOMPILED))
    session.execute(_LOOK_ANEW, {"ids": list(messages), "zone": zone})
