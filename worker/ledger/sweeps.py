"""Sweeps over all that a search finds: how far each has come is a row that a step locks.

Whoever dies in a step leaves all of it undone. Of two sweeps over the same messages the first one wins each of them,
and the other one is told that it came too late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from worker.ids import uuid7
from worker.ledger.cancelling import CALLED_OFF, cancelled
from worker.ledger.decisions import NEW_DATE, Horizons, as_seconds
from worker.ledger.follow_ups import follow_none_of_messages
from worker.ledger.plans import still
from worker.ledger.streams import came_back
from worker.lifecycle import SweepKind
from worker.lookups import by_key, by_keys

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_BEGIN = text("""
    INSERT INTO sweep (id, asked_by, kind, search, send_date, about)
    VALUES (:id, :by, :kind, CAST(:search AS jsonb), :send_date, :about)
""")
_NEXT = text("""
    SELECT * FROM sweep
    WHERE state = 'going' AND look_at <= now() AND (CAST(:id AS uuid) IS NULL OR id = :id)
    ORDER BY look_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
""")
# Once it has ended, nobody's number is kept for it: only that there was one.
_WITHOUT_NUMBERS = """jsonb_set(search, '{phones}', (
        SELECT coalesce(jsonb_agg(CAST('' AS text)), '[]') FROM jsonb_array_elements(coalesce(search -> 'phones', '[]'))
    ))"""
_MOVED_ON = text(f"""
    UPDATE sweep SET found = found + :found, moved = moved + :moved, expiring = expiring + :expiring, look_at = now(),
        others = (
            SELECT coalesce(jsonb_object_agg(status, messages), '{{}}') FROM (
                SELECT status, sum(CAST(messages AS bigint)) AS messages
                FROM (SELECT * FROM jsonb_each_text(others) UNION ALL SELECT * FROM jsonb_each_text(:others)) AS o
                    (status, messages)
                GROUP BY status
            ) AS summed
        ),
        place = CAST(:place AS text), state = CASE WHEN CAST(:place AS text) IS NULL THEN 'done' ELSE 'going' END,
        ended_at = CASE WHEN CAST(:place AS text) IS NULL THEN now() END,
        search = CASE WHEN CAST(:place AS text) IS NULL THEN {_WITHOUT_NUMBERS} ELSE search END
    WHERE id = :id
""")
_STOP = text(f"""
    UPDATE sweep SET state = 'stopped', ended_at = now(), search = {_WITHOUT_NUMBERS}
    WHERE id = :id AND state = 'going' RETURNING id
""")

# In the order of their ids: two sweeps on the same messages would else wait for each other.
_WAITING = f"""
    WITH waiting AS MATERIALIZED (
        SELECT m.id FROM (SELECT unnest(CAST(:ids AS uuid[])) AS id ORDER BY 1) AS i
        CROSS JOIN LATERAL (SELECT m.id FROM message AS m WHERE m.id = i.id AND {still("queued")} FOR UPDATE) AS m
    )
"""
_CANCEL = text(f"""
    {_WAITING}
    UPDATE message AS m SET {cancelled(f"'{CALLED_OFF}'")}
    FROM waiting WHERE m.id = waiting.id AND {still("queued")}
    RETURNING m.id
""")

# What shares a request goes out with the others whatever its date says, and what eSMS is to hold has one date for all:
# these move with their whole notification, or campaign, alone.
_MOVE = text(f"""
    {_WAITING}
    UPDATE message AS m SET {NEW_DATE}
    FROM waiting, notification AS n
    WHERE m.id = waiting.id AND n.id = m.notification_id AND {still("queued")} AND NOT m.grouped AND NOT n.hand_over
      AND (n.expires_at IS NULL OR n.expires_at > :send_date)
    RETURNING m.id
""")
_DATED = text(f"""
    UPDATE notification AS n SET send_date = :send_date
    FROM (SELECT m.id, m.notification_id FROM {by_keys("message", "m", of=":ids")}) AS m
    WHERE n.id = m.notification_id
      AND NOT EXISTS (SELECT FROM message AS other WHERE other.notification_id = n.id AND other.id <> m.id)
""")
_EXPIRING = text(f"""
    SELECT count(*) FROM {by_keys("message", "m", of=":ids")}
    {by_key("notification", "n", of="m.notification_id")}
    WHERE {still("queued")} AND n.expires_at <= :send_date
""")
_STATUSES = text(f"""
    SELECT m.status, count(*) AS messages FROM {by_keys("message", "m", of=":ids")} GROUP BY m.status
""")


def begin_sweep(
    session: Session,
    kind: SweepKind,
    search: Mapping[str, Any],
    *,
    by: str,
    send_date: datetime | None,
    about: int | None,
) -> UUID:
    """Keep what is to be done; a tick, or whoever asked, takes the first step."""
    id_ = uuid7()
    asked = {"id": id_, "by": by, "kind": str(kind), "send_date": send_date, "about": about}
    session.execute(_BEGIN, asked | {"search": orjson.dumps(search).decode()})
    return id_


def next_sweep(session: Session, sweep: UUID | None = None) -> RowMapping | None:
    """One that is to be gone on with, or this one; locked. None: there is none, or others are at it."""
    return session.execute(_NEXT, {"id": sweep}).mappings().one_or_none()


def sweep_moved_on(
    session: Session,
    sweep: UUID,
    *,
    found: int,
    moved: int,
    others: Mapping[str, int],
    expiring: int,
    place: str | None,
) -> None:
    """What a step came to. place: where the next one begins; None: that was all."""
    told = {"found": found, "moved": moved, "expiring": expiring, "others": orjson.dumps(others).decode()}
    session.execute(_MOVED_ON, told | {"id": sweep, "place": place})


def stop_sweep(session: Session, sweep: UUID) -> bool:
    """Leave what it has not come to as it is; False when it has ended already."""
    return session.execute(_STOP, {"id": sweep}).first() is not None


def cancel_messages(session: Session, ids: Sequence[UUID]) -> int:
    """Cancel what still waits of these, as `cancel` does; how many that were."""
    followed = follow_none_of_messages(session, ids, reason=CALLED_OFF)
    return followed + len(session.execute(_CANCEL, {"ids": list(ids)}).all())


def move_messages(session: Session, ids: Sequence[UUID], send_date: datetime, horizons: Horizons) -> int:
    """Give what still waits of these another date, as `move` does; how many that were."""
    asked = {"ids": list(ids), "send_date": send_date, "horizons": as_seconds(horizons)}
    moved = list(session.scalars(_MOVE, asked).all())
    session.execute(_DATED, {"ids": moved, "send_date": send_date})
    came_back(session, moved)
    return len(moved)


def past_expiry_of(session: Session, ids: Sequence[UUID], send_date: datetime) -> int:
    """How many of these `move_messages` left, since their expires_at comes before that date."""
    return int(session.execute(_EXPIRING, {"ids": list(ids), "send_date": send_date}).scalar_one())


def statuses_of_messages(session: Session, ids: Sequence[UUID]) -> dict[str, int]:
    """Where these stand."""
    return {row.status: row.messages for row in session.execute(_STATUSES, {"ids": list(ids)})}
