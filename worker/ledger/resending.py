"""Queue again, as they are, messages that failed and were chosen: found, judged and queued by one statement for many.

In steps (one statement to find them, Python to judge each, one to queue them, two more for opt-outs and for what
waits) it cost twice as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.decisions import QUEUED_AGAIN, Horizons, as_seconds, reason_of
from worker.ledger.failed import LEFT, Chosen, Left, Place, beyond, chosen, judged, scope_of
from worker.ledger.follow_ups import follow_again
from worker.ledger.opt_out import IS_FOR_THE_WILLING, withhold
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """What one step came to, in messages.

    found: were looked at, up to `place`. queued: go out again; of them trial: the ids of the first hundred, lanes: all
    that have any, withheld: cancelled at once, since their recipients opted out. left: stay as they are, by why.
    """

    found: int
    place: Place
    queued: int
    trial: Sequence[UUID]
    lanes: Sequence[str]
    left: Mapping[Left, int]
    withheld: int


# A row that somebody changed since it was found is passed over: the UPDATE looks again once it has its lock.
@cache
def _resend(scope: str, goes_on: str) -> TextClause:
    return text(f"""
        WITH page AS MATERIALIZED (
            SELECT m.id, m.notification_id, m.grouped, n.source, n.campaign, {IS_FOR_THE_WILLING} AS willing,
                n.follow_up IS NOT NULL AS promised,
                {LEFT} AS left_since
            FROM message AS m {by_key("notification", "n", of="m.notification_id")}
            WHERE {chosen(scope, joined=True)} AND {goes_on}
            ORDER BY m.notification_id, m.id LIMIT :most
        ), queued AS (
            UPDATE message AS m SET {QUEUED_AGAIN}
            FROM page AS j
            WHERE m.id = j.id AND j.left_since IS NULL AND NOT EXISTS (SELECT FROM page WHERE grouped)
              AND m.status || '' = ANY(CAST(:statuses AS text[])) AND m.replaced_by IS NULL
              AND m.emptied_by IS NULL
            RETURNING m.id, m.lane, m.stream, m.due_at, j.source, j.campaign, j.willing, j.promised
        ), told AS (
            INSERT INTO stream (lane, key, source, campaign, due_from)
            SELECT lane, stream, source, campaign, min(due_at) FROM queued GROUP BY 1, 2, 3, 4
            RETURNING lane
        )
        SELECT p.found, p.grouped, last.notification_id, last.id, q.queued, q.trial, q.willing, q.promised, l.why,
            ARRAY(SELECT lane FROM told) AS lanes
        FROM (SELECT count(*) AS found, bool_or(grouped) AS grouped FROM page) AS p
        CROSS JOIN (
            SELECT count(*) AS queued, (array_agg(id))[1\\:100] AS trial,
                array_agg(id) FILTER (WHERE willing) AS willing,
                array_agg(id) FILTER (WHERE promised) AS promised
            FROM queued
        ) AS q
        CROSS JOIN (
            SELECT jsonb_object_agg(left_since, messages) AS why FROM (
                SELECT left_since, count(*) AS messages FROM page WHERE left_since IS NOT NULL GROUP BY 1
            ) AS each_why
        ) AS l
        LEFT JOIN (SELECT * FROM page ORDER BY notification_id DESC, id DESC LIMIT 1) AS last ON true
    """)


def resend(session: Session, which: Chosen, horizons: Horizons, *, by: str, after: Place, most: int) -> Resent | None:
    """The next ones of what was chosen. None: there is advertising among them, which is gathered first.

    by: who asked for it.
    """
    asked = which.parameters() | after.parameters()
    asked |= {"most": most, "by": by, "reason": reason_of(by), "horizons": as_seconds(horizons)}
    row = judged(session, _resend(scope_of(which), beyond(after)), asked).one()
    if row.grouped:
        return None
    follow_again(session, row.promised or [])
    return Resent(
        found=row.found,
        place=Place(row.notification_id, row.id, after.asked_at) if row.found else after,
        queued=row.queued,
        trial=row.trial or [],
        lanes=row.lanes,
        left={Left(why): messages for why, messages in (row.why or {}).items()},
        withheld=len(withhold(session, row.willing or [])),
    )
