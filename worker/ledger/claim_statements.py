"""The SQL by which messages are claimed, handed back, and noted as about to be dialled.

A RequestId follows from the message's id and `renewals`, which only a person's retry or a proof that nothing was taken
raises. So a message whose claim was lost with its server is claimed again under the same id, and eSMS takes it once.
"""

from __future__ import annotations

from sqlalchemy import text

from worker.ledger.gate import FORGOTTEN, OUTSIDE, barred, closed, consent, forbidden, outside
from worker.ledger.limits import COST, HAS_SOME_LEFT, LIMITS
from worker.ledger.opt_out import REASON, unwilling
from worker.ledger.plans import MESSAGES_FOUND_EMPTY, still
from worker.ledger.reached import needless
from worker.lifecycle import IS_ADVERTISING
from worker.lookups import by_key

NOBODY = "00000000-0000-0000-0000-000000000000"  # comes before every id

_RETURNING = """
    RETURNING m.id, m.attempts, m.phone, m.lane, m.request_id, m.failures, m.asked,
        m.in_doubt_since IS NOT NULL AS in_doubt, n.kind, n.content, n.template_id, n.options::text AS options,
        CASE WHEN n.hand_over THEN n.send_date END AS hand_over_at, m.expires_at - now() AS expires_in, n.advertising,
        n.stays, n.unwilling, n.because, n.consent
"""
# The places of further columns in a row of CLAIM: a column by name costs seven times as much.
SOURCE, STREAM, WAS_DUE_AT = 19, 20, 21


_OF_DUE = "m.id, m.ctid AS place, m.phone, m.notification_id, m.replaces, m.replaced_by, m.due_at, m.emptied_by"


# For the messages `due`: what they say, and why they must not go out, or not yet. This is the check that decides about
# opt-outs, sending rules and needless repeats, since whatever becomes queued, by whichever way, must be claimed.
def _read(*, waits: bool) -> str:
    return f"""n AS MATERIALIZED (
        SELECT read.*, read.why_not IS NOT NULL AS unwilling,
            read.why_not IS NOT NULL OR read.until IS NOT NULL AS stays, coalesce(read.why_not, read.told) AS because
        FROM (
            SELECT found.*, CASE WHEN found.emptied_by IS NOT NULL THEN '{FORGOTTEN}'
                WHEN found.needless IS NOT NULL THEN found.needless WHEN found.opted_out THEN '{REASON}'
                WHEN found.outside THEN '{OUTSIDE}' ELSE {forbidden("found")} END AS why_not
            FROM (
                SELECT due.id AS message_id, due.place, due.due_at AS was_due_at, due.emptied_by,
                    n.kind, n.content, n.template_id,
                    n.options, n.hand_over, n.send_date, n.source, n.expires_at IS NULL AS lasts,
                    {needless("due", waits=waits)} AS needless, {unwilling("due.phone")} AS opted_out,
                    {outside("due.phone")} AS outside, {IS_ADVERTISING} AS advertising,
                    {consent("due.phone")} AS consent, {barred("due.phone")} AS barred,
                    {closed("until")} AS until, {closed("told")} AS told
                FROM due {by_key("notification", "n", of="due.notification_id")}
                OFFSET 0  -- or it would be looked up once for each column that it decides about
            ) AS found
        ) AS read
    )"""


# Whether its campaign is paused is looked up for each message, but only while any campaign is.
_OF_NO_PAUSED_CAMPAIGN = """(
    NOT EXISTS (SELECT FROM pause WHERE campaign IS NOT NULL AND lifted_at IS NULL)
    OR NOT EXISTS (
        SELECT FROM pause JOIN notification AS c
            ON c.campaign = pause.campaign AND c.source = coalesce(pause.source, c.source)
        WHERE pause.lifted_at IS NULL AND c.id = m.notification_id
    )
)"""
_NOT_PAUSED = f"""
    NOT EXISTS (SELECT FROM pause WHERE pause.lane = m.lane AND lifted_at IS NULL) AND {_OF_NO_PAUSED_CAMPAIGN}
"""
_NOT_EXPIRED = "(m.expires_at IS NULL OR m.expires_at > now())"

