"""What time does to messages: leases run out, dates pass, doubt grows too old, eSMS stops answering.

Each is one bounded statement that any number of beats may run at once.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST = 1000  # rows that one statement moves; the next tick takes the next ones

# A call that was to be dialled may have been; an SMS may have landed whatever we know. A call not yet to be
# dialled surely was not.
_RESCUE = text("""
    WITH lost AS MATERIALIZED (
        SELECT m.id, (n.kind = 'sms' OR m.dialled_at IS NOT NULL) AS doubtful
        FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'sending' AND m.lease_until < now()
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = CASE WHEN lost.doubtful THEN 'unconfirmed' ELSE 'queued' END,
        lease_until = NULL,
        -- From the send, not from now: the process may have died days ago, and eSMS remembers a RequestId for one.
        in_doubt_since = CASE WHEN lost.doubtful THEN coalesce(m.in_doubt_since, m.lease_until) END,
        due_at = CASE WHEN lost.doubtful THEN now() + :ask_again_after ELSE now() END,
        reason = 'the process that was sending it died or hung'
    FROM lost WHERE m.id = lost.id
    RETURNING m.id
""")

_EXPIRE = text("""
    WITH late AS MATERIALIZED (
        SELECT id FROM message WHERE status = 'queued' AND expires_at <= now()
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m SET status = 'expired', settled_at = now(), reason = 'not sent before its expires_at'
    FROM late WHERE m.id = late.id
    RETURNING m.id
""")

_HOLD = text("""
    WITH doubtful AS MATERIALIZED (
        SELECT m.id, n.kind FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'unconfirmed'
          AND (n.kind <> 'sms' OR m.in_doubt_since <= now() - :window OR m.expires_at <= now())
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = 'held',
        reason = CASE
            WHEN d.kind <> 'sms' THEN 'the call may have been made; it is never dialled again by itself'
            WHEN m.expires_at <= now() THEN 'eSMS may have taken it; past its expires_at it is not asked again'
            ELSE 'eSMS may have taken it, and does not remember its RequestId any more'
        END || coalesce(' (' || m.reason || ')', '')
    FROM doubtful AS d WHERE m.id = d.id
    RETURNING m.id
""")

_GIVE_UP = text("""
    WITH silent AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'accepted' AND m.accepted_at <= now() - :poll_until
          AND (NOT n.hand_over OR n.send_date <= now() - :poll_until)
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = 'unknown', settled_at = now(), poll_at = NULL,
        reason = 'eSMS took it and never said what became of it; it answers for no longer'
    FROM silent WHERE m.id = silent.id
    RETURNING m.id
""")

_BEAT = text("""
    INSERT INTO heartbeat (name, at) VALUES (:name, now())
    ON CONFLICT (name) DO UPDATE SET at = excluded.at
""")


def rescue(session: Session, *, ask_again_after: timedelta) -> int:
    """Take messages back from processes whose lease is over, in the direction that doubles nothing."""
    return len(session.execute(_RESCUE, {"most": MOST, "ask_again_after": ask_again_after}).all())


def expire(session: Session) -> int:
    """End what was not sent in time."""
    return len(session.execute(_EXPIRE, {"most": MOST}).all())


def hold(session: Session, *, window: timedelta) -> int:
    """Hand to a person what can't be asked about: calls in doubt, and SMS whose RequestId eSMS has forgotten."""
    return len(session.execute(_HOLD, {"most": MOST, "window": window}).all())


def give_up(session: Session, *, poll_until: timedelta) -> int:
    """Call unknown what eSMS took and never reported on."""
    return len(session.execute(_GIVE_UP, {"most": MOST, "poll_until": poll_until}).all())


def beat(session: Session, name: str) -> None:
    """Note that this part was at work just now."""
    session.execute(_BEAT, {"name": name})
