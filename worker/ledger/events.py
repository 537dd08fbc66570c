"""Events in the ledger: one row for each key of a producer, its attendees in bulk, taken when a reminder is due.

An event's row is the lock: whoever changes it or makes its reminders holds it until the commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ids import uuid7
from worker.ledger.reminder_rules import Place
from worker.ledger.rows import as_rows
from worker.reminder_rows import EventRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeRow:
    """Whom an event invites, by a contact's key or by a number."""

    key: str
    contact_source: str | None = None
    contact_key: str | None = None
    phone: str | None = field(default=None, repr=False)  # E.164
    name: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeChanges:
    """What giving the whole list of attendees changed: keys."""

    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An attendee with what is known of the contact, as it stands now."""

    attendee: AttendeeRow
    contact_id: UUID | None
    contact_known: bool
    name: str = field(repr=False)
    phones: Sequence[str] = field(repr=False)
    birth_date: Any = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    opted_out: bool


_COLUMNS = ", ".join(EventRow.__dataclass_fields__)
_CONTENT = (
    "series", "title", "starts_at", "ends_at", "zone", "place", "attributes", "late_for", "template", "channel",
    "recurrence", "version", "next_at", "cancelled_at",
)  # fmt: skip

# A stub stands for it until it is written: two first upserts of one key then wait for each other.
_OPEN = text("""
    INSERT INTO event (id, source, key, cancelled_at, created_at, updated_at)
    VALUES (:id, :source, :key, :now, :now, :now)
    ON CONFLICT (source, key) DO NOTHING
    RETURNING id
""")
_LOCKED = text(f"SELECT {_COLUMNS} FROM event WHERE source = :source AND key = :key FOR UPDATE")
_ONE = text(f"SELECT {_COLUMNS} FROM event WHERE source = :source AND key = :key")

_WRITE = text(f"""
    UPDATE event AS old
    SET {", ".join(f"{name} = e.{name}" for name in _CONTENT)},
        offsets = :offsets, exceptions = :exceptions, cursor = NULL, failing_since = NULL, updated_at = :now
    FROM json_to_recordset(CAST(:rows AS json)) AS e (
        id uuid, series text, title text, starts_at timestamptz, ends_at timestamptz, zone text, place text,
        attributes jsonb, late_for integer, template text, channel jsonb, recurrence text, version bigint,
        next_at timestamptz, cancelled_at timestamptz
    )
    WHERE old.id = e.id
""")

# Compared here: Postgres can not know how many are given, and may compare 50,000 with 50,000 row by row.
_ATTENDEES = text("""
    SELECT key, contact_source, contact_key, phone, name, attributes FROM attendee WHERE event_id = :event_id
""")

_UNINVITE = text("DELETE FROM attendee WHERE event_id = :event_id AND key = ANY(:keys)")

_INVITE = text("""
    INSERT INTO attendee (event_id, key, contact_source, contact_key, phone, name, attributes)
    SELECT :event_id, g.key, g.contact_source, g.contact_key, g.phone, g.name, g.attributes
    FROM json_to_recordset(CAST(:rows AS json)) AS g (
        key text, contact_source text, contact_key text, phone text, name text, attributes jsonb
    )
    ORDER BY g.key
    ON CONFLICT (event_id, key) DO UPDATE
    SET contact_source = excluded.contact_source, contact_key = excluded.contact_key, phone = excluded.phone,
        name = excluded.name, attributes = excluded.attributes
""")

_TAKE = text(f"""
    SELECT {_COLUMNS} FROM event
    WHERE next_at <= :until AND cancelled_at IS NULL
      AND (next_at, id) > (:after_at, :after_id) AND id <> ALL(:besides)
    ORDER BY next_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
