"""What time does to messages: leases run out, dates pass, doubt grows too old, eSMS stops answering.

Each is one bounded statement that any number of beats may run at once. What it has locked it changes where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.ledger.streams import came_back_unsent
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Rescued:
    """How many were taken back, and how many of these are held since whoever touches them dies."""

    messages: int
    deadly: int


MOST = 1000  # rows that one statement moves; the next tick takes the next ones
_NOTIFICATION = by_key("notification", "n", of="m.notification_id")

# A call that was to be dialled may have been; an SMS may have landed whatever we know. A call not yet to be
# dialled surely was not. What was in the hands of so many processes that died may be what kills them.
_RESCUE = text(f"""
    WITH lost AS MATERIALIZED (
        SELECT m.ctid AS place, (n.kind = 'sms' OR m.dialled_at IS NOT NULL) AS doubtful,
            m.rescues + 1 >= :deaths_most AS deadly
        FROM message AS m {_NOTIFICATION}
        WHERE m.status = 'sending' AND m.lease_until < now()
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = CASE WHEN lost.deadly THEN 'held' WHEN lost.doubtful THEN 'unconfirmed' ELSE 'queued' END,
        rescues = m.rescues + 1,
        lease_until = NULL,
        -- From the send, not from now: the process may have died days ago, and eSMS remembers a RequestId for one.
        in_doubt_since = CASE WHEN lost.doubtful THEN coalesce(m.in_doubt_since, m.lease_until) END,
        -- Not together again: those that only stood beside a deadly one are not to die with it each time.
        due_at = now() + CASE WHEN lost.doubtful THEN :ask_again_after ELSE interval '0' END
            + random() * m.rescues * CAST(:ask_again_after AS interval),
        reason = CASE
            WHEN lost.deadly THEN 'every process that was to send it died, ' || m.rescues + 1 || ' in a row'
            ELSE 'the process that was sending it died or hung'
        END
    FROM lost WHERE m.ctid = lost.place
    RETURNING m.id, m.status
""")

_EXPIRE = text("""
    WITH late AS MATERIALIZED (
        SELECT ctid AS place FROM message WHERE status = 'queued' AND expires_at <= now()
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m
    SET status = 'expired', settled_at = now(), paused = false, reason = 'not sent before its expires_at'
    FROM late WHERE m.ctid = late.place
    RETURNING m.id
""")

_HOLD_CALLS = text(f"""
    WITH doubtful AS MATERIALIZED (
        SELECT m.ctid AS place FROM message AS m {_NOTIFICATION}
        WHERE m.status = 'unconfirmed' AND m.lane = 'voice' AND n.kind <> 'sms'
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = 'held',
        reason = 'the call may have been made; it is never dialled again by itself'
            || coalesce(' (' || m.reason || ')', '')
    FROM doubtful AS d WHERE m.ctid = d.place
    RETURNING m.id
""")

_GIVE_UP = text(f"""
    WITH silent AS MATERIALIZED (
        SELECT m.ctid AS place FROM message AS m {_NOTIFICATION}
        WHERE m.status = 'accepted' AND m.accepted_at <= now() - :poll_until
          AND (NOT n.hand_over OR n.send_date <= now() - :poll_until)
        LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m
    SET status = 'unknown', settled_at = now(), poll_at = NULL,
        reason = 'eSMS took it and never said for certain what became of it; it answers for no longer'
            || coalesce('; the last that was heard: ' || m.reason, '')
    FROM silent WHERE m.ctid = silent.place
    RETURNING m.id
""")

_BEAT = text("""
    INSERT INTO heartbeat (name, at) VALUES (:name, now())
    ON CONFLICT (name) DO UPDATE SET at = excluded.at
""")


_TURN = text("""
    INSERT INTO heartbeat (name, at) VALUES (:name, now())
    ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE heartbeat.at <= now() - :every
    RETURNING name
""")


def take_turn(session: Session, name: str, *, every: timedelta) -> bool:
    """Is it this process's turn to do what one of many is to do, once in a while?"""
    return session.execute(_TURN, {"name": name, "every": every}).first() is not None


def rescue(session: Session, *, ask_again_after: timedelta, deaths_most: int) -> Rescued:
    """Take messages back from processes whose lease is over, in the direction that doubles nothing."""
    asked = {"most": MOST, "ask_again_after": ask_again_after, "deaths_most": deaths_most}
    rescued = session.execute(_RESCUE, asked).all()
    came_back_unsent(session, [row.id for row in rescued if row.status == "queued"])
    return Rescued(len(rescued), sum(row.status == "held" for row in rescued))


def expire(session: Session) -> int:
    """End what was not sent in time."""
    return len(session.execute(_EXPIRE, {"most": MOST}).all())


def hold_calls(session: Session) -> int:
    """Hand calls in doubt to a person: nobody can be asked about them."""
    return len(session.execute(_HOLD_CALLS, {"most": MOST}).all())


def give_up(session: Session, *, poll_until: timedelta) -> int:
    """Call unknown what eSMS took and never reported on."""
    return len(session.execute(_GIVE_UP, {"most": MOST, "poll_until": poll_until}).all())


def beat(session: Session, name: str) -> None:
    """Note that this part was at work just now."""
    session.execute(_BEAT, {"name": name})
