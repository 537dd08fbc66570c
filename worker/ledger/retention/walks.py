"""The walks over what grows old, each along an index that exists for something else, so that no send pays for them.

Messages are found by the date on which they were to go out: it stands in a settlement, once for each generation, and
lists are read by an index of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, text

from worker.ledger.plans import still
from worker.ledger.reruns import TO_NOBODY
from worker.ledger.retention.places import Place
from worker.lifecycle import FINAL, PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BEGINNING = "-infinity"
NOBODY = str(UUID(int=0))

_PAGE = """
    WITH page AS MATERIALIZED (
        SELECT DISTINCT s.wanted_at, s.message_id FROM settlement AS s
        WHERE (s.was IS NULL OR s.was_wanted_at IS NOT NULL)
          AND (s.wanted_at, s.message_id) > (CAST(:at AS timestamptz), CAST(:id AS uuid))
          AND s.wanted_at <= now() - CAST(:age AS interval)
        ORDER BY s.wanted_at, s.message_id LIMIT :most
    )
"""
_MESSAGES = text(f"""
    {_PAGE}
    SELECT page.wanted_at, page.message_id, found.id
    FROM page LEFT JOIN LATERAL (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.id = page.message_id AND {PURPOSE} = :purpose AND m.emptied_at IS NULL
        OFFSET 0
    ) AS found ON true
    ORDER BY page.wanted_at, page.message_id
""")
_PUT_OFF = text("""
    INSERT INTO removal (message_id, step, look_at)
    SELECT id, :step, now() + interval '1 minute' FROM unnest(CAST(:ids AS uuid[])) AS left_ (id)
    ON CONFLICT DO NOTHING
""")
# Only from where the last look was, less ten minutes for transactions that were slow to add one: before that, the index
# still has the dead entries of what was removed, as long as anybody's transaction is open.
_LOOK_AGAIN = text("""
    SELECT r.message_id, m.notification_id, r.look_at FROM removal AS r JOIN message AS m ON m.id = r.message_id
    WHERE r.step = :step AND r.look_at <= now()
        AND r.look_at >= least(CAST(:at AS timestamptz), now()) - interval '10 minutes'
    ORDER BY r.look_at LIMIT :most
    FOR UPDATE OF r SKIP LOCKED
""")

_REFERENCES = text(f"""
    {_PAGE}, forgotten AS (
        UPDATE notification AS n SET reference = NULL, fingerprint = ''
        FROM message AS m, page
        WHERE m.id = page.message_id AND n.id = m.notification_id AND n.emptied_at IS NOT NULL
          AND n.reference IS NOT NULL
    )
    SELECT wanted_at, message_id FROM page ORDER BY wanted_at, message_id
""")

# In the order of ids, which is about that of time: the walk ends at the first one that is too young.
_REQUESTS = text(f"""
    WITH page AS MATERIALIZED (
        SELECT id, message_id, at <= now() - CAST(:age AS interval) AS old FROM request
        WHERE id > :id ORDER BY id LIMIT :most
    ), removed AS (
        DELETE FROM request AS r USING page
        WHERE r.id = page.id AND page.old AND NOT EXISTS (
            SELECT FROM message AS m WHERE m.id = page.message_id AND NOT {still(*sorted(FINAL))}
        )
    )
    SELECT id, old FROM page ORDER BY id
""")
_ATTEMPTS = text("""
    WITH page AS MATERIALIZED (
        SELECT message_id, number, ended_at FROM attempt
        WHERE (message_id, number) > (CAST(:id AS uuid), :number) AND message_id < CAST(
            lpad(to_hex(CAST(extract(epoch FROM now() - CAST(:age AS interval)) * 1000 AS bigint)), 12, '0')
            || repeat('0', 20) AS uuid)
        ORDER BY message_id, number LIMIT :most
    ), removed AS (
        DELETE FROM attempt AS a USING page
        WHERE (a.message_id, a.number) = (page.message_id, page.number)
          AND page.ended_at <= now() - CAST(:age AS interval)
    )
    SELECT message_id, number FROM page ORDER BY message_id, number
""")
_GUESTS = text("""
    WITH page AS MATERIALIZED (
        SELECT id, starts_at, recurrence IS NULL AND next_at IS NULL AS over FROM event
        WHERE (starts_at, id) > (CAST(:at AS timestamptz), CAST(:id AS uuid))
          AND starts_at <= now() - CAST(:age AS interval)
        ORDER BY starts_at, id LIMIT :most
    ), uninvited AS (
        DELETE FROM attendee AS a USING page WHERE a.event_id = page.id AND page.over
    ), emptied AS (
        UPDATE event AS e SET attributes = '{}' FROM page WHERE e.id = page.id AND page.over AND e.attributes <> '{}'
    )
    SELECT starts_at, id FROM page ORDER BY starts_at, id