""")

_INVITED = text("""
    SELECT a.event_id, a.key, a.contact_source, a.contact_key, a.phone, a.name, a.attributes,
           c.id AS contact_id, c.name AS contact_name, c.phones, c.birth_date,
           jsonb_strip_nulls(c.attributes) AS contact_attributes, c.opted_out_at IS NOT NULL AS opted_out
    FROM attendee AS a
    LEFT JOIN contact AS c ON c.source = a.contact_source AND c.key = a.contact_key
    WHERE a.event_id = ANY(:event_ids) AND (CAST(:after AS text) IS NULL OR a.key > :after)
      AND (CAST(:key AS text) IS NULL OR a.key = :key)
    ORDER BY a.event_id, a.key LIMIT :most
""")

_ADVANCE = text("UPDATE event SET next_at = :next_at, cursor = :cursor, failing_since = NULL WHERE id = :id")

_PAGE = text(f"""
    SELECT {_COLUMNS}, (SELECT count(*) FROM attendee AS a WHERE a.event_id = event.id) AS attendees
    FROM event
    WHERE (CAST(:source AS text) IS NULL OR source = :source)
      AND (:past OR cancelled_at IS NULL AND (recurrence IS NOT NULL OR starts_at > :now))
    ORDER BY starts_at, source, key LIMIT :most
""")

_STANDING = text(f"""
    SELECT {_COLUMNS} FROM event
    WHERE cancelled_at IS NULL AND starts_at < :until AND (recurrence IS NOT NULL OR starts_at > :since)
    ORDER BY starts_at, id
""")

_INVITING = text(f"""
    SELECT a.key AS attendee, {", ".join(f"e.{name}" for name in EventRow.__dataclass_fields__)}
    FROM attendee AS a JOIN event AS e ON e.id = a.event_id
    WHERE (a.contact_source = :contact_source AND a.contact_key = :contact_key) OR a.phone = ANY(:phones)
    ORDER BY e.starts_at
""")


_INSTANCES = text("""
    SELECT key FROM event WHERE source = :source AND series = :series AND cancelled_at IS NULL ORDER BY key
""")

_AHEAD_WITH = text("""
    SELECT count(*) FROM event
    WHERE :template IN (template, channel ->> 'fallback_template') AND next_at IS NOT NULL AND cancelled_at IS NULL
""")


# One event...


def open_event(session: Session, source: str, key: str, *, now: datetime) -> tuple[EventRow, bool]:
    """The event of this key, locked, and whether it is new: then it is a cancelled stub, to be written."""
    asked = {"source": source, "key": key}
    new = session.execute(_OPEN, asked | {"id": uuid7(), "now": now}).one_or_none() is not None
    return _row(session.execute(_LOCKED, asked).one()), new


def find_event(session: Session, source: str, key: str) -> EventRow | None:
    """The event of this key, as it stands."""
    found = session.execute(_ONE, {"source": source, "key": key}).one_or_none()
    return None if found is None else _row(found)


def instances_of(session: Session, source: str, series: str) -> list[str]:
    """The keys of the events that stand for one instance of this series."""
    return list(session.scalars(_INSTANCES, {"source": source, "series": series}))


def write_event(session: Session, event: EventRow, *, now: datetime) -> None:
    """Give an event that is locked this content; its reminders are looked at from the first attendee on again."""
    lists = {"offsets": list(event.offsets), "exceptions": list(event.exceptions)}
    session.execute(_WRITE, lists | {"rows": as_rows([asdict(event)]), "now": now})


def put_attendees(
    session: Session, event_id: UUID, attendees: Sequence[AttendeeRow], *, besides: bool = False
) -> AttendeeChanges:
    """Have the event invite these, each key once, and nobody else; what that changed. besides: the others stay."""
    stored = {row.key: AttendeeRow(**row._asdict()) for row in session.execute(_ATTENDEES, {"event_id": event_id})}
    given = {attendee.key for attendee in attendees}
    differing = [attendee for attendee in attendees if stored.get(attendee.key) != attendee]
    removed = [key for key in stored if key not in given and not besides]
    if removed:
        session.execute(_UNINVITE, {"event_id": event_id, "keys": removed})
    if differing:
        session.execute(_INVITE, {"event_id": event_id, "rows": as_rows([asdict(each) for each in differing])})
    added = [attendee.key for attendee in differing if attendee.key not in stored]
    changed = [attendee.key for attendee in differing if attendee.key in stored]
    return AttendeeChanges(added=added, changed=changed, removed=removed)


# What is due...


def take_event(session: Session, *, until: datetime, after: Place, besides: Sequence[UUID]) -> EventRow | None:
    """The next event in line whose reminder is due until then, locked; None: there is none that nobody works on."""
    asked = {"until": until, "after_at": after.at, "after_id": after.id, "besides": list(besides)}
    found = session.execute(_TAKE, asked).one_or_none()
    return None if found is None else _row(found)


def invited(session: Session, event_id: UUID, *, after: str | None, most: int) -> list[Invited]:
    """The attendees in the order of their keys, with their contacts as they stand now."""
    asked = {"event_ids": [event_id], "after": after, "key": None, "most": most}
    return [_invited(row) for row in session.execute(_INVITED, asked)]


def invited_to(session: Session, event_ids: Sequence[UUID], *, key: str | None = None) -> list[tuple[UUID, Invited]]:
    """The attendees of these events, each with its event; key: only this one's."""
    asked = {"event_ids": list(event_ids), "after": None, "key": key, "most": None}
    return [(row.event_id, _invited(row)) for row in session.execute(_INVITED, asked)]


