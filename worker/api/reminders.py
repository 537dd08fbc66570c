"""Rules and events, for a producer: `notifier.reminders.upsert_event(source="clinic", key="17", starts_at=…)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from worker.database import Database
from worker.errors import NotFound
from worker.law.rules import hours_of
from worker.ledger.acts import note_act
from worker.ledger.clock import clock
from worker.ledger.events import AttendeeRow, find_event, invited, list_events
from worker.ledger.law_rules import rules_now
from worker.ledger.occurrences import count_occurrences
from worker.ledger.reminder_failures import Failing, failing
from worker.ledger.reminder_rules import all_rules
from worker.lifecycle import OccurrenceState
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders import (
    Anniversary,
    Channel,
    EventChange,
    Recurring,
    Rule,
    RuleChange,
    calendars,
    events,
    guest_lists,
    rule_changes,
)
from worker.reminders.calendars import Imported
from worker.reminders.costs import Price
from worker.reminders.fields import EventFields, cancellation_of, event_of
from worker.reminders.invitations import Attendee
from worker.reminders.months import Cell, Month, busiest, legend, months
from worker.reminders.plan import Due
from worker.reminders.rules import ALL_DAY_AT, rule_of
from worker.reminders.simulate import Simulation, simulate
from worker.reminders.why import Explanation, why
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "Anniversary",
    "AttendeeRow",
    "Cell",
    "Channel",
    "Due",
    "EventListed",
    "EventRow",
    "EventShown",
    "Explanation",
    "Imported",
    "Month",
    "Price",
    "Recurring",
    "Reminders",
    "Rule",
    "RuleRow",
    "Simulation",
    "busiest",
    "legend",
    "months",
    "rule_of",
]

SHOWN = 5
GUESTS_SHOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShown:
    """An event as it stands, the keys of its attendees (the first 1,000), and what has been made of it."""

    event: EventRow
    attendees: Sequence[str]
    made: dict[OccurrenceState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventListed:
    """An event, and how many it invites."""

    event: EventRow
    attendees: int


class Reminders:
    """Whom to remind of what, and when. Every method may raise Unavailable when Postgres can't be reached.

    session: where a method takes one, it joins that transaction. Postgres's clock is the one that counts.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    # Events...

    def upsert_event(self, *, session: Session | None = None, **fields: Unpack[EventFields]) -> EventChange:
        """Store an event of yours as it is now, with all its attendees; as often as you like, in any order.

        fields: those of `Event`, and sms_type, brandname, unicode; times may be ISO 8601 text.
        Reminders that have not gone out follow the event; the answer tells which could not be called back.
        Raises Invalid, which names the field; nothing of the event is stored then.
        """
        return self.upsert_event_fields(fields, session=session)

    def upsert_event_fields(self, fields: Mapping[str, Any], *, session: Session | None = None) -> EventChange:
        """The same from JSON fields. Raises Invalid, also for one that there is not, or that is missing."""
        event = event_of(fields)
        with self._database.joined(session) as joined:
            change = events.upsert(joined, event, self._settings, now=clock(joined))
            note_act(joined, "event.put", event=change.id, source=event.source)
        return change

    def cancel_event(
        self, *, source: str, key: str, version: int | datetime | None = None, session: Session | None = None
    ) -> EventChange:
        """Call an event off with all its reminders that have not gone out. Raises NotFound, Invalid."""
        with self._database.joined(session) as joined:
            change = events.cancel(joined, source, key, version=version, now=clock(joined))
            note_act(joined, "event.cancel", event=change.id, source=source)
        return change

    def cancel_event_fields(self, fields: Mapping[str, Any], *, session: Session | None = None) -> EventChange:
        """The same from JSON fields: source, key and, where the event has one, version. Raises NotFound, Invalid."""
        return self.cancel_event(**cancellation_of(fields), session=session)

    def events(self, *, source: str | None = None, past: bool = False, most: int = 50) -> list[EventListed]:
        """Events in the order of their starts; past: also those that are over or cancelled."""
        with self._database.begin() as session:
            rows = list_events(session, now=clock(session), source=source, past=past, most=most)
        return [EventListed(event=row, attendees=attendees) for row, attendees in rows]

    def event(self, *, source: str, key: str) -> EventShown:
        """All about an event. Raises NotFound."""
        with self._database.begin() as session:
            row, guests = _invited(session, source, key)
            keys = [guest.key for guest in guests]
            return EventShown(event=row, attendees=keys, made=count_occurrences(session, row.id))

    def guests(self, *, source: str, key: str) -> Sequence[AttendeeRow]:
        """The attendees of an event, the first 1,000. Raises NotFound."""
        with self._database.begin() as session:
            return _invited(session, source, key)[1]

    def guests_in(self, pasted: str) -> Sequence[Attendee]:
        """Attendees as people write them: one a line, a number or a contact's key, and a name after a comma or tab.

        Raises Invalid, which names the line.
        """
        with self._database.begin() as session:
            return guest_lists.guests_in(session, pasted)

    def import_calendar(
        self,
        data: bytes,
        *,
        template: str,
        offsets: Sequence[str],
        source: str = "ics",
        phones: Sequence[str] = (),
        late_for: timedelta | None = None,
        channel: Channel | None = None,
        all_day_at: time = ALL_DAY_AT,
        dry_run: bool = False,
        session: Session | None = None,
    ) -> Imported:
        """Take the events of a calendar file (.ics) in, all or none; the same file again changes nothing.

        phones: reminded of each event besides the attendees that the file names. all_day_at: when whole days count as
        begun. dry_run: say what it would come to, and store nothing. Raises Invalid, which names the event.
        """
        guests = calendars.guests_of(phones)
        with self._database.joined(session) as joined, joined.begin_nested() as whole:
            found = calendars.import_ics(
                joined,
                data,
                self._settings,
                source=source,
                guests=guests,
                now=clock(joined),
                template=template,
                offsets=offsets,
                channel=channel or Channel(),
                late_for=late_for,
                all_day_at=all_day_at,
            )
            note_act(joined, "calendar.import", found.outcomes.total(), source=source)
            if dry_run:
                whole.rollback()
        return found

    # Rules...

    def add(self, rule: Rule, *, replace: bool = False, session: Session | None = None) -> RuleChange:
        """Keep a new rule; `replace`: or give the one of its name other content. Raises Invalid."""
        with self._database.joined(session) as joined:
            change = rule_changes.add(joined, rule, self._settings, now=clock(joined), replacing=replace)
            note_act(joined, "rule.put", rule=change.rule.name)
        return change

    def preview(self, rule: Rule, count: int = SHOWN, *, replace: bool = False) -> list[Due]:
        """When a rule would occur next, were it added now; stores nothing. Raises Invalid.

        replace: in the place of the one of this name, where there is one.
        """
        with self._database.begin() as session:
            now = clock(session)
            return rule_changes.preview(session, rule, self._settings, now=now, count=count, replacing=replace)

    def rules(self) -> list[RuleRow]:
        """Every rule, by name."""
        with self._database.begin() as session:
            return all_rules(session)

    def show(self, name: str) -> RuleRow:
        """The rule of this name. Raises NotFound."""
        with self._database.begin() as session:
            return rule_changes.found(session, name)

    def made(self, name: str) -> dict[OccurrenceState, int]:
        """How many of a rule's reminders are in which state. Raises NotFound."""
        with self._database.begin() as session:
            return count_occurrences(session, rule_changes.found(session, name).id)

    def next(self, name: str, count: int = SHOWN) -> list[Due]:
        """When a rule occurs next. Raises NotFound."""
        with self._database.begin() as session:
            return rule_changes.upcoming(rule_changes.found(session, name), after=clock(session), count=count)

    def pause(self, name: str, *, session: Session | None = None) -> RuleChange:
        """Have it remind nobody until it is resumed; what is queued is called back. Raises NotFound."""
        return self._changed("rule.pause", rule_changes.pause, name, session)

    def resume(self, name: str, *, session: Session | None = None) -> RuleChange:
        """Let it go on with the first occurrence that is not too late. Raises NotFound."""
        return self._changed("rule.resume", rule_changes.resume, name, session)

    def remove(self, name: str, *, session: Session | None = None) -> RuleChange:
        """End it; what is queued is called back. Raises NotFound."""
        return self._changed("rule.remove", rule_changes.remove, name, session)

    def _changed(self, what: str, step: Callable[..., RuleChange], name: str, session: Session | None) -> RuleChange:
        with self._database.joined(session) as joined:
            change = step(joined, name, now=clock(joined))
            note_act(joined, what, rule=name)
        return change

    # Questions...

    def why(
        self, person: str, *, source: str | None = None, rule: str | None = None, day: date | None = None
    ) -> list[Explanation]:
        """What rules and events had for somebody on a day, and why not: by a contact's key or a phone number.

        day: in TIME_ZONE; None: today. rule: only this one. Raises NotFound; Invalid if several sources have the key.
        """
        with self._database.begin() as session:
            return why(session, person, source=source, rule=rule, day=day, settings=self._settings)

    def simulate(
        self,
        since: date | None = None,
        until: date | None = None,
        *,
        rate: float | None = None,
        price: Price | None = None,
        balance: float | None = None,
    ) -> Simulation:
        """What all rules and events bring from one day to another, both included; None: today, and for a year.

        rate: messages a second; None: without a limit. balance: in the price's money.
        """
        zone = self._settings.time_zone
        with self._database.begin() as session:
            first = since or clock(session).astimezone(zone).date()
            last = until or first + timedelta(days=364)
            hours = hours_of(rules_now(session, zone))
            return simulate(session, first, last, zone=zone, rate=rate, price=price, balance=balance, hours=hours)

    def failing(self) -> list[Failing]:
        """Rules and events whose reminders can't be made, and where in the code they fail."""
        with self._database.begin() as session:
            return failing(session)


def _invited(session: Session, source: str, key: str) -> tuple[EventRow, list[AttendeeRow]]:
    """An event, and the first whom it invites. Raises NotFound."""
    row = find_event(session, source, key)
    if row is None:
        raise NotFound(f"there is no event {key!r} of source {source!r}: see `esms-worker reminders events list`")
    return row, [each.attendee for each in invited(session, row.id, after=None, most=GUESTS_SHOWN)]