_BEGIN = """
    lease_until = CASE WHEN NOT n.stays THEN now() + :lease END,
    attempts = m.attempts + CASE WHEN n.stays THEN 0 ELSE 1 END,
    dialled_at = NULL
"""
# What may not go out yet goes back to the queue with a later date; its usual expires_at moves along, by as much.
_START = f"""
    {_BEGIN}, paused = false,
    status = CASE WHEN n.unwilling THEN 'cancelled' WHEN n.stays THEN 'queued' ELSE 'sending' END,
    settled_at = CASE WHEN n.unwilling THEN now() END,
    due_at = CASE WHEN n.unwilling THEN m.due_at ELSE coalesce(n.until, m.due_at) END,
    expires_at = CASE WHEN n.lasts AND n.stays AND NOT n.unwilling THEN m.expires_at + (n.until - now())
        ELSE m.expires_at END,
    reason = CASE WHEN n.stays THEN n.because ELSE m.reason END,
    consent_id = CASE WHEN n.consent > 0 THEN n.consent END
"""
# An SMS in doubt whose recipient wants none of it must not be asked for again, which could send it. It is looked for in
# the sent data instead, as if past its date; and apart from its request, whose other recipients may be asked for.
_ASK = f"""
    {_BEGIN},
    status = CASE WHEN n.stays THEN 'unconfirmed' ELSE 'sending' END,
    expires_at = CASE WHEN n.unwilling THEN now() ELSE m.expires_at END,
    due_at = CASE WHEN n.unwilling THEN now() WHEN n.stays THEN n.until ELSE m.due_at END,
    reason = CASE WHEN n.unwilling THEN n.because || '; whether eSMS took it before is looked for'
        WHEN n.stays THEN n.because ELSE m.reason END,
    request_id = CASE WHEN n.unwilling AND m.grouped THEN NULL ELSE m.request_id END,
    earlier_ids = CASE WHEN n.unwilling AND m.grouped THEN array_append(m.earlier_ids, m.request_id)
        ELSE m.earlier_ids END
"""

_REQUEST_ID = "replace(m.id::text, '-', '') || CASE WHEN m.renewals = 0 THEN '' ELSE '-' || m.renewals END"

# The streams of a lane that may be claimed from: without those of paused campaigns, and each from its floor on.
_STREAMS = f"""
    WITH streams AS MATERIALIZED (
        SELECT s.key, s.source, coalesce(least(f.due_at, back.due_from), '-infinity') AS from_at,
            CASE WHEN back.due_from <= f.due_at THEN '{NOBODY}' ELSE coalesce(f.id, '{NOBODY}') END AS from_id
        FROM (
            SELECT key, source, campaign FROM stream WHERE lane = :lane AND due_from <= now()
            GROUP BY key, source, campaign
        ) AS s
        LEFT JOIN json_to_recordset(CAST(:floors AS json))
            AS f (key bigint, due_at timestamptz, id uuid, seen_to bigint) ON f.key = s.key
        LEFT JOIN LATERAL (  -- what came back since that floor was set
            SELECT min(due_from) AS due_from FROM stream
            WHERE lane = :lane AND key = f.key AND put_by >= f.seen_to
        ) AS back ON true
        WHERE NOT EXISTS (
            SELECT FROM pause AS p
            WHERE p.campaign = s.campaign AND p.lifted_at IS NULL AND coalesce(p.source, s.source) = s.source
        )
    ), {LIMITS}, turns AS MATERIALIZED (  -- sources take turns, and within each its campaigns
        SELECT s.source, l.today, least(l.messages, l.credit) AS most, l.messages, l.dong
        FROM (SELECT DISTINCT source FROM streams) AS s LEFT JOIN limits AS l ON l.source = s.source
        WHERE (:trial OR NOT EXISTS (SELECT FROM pause WHERE lane = :lane AND lifted_at IS NULL))
          AND (CAST(:sources AS text[]) IS NULL OR array_position(CAST(:sources AS text[]), s.source) IS NOT NULL)
          AND {HAS_SOME_LEFT}
        ORDER BY random()
    )
"""
_WAITING = f"""
    m.lane = :lane AND m.stream = s.key AND m.status = 'queued' AND {{grouped}} AND m.due_at <= now()
    AND (m.due_at, m.id) >= (s.from_at, s.from_id) AND {_NOT_EXPIRED}
"""

# In most lanes nothing is due most of the time: one cheap look saves many claims that would find nothing.
DUE = text(f"""
    SELECT
        ARRAY(
            SELECT lane FROM unnest(CAST(:lanes AS text[])) AS lane
            WHERE EXISTS (SELECT FROM stream AS s WHERE s.lane = lane.lane AND s.due_from <= now())
        ) AS lanes,
        coalesce((
            SELECT due_at FROM message WHERE status = 'unconfirmed' ORDER BY due_at LIMIT 1
        ) <= now(), false) AS doubts,
        pg_relation_size('message') AS size, {MESSAGES_FOUND_EMPTY} AS found_empty
""")

_COST = COST.format(today="turns.today")
_COST_IF_LIMITED = f"""CASE WHEN turns.dong IS NOT NULL THEN
                coalesce((SELECT {_COST} FROM notification AS n WHERE n.id = taken.notification_id), 0)
            END"""