def advance_event(session: Session, id_: UUID, *, next_at: datetime | None, cursor: str | None = None) -> None:
    """Note how far an event's reminders are made."""
    session.execute(_ADVANCE, {"id": id_, "next_at": next_at, "cursor": cursor})


# Looking...


def list_events(
    session: Session, *, now: datetime, source: str | None = None, past: bool = False, most: int = 100
) -> list[tuple[EventRow, int]]:
    """Events in the order of their starts, each with how many it invites; past: also cancelled ones and past ones."""
    asked = {"source": source, "past": past, "now": now, "most": most}
    return [(_row(found), found.attendees) for found in session.execute(_PAGE, asked)]


def standing_events(session: Session, *, since: datetime, until: datetime) -> list[EventRow]:
    """Events that may start in this time."""
    return [_row(found) for found in session.execute(_STANDING, {"since": since, "until": until})]


def events_ahead_with(session: Session, template: str) -> int:
    """How many events have reminders to come by this template."""
    return int(session.execute(_AHEAD_WITH, {"template": template}).scalar_one())


def events_inviting(
    session: Session, *, contact: tuple[str, str] | None, phones: Sequence[str]
) -> list[tuple[EventRow, str]]:
    """The events that invite this contact (source, key) or one of these numbers, each with the attendee's key."""
    source, key = contact or (None, None)
    asked = {"contact_source": source, "contact_key": key, "phones": list(phones)}
    return [(_row(found), found.attendee) for found in session.execute(_INVITING, asked)]


def _row(found: Any) -> EventRow:
    facts = {name: getattr(found, name) for name in EventRow.__dataclass_fields__}
    return EventRow(**facts | {"offsets": tuple(found.offsets), "exceptions": tuple(found.exceptions)})


def _invited(row: Any) -> Invited:
    attendee = AttendeeRow(**{name: getattr(row, name) for name in AttendeeRow.__dataclass_fields__})
    return Invited(
        attendee=attendee,
        contact_id=row.contact_id,
        contact_known=row.contact_id is not None or row.contact_key is None,
        name=row.name or row.contact_name or "",
        phones=[row.phone] if row.phone else row.phones or [],
        birth_date=row.birth_date,
        attributes=(row.contact_attributes or {}) | row.attributes,
        opted_out=bool(row.opted_out),
    )
