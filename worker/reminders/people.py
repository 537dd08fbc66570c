"""Whom does an occurrence concern? The contacts whose day it is, those of a recurring rule, an event's attendees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from worker.ledger.contacts import ContactRow, born_on, page
from worker.ledger.events import Invited
from worker.lifecycle import ReminderKind
from worker.recurrence import lunar_days_on, solar_days_on, to_lunar
from worker.reminder_rows import RuleRow
from worker.reminders.compose import Person
from worker.reminders.plan import Due
from worker.reminders.rules import Anniversary, rule_of

LUNAR = frozenset({ReminderKind.LUNAR_BIRTHDAY, ReminderKind.LUNAR_DEATH})
DEATHS = frozenset({ReminderKind.DEATH, ReminderKind.LUNAR_DEATH})
BIRTHDAYS = frozenset({ReminderKind.BIRTHDAY, ReminderKind.LUNAR_BIRTHDAY})


def contacts_of(session: Session, row: RuleRow, due: Due, *, after: UUID | None, most: int) -> list[ContactRow]:
    """The next contacts that an occurrence of a rule concerns, in the order of their ids; opted-out ones are none."""
    rule = rule_of(row)
    if not isinstance(rule, Anniversary):
        return page(session, tags=row.tags, source=row.source, opted_out=False, after=after, most=most)
    return born_on(
        session,
        keys_of(rule, date.fromisoformat(due.occasion)),
        lunar=rule.kind in LUNAR,
        death=rule.kind in DEATHS,
        tags=row.tags,
        source=row.source,
        after=after,
        most=most,
    )


def keys_of(rule: Anniversary, day: date) -> Sequence[tuple[int, bool | None]]:
    """The days of the year, month * 100 + day, that are kept on this day; and whose: born in a leap month, or not."""
    if rule.kind in LUNAR:
        return lunar_days_on(day, rule.leap, rule.short)
    return [(key, None) for key in solar_days_on(day, rule.feb29)]


def recipient_of(source: str, key: str) -> str:
    """A contact as occurrences know it: a contact removed and imported again is the same one."""
    return f"{source}\t{key}"  # neither may hold a tab


def person_of_contact(contact: ContactRow, kind: ReminderKind, due: Due) -> Person:
    """A contact as somebody to be reminded, with what stands in the way."""
    born = contact.birth_date
    age = years_on(born, kind, due.about.date()) if kind in BIRTHDAYS and born is not None else None
    return Person(
        recipient=recipient_of(contact.source, contact.key),
        contact_id=contact.id,
        name=contact.name,
        phones=contact.phones,
        birth_date=contact.birth_date,
        attributes=contact.attributes,
        age=age,
        trouble=trouble_of(contact, kind, age),
    )


def trouble_of(contact: ContactRow, kind: ReminderKind, age: int | None) -> str | None:
    """Why this contact gets none of this kind, whatever the day."""
    if contact.opted_out_at is not None:
        return "opted out"
    if kind in BIRTHDAYS and (contact.death_date is not None or contact.lunar_death_day is not None):
        return "has died: no birthday wish"
    if age is not None and age < 1:
        return "was born only now: the first birthday is next year's"
    return None


def years_on(born: date, kind: ReminderKind, day: date) -> int:
    """The years reached with this birthday: who was born on 29 February reaches them on the day that stands in."""
    if kind is ReminderKind.LUNAR_BIRTHDAY:
        return to_lunar(day).year - to_lunar(born).year
    return day.year - born.year


def person_of_attendee(guest: Invited) -> Person:
    """An attendee as somebody to be reminded."""
    return Person(
        recipient=guest.attendee.key,
        contact_id=guest.contact_id,
        name=guest.name,
        phones=guest.phones,
        birth_date=guest.birth_date,
        attributes=guest.attributes,
        trouble=_trouble_of_guest(guest),
    )


def _trouble_of_guest(guest: Invited) -> str | None:
    if not guest.contact_known:
        return "there is no such contact"
    return "opted out" if guest.opted_out else None