# Locked rows are changed by their places (ctid), so that Postgres looks for none of them, however few it expects. A row
# that somebody changed right before it was locked is missed, and left for the next claim. Not so in CLAIM_GROUP, which
# goes by ids, since all recipients of a request must be claimed together.
# The status is a literal: a generic prepared plan could not match a bound parameter to the partial index.
_CLAIM = f"""
    {_STREAMS}, share AS MATERIALIZED (
        SELECT (:most + count(*) - 1) / greatest(count(*), 1) AS most FROM turns
    ), due AS MATERIALIZED (
        SELECT found.* FROM turns CROSS JOIN LATERAL (
            SELECT taken.*, sum({_COST_IF_LIMITED}) OVER (ROWS UNBOUNDED PRECEDING) AS dong FROM (
                SELECT one.* FROM (
                    SELECT * FROM streams WHERE source = turns.source ORDER BY random()
                ) AS s CROSS JOIN LATERAL (
                    SELECT {_OF_DUE}
                    FROM message AS m
                    WHERE {_WAITING.format(grouped="NOT m.grouped")}
                    ORDER BY m.due_at, m.id LIMIT (SELECT most FROM share)
                    FOR UPDATE SKIP LOCKED
                ) AS one
                LIMIT least((SELECT most FROM share), turns.most)
            ) AS taken
        ) AS found
        WHERE turns.dong IS NULL OR found.dong <= turns.dong
        LIMIT :most
    ), {_read(waits=True)}
    UPDATE message AS m
    SET {_START}, request_id = coalesce(m.request_id, {_REQUEST_ID})
    FROM n
    WHERE m.ctid = n.place {{only}}
    {_RETURNING}, n.source, m.stream, n.was_due_at,
        (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS oldest,
        (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS next, (SELECT most FROM share) AS share,
        EXISTS (SELECT FROM limits) AS limited, (SELECT count(*) FROM due) AS due
"""
CLAIM = text(_CLAIM.format(only=""))

# Claims only messages that need no other statement in the transaction: none that is counted by an advertising rule,
# charged to a source's limits, or turned back by a rule.
CLAIM_ALONE = text(_CLAIM.format(only="AND NOT n.stays AND NOT n.advertising AND NOT EXISTS (SELECT FROM limits)"))

# Locks the notification of an advertising request: only one process at a time cuts requests out of its recipients.
LEAD = text(f"""
    {_STREAMS}
    SELECT found.*, turns.today IS NOT NULL AS limited, least(
        turns.messages, (SELECT floor(turns.dong / nullif({_COST}, 0)) FROM notification AS n WHERE n.id = found.id)
    ) AS most
    FROM turns CROSS JOIN LATERAL (
        SELECT one.* FROM (
            SELECT * FROM streams WHERE source = turns.source ORDER BY random()
        ) AS s CROSS JOIN LATERAL (
            SELECT n.id, m.request_id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
            WHERE {_WAITING.format(grouped="m.grouped")}
            ORDER BY m.due_at, m.id LIMIT 1
            FOR UPDATE OF n SKIP LOCKED
        ) AS one
        LIMIT 1
    ) AS found
    LIMIT 1
""")

# Which recipients share a request is decided when they are stored, so that after a lost claim the same ones come back
# under the same RequestId. Only those whose RequestId was renewed are cut anew, here. No request may fall below what
# eSMS takes at least, even if some recipients opt out before it is claimed: so the last two requests share what is
# left. To know that, no more than two requests' recipients are counted.
_UNCUT = f"""
    m.notification_id = :lead AND m.request_id IS NULL AND m.status = 'queued' AND m.grouped
          AND m.due_at <= now() AND {_NOT_EXPIRED}
"""
CUT = text(f"""
    WITH waiting AS MATERIALIZED (
        SELECT count(*) AS count FROM (
            SELECT FROM message AS m WHERE {_UNCUT} ORDER BY m.id LIMIT 2 * :group_most
        ) AS counted
    ), cut AS MATERIALIZED (
        SELECT CASE WHEN count > :group_most THEN (count + 1) / 2 ELSE count END AS size FROM waiting
    ), due AS MATERIALIZED (
        SELECT m.id, m.renewals FROM message AS m
        WHERE {_UNCUT}
        ORDER BY m.id
        LIMIT (SELECT size FROM cut)
        FOR UPDATE SKIP LOCKED  -- waiting for a person's cancel, which locks in another order, could deadlock
    ), first AS MATERIALIZED (SELECT {_REQUEST_ID} AS request_id FROM due AS m ORDER BY m.id LIMIT 1)
    UPDATE message AS m SET request_id = first.request_id
    FROM due, first
    WHERE m.id = due.id AND (SELECT count(*) FROM due) = (SELECT size FROM cut)
    RETURNING m.request_id
""")