""")
# A rerun under way needs the number and the text. One that stopped is ended, for without them it could not go on.
_RERUNS = text(f"""
    WITH page AS MATERIALIZED (
        SELECT id, at <= now() - CAST(:age AS interval) AND state NOT IN ('trying', 'going') AS old FROM rerun
        WHERE id > CAST(:id AS uuid) ORDER BY id LIMIT :most
        FOR UPDATE
    ), emptied AS (
        UPDATE rerun AS r SET {TO_NOBODY}, state = 'done'
        FROM page WHERE r.id = page.id AND page.old
    )
    SELECT id, old FROM page ORDER BY id
""")

_SWEEPS = text("""
    WITH page AS MATERIALIZED (
        SELECT id, at <= now() - CAST(:age AS interval) AS old FROM sweep
        WHERE id > CAST(:id AS uuid) ORDER BY id LIMIT :most
    ), emptied AS (  -- with none at all it would mean everybody
        UPDATE sweep AS s SET search = jsonb_set(s.search, '{phones}', '["#"]')
        FROM page WHERE s.id = page.id AND page.old AND s.search -> 'phones' <> '[]'
    )
    SELECT id, old FROM page ORDER BY id
""")

Walked = tuple[Place, bool]  # where it is then, and whether there is more


def pass_messages(
    session: Session, place: Place, purpose: str, *, age: timedelta, most: int
) -> tuple[list[UUID], Walked]:
    """The messages of a purpose that are old enough and not emptied."""
    asked = _from(place) | {"purpose": purpose, "age": age, "most": most}
    rows = session.execute(_MESSAGES, asked).all()
    return [row.id for row in rows if row.id], _by_date(place, rows, most)


def put_off_messages(session: Session, step: str, ids: Sequence[UUID]) -> None:
    """Their walk goes on without them: they are looked at again by themselves."""
    if ids:
        session.execute(_PUT_OFF, {"step": step, "ids": list(ids)})


def look_again(session: Session, step: str, *, most: int) -> dict[UUID, UUID]:
    """The messages that are to be looked at again now, with their notifications."""
    return look_on(session, {}, step, most=most)[0]


def look_on(session: Session, place: Place, step: str, *, most: int) -> tuple[dict[UUID, UUID], Walked]:
    """The same of a step that many pass through."""
    asked = {"step": step, "most": most, "at": place.get("at", BEGINNING)}
    rows = session.execute(_LOOK_AGAIN, asked).all()
    found = {row.message_id: row.notification_id for row in rows}
    return found, ({"at": rows[-1].look_at} if rows else place, len(rows) == most)


def forget_references(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """Remove old references: used again, one stands for a new notification."""
    rows = session.execute(_REFERENCES, _from(place) | {"age": age, "most": most}).all()
    return _by_date(place, rows, most)


def remove_requests(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """What was asked of eSMS and what it answered; of what is under way it stays."""
    rows = session.execute(_REQUESTS, {"id": place.get("id", 0), "age": age, "most": most}).all()
    return _by_id(place, rows, most)


def remove_attempts(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """Remove tries that are over, of old messages."""
    asked = {"id": place.get("id", NOBODY), "number": place.get("number", 0), "age": age, "most": most}
    rows = session.execute(_ATTEMPTS, asked).all()
    return ({"id": rows[-1].message_id, "number": rows[-1].number} if rows else place), len(rows) == most


def forget_guests(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """Remove the attendees of events that are over."""
    rows = session.execute(_GUESTS, _from(place) | {"age": age, "most": most}).all()
    return ({"at": rows[-1].starts_at, "id": rows[-1].id} if rows else place), len(rows) == most


def forget_reruns(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """Remove from old reruns the number and the text with which messages were sent again."""
    rows = session.execute(_RERUNS, {"id": place.get("id", NOBODY), "age": age, "most": most}).all()
    return _by_id(place, rows, most)


def forget_sweeps(session: Session, place: Place, *, age: timedelta, most: int) -> Walked:
    """Remove the numbers that old sweeps looked for."""
    rows = session.execute(_SWEEPS, {"id": place.get("id", NOBODY), "age": age, "most": most}).all()
    return _by_id(place, rows, most)


def _from(place: Place) -> dict[str, Any]:
    return {"at": place.get("at", BEGINNING), "id": place.get("id", NOBODY)}


def _by_date(place: Place, rows: Sequence[Row[*tuple[Any, ...]]], most: int) -> Walked:
    return ({"at": rows[-1].wanted_at, "id": rows[-1].message_id} if rows else place), len(rows) == most


def _by_id(place: Place, rows: Sequence[Row[*tuple[Any, ...]]], most: int) -> Walked:
    """Up to the first that is too young."""
    old = rows[: next((at for at, row in enumerate(rows) if not row.old), len(rows))]
    return ({"id": old[-1].id} if old else place), len(old) == most
