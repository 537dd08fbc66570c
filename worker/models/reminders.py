"""Rules and events that remind people, whom an event invites, and what has been made of each for whom.

reminder (a rule) ─┐
                   ├─1──n─▶ occurrence ─1──1─▶ notification
event ─1──n─▶ attendee

An occurrence's key is what it is for (the day that is celebrated, the start of the meeting), not when it goes out:
a rule moved from 8 to 9 o'clock after it fired still owes this day nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import OccurrenceState, ReminderKind
from worker.models.base import Base, one_of


class Reminder(Base):
    """A rule: whom to remind, of what, when, by which template."""

    __tablename__ = "reminder"
    __table_args__ = (
        Index("reminder_name_key", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
        Index(
            "reminder_next_at_idx", "next_at", "id", postgresql_where=text("paused_at IS NULL AND removed_at IS NULL")
        ),
        Index("reminder_failing_idx", "failing_since", postgresql_where=text("failing_since IS NOT NULL")),
        CheckConstraint(one_of("kind", ReminderKind), name="kind_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    spec: Mapped[dict[str, Any]]  # when, as worker/reminders/rules.py reads it
    template: Mapped[str]  # its name; the newest version counts
    channel: Mapped[dict[str, Any]]  # sms_type, brandname, unicode: how it goes out
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))  # contacts that have one of these; none: everybody
    source: Mapped[str | None]  # contacts of this source; None: of all
    zone: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    next_at: Mapped[datetime | None]  # the next occurrence that is not wholly made; None: there is no more
    cursor: Mapped[UUID | None]  # the contact up to whom the one at next_at is made
    failing_since: Mapped[datetime | None]  # it could not be made for a fault of ours, tick by tick since then
    failure: Mapped[str | None]  # the last one: the error, and where in the code
    paused_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    removed_at: Mapped[datetime | None]


class Event(Base):
    """A meeting, appointment or class of another application, once or recurring."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_source_key_key", "source", "key", unique=True),
        Index("event_next_at_idx", "next_at", "id", postgresql_where=text("cancelled_at IS NULL")),
        Index("event_starts_at_idx", "starts_at"),
        Index("event_series_idx", "source", "series", postgresql_where=text("series IS NOT NULL")),
        Index("event_failing_idx", "failing_since", postgresql_where=text("failing_since IS NOT NULL")),
        CheckConstraint("cancelled_at IS NOT NULL OR starts_at IS NOT NULL", name="one_that_stands_has_a_start"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    key: Mapped[str]  # the producer's own
    series: Mapped[str | None]  # the key of the series of which this is one instance that differs
    title: Mapped[str] = mapped_column(server_default=text("''"))
    starts_at: Mapped[datetime | None]  # None: cancelled before we ever heard of it
    ends_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    place: Mapped[str] = mapped_column(server_default=text("''"))
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    offsets: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # when to remind
    late_for: Mapped[int | None]  # seconds that a reminder may be late; None: until the start
    template: Mapped[str] = mapped_column(server_default=text("''"))
    channel: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    recurrence: Mapped[str | None]  # RRULE
    exceptions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # starts that fall out
    version: Mapped[int | None] = mapped_column(BigInteger)  # the producer's; a lower one changes nothing
    next_at: Mapped[datetime | None]  # the next reminder that is not wholly made
    cursor: Mapped[str | None]  # the attendee up to whom the one at next_at is made
    failing_since: Mapped[datetime | None]  # as of a rule
    failure: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Attendee(Base):
    """Whom an event invites: a contact, or a number of its own."""

    __tablename__ = "attendee"
    __table_args__ = (
        Index(
            "attendee_contact_idx", "contact_source", "contact_key", postgresql_where=text("contact_key IS NOT NULL")
        ),
        Index("attendee_phone_idx", "phone", postgresql_where=text("phone IS NOT NULL")),
        CheckConstraint("(contact_key IS NULL) = (phone IS NOT NULL)", name="contact_or_phone"),
        CheckConstraint("(contact_key IS NULL) = (contact_source IS NULL)", name="contact_is_a_pair"),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)  # the producer's own for this person
    contact_source: Mapped[str | None]
    contact_key: Mapped[str | None]
    phone: Mapped[str | None]  # E.164
    name: Mapped[str] = mapped_column(server_default=text("''"))
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Occurrence(Base):
    """One occurrence for one recipient: the guard that it is made once, and the record of what became of it."""

    __tablename__ = "occurrence"
    __table_args__ = (
        Index("occurrence_owner_id_occurs_at_idx", "owner_id", "occurs_at"),
        Index("occurrence_recipient_idx", "recipient", "occurs_at"),
        Index("occurrence_not_made_idx", "occurs_at", postgresql_where=text("state <> 'made'")),
        CheckConstraint(one_of("state", OccurrenceState), name="state_known"),
        CheckConstraint("(state = 'skipped') = (notification_id IS NULL)", name="skipped_has_no_notification"),
        CheckConstraint("state = 'made' OR reason IS NOT NULL", name="none_without_a_reason"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)  # of the rule or the event
    occasion: Mapped[str] = mapped_column(primary_key=True)  # the day celebrated, or the start of the meeting
    before: Mapped[str] = mapped_column(primary_key=True)  # the event's offset; '' for a rule
    recipient: Mapped[str] = mapped_column(primary_key=True)  # the contact's or attendee's key, not a number
    occurs_at: Mapped[datetime]
    state: Mapped[str]
    round: Mapped[int] = mapped_column(server_default=text("1"))  # how often it was made, each but the last called back
    notification_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