# A statement after LEAD, so that it sees what the process that held that lock before has changed.
CLAIM_GROUP = text(f"""
    WITH waiting AS MATERIALIZED (
        SELECT m.id FROM message AS m
        WHERE m.notification_id = :lead AND m.request_id = :request_id AND m.status = 'queued' AND m.grouped
          AND {_NOT_EXPIRED}
    ), due AS MATERIALIZED (
        SELECT {_OF_DUE}
        FROM message AS m JOIN waiting USING (id)
        WHERE {still("queued")}
        ORDER BY m.id
        FOR UPDATE OF m SKIP LOCKED
    ), {_read(waits=True)}
    UPDATE message AS m SET {_START}
    FROM n
    WHERE m.id = n.message_id
      AND (SELECT count(*) FROM due) = (SELECT count(*) FROM waiting)  -- else somebody holds some of them: soon again
      AND (SELECT count(*) FROM due) <= coalesce(CAST(:most AS numeric), 'infinity')  -- else its source has less left
    {_RETURNING}
""")

CLAIM_DOUBTFUL = text(f"""
    WITH due AS MATERIALIZED (
        SELECT {_OF_DUE}
        FROM message AS m {by_key("notification", "n", of="m.notification_id")}
        WHERE m.status = 'unconfirmed' AND NOT m.grouped AND n.kind = 'sms' AND m.due_at <= now()
          AND m.in_doubt_since > now() - :window AND {_NOT_EXPIRED} AND {_NOT_PAUSED} AND m.lane = ANY(:lanes)
        ORDER BY m.due_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    ), {_read(waits=False)}
    UPDATE message AS m SET {_ASK}
    FROM n
    WHERE m.ctid = n.place
    {_RETURNING}
""")

# A request in doubt is asked for again with all its recipients: the same RequestId must stand for the same ones.
CLAIM_DOUBTFUL_GROUP = text(f"""
    WITH lead AS MATERIALIZED (
        SELECT n.id, m.request_id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'unconfirmed' AND m.grouped AND m.due_at <= now()
          AND m.in_doubt_since > now() - :window AND {_NOT_EXPIRED} AND {_NOT_PAUSED}
          AND NOT EXISTS (  -- the rest of it is still to be rescued
              SELECT FROM message AS o
              WHERE o.notification_id = n.id AND o.request_id = m.request_id AND {still("sending", message="o")}
          )
        ORDER BY m.due_at LIMIT 1
        FOR UPDATE OF n SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT {_OF_DUE}
        FROM message AS m JOIN lead ON m.notification_id = lead.id AND m.request_id = lead.request_id
        WHERE {still("unconfirmed")}
        ORDER BY m.id
        FOR UPDATE OF m
    ), {_read(waits=False)}
    UPDATE message AS m SET {_ASK}
    FROM n
    WHERE m.id = n.message_id
    {_RETURNING}
""")

INTEND = text(f"""
    UPDATE message AS m SET dialled_at = clock_timestamp()
    FROM unnest(CAST(:id AS uuid[]), CAST(:attempt AS integer[])) AS mine (id, attempt)
    WHERE m.id = mine.id AND m.attempts = mine.attempt AND {still("sending")} AND m.lease_until > clock_timestamp()
      AND {needless("m", waits=True)} IS NULL AND m.emptied_by IS NULL
    RETURNING m.id
""")

HAND_BACK = text(f"""
    UPDATE message AS m
    SET status = CASE WHEN m.in_doubt_since IS NULL THEN 'queued' ELSE 'unconfirmed' END, lease_until = NULL
    FROM unnest(CAST(:id AS uuid[]), CAST(:attempt AS integer[])) AS mine (id, attempt)
    WHERE m.id = mine.id AND m.attempts = mine.attempt AND {still("sending")} AND m.dialled_at IS NULL
    RETURNING m.id, m.status
""")

# Messages that were rescued from a process which was only slow, and now says that it never sent them: its attempt was
# the only one in doubt, so they are queued again.
HAND_BACK_LATE = text(f"""
    UPDATE message AS m
    SET status = 'queued', in_doubt_since = NULL, rescues = greatest(0, m.rescues - 1), reason = NULL,
        due_at = least(m.due_at, now()), polls = 0, heard = NULL, heard_since = NULL
    FROM unnest(CAST(:id AS uuid[]), CAST(:attempt AS integer[])) AS mine (id, attempt)
    WHERE m.id = mine.id AND m.attempts = mine.attempt AND {still("unconfirmed")} AND m.dialled_at IS NULL
    RETURNING m.id, m.status
""")
