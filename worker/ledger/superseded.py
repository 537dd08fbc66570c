"""Count each recipient once in the sums of days, where a message was sent again and so has several generations.

What was sent, and what it cost, counts each time. A recipient counts by one generation: by what was delivered, else by
the last that was not called back (worker.generations); the others are summed in the column `superseded`. A later
change of any of them may change which one counts. So whenever one changed, the one process that adds up looks at all of
the recipient's anew. What it said of them before stands in the table report_superseded, and is corrected by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.database import compile_nothing
from worker.generations import COUNTED_FIRST, THESE, chains
from worker.ledger.contributions import FINAL_SQL, KEYS, batch
from worker.lifecycle import PURPOSE
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_AGAIN = "(s.generation > 0 OR s.again)"

# Settlements of messages with several generations alone, by an index that holds no others: what is sent once pays
# nothing. Of these, what may change which generation counts: a new one begins, a superseded one moves on, or one that
# went in another's place was delivered or cancelled.
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

# A generation is a run of its message's settlements, from one that begins it (`was` is NULL) up to the next such. The
# settlement that the upkeep wrote later for a message older than that table comes first, whatever its number.
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
        {by_key("notification", "n", of="s.notification_id")}
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
    """Correct the sums by which generation the recipients of these messages are counted now."""
    compile_nothing(session)
    session.execute(_LOOK_ANEW, {"ids": list(messages), "zone": zone})
