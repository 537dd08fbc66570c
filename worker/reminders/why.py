"""Did this person get one that day, and if not, why? By what is on record, and where there is nothing, by the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker.contacts.checks import parse_phone
from worker.errors import Invalid, NotFound
from worker.ledger.clock import clock
from worker.ledger.contacts import ContactRow, by_keys, by_phones
from worker.ledger.events import events_inviting, invited_to
from worker.ledger.occurrences import OccurrenceRow, occurrences_of, occurrences_to
from worker.ledger.opt_out import opted_out
from worker.ledger.reminder_rules import all_rules
from worker.ledger.templates import template
from worker.lifecycle import ARRIVED, MEANING, NOT_ARRIVED, OccurrenceState, Status
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders import rule_changes
from worker.reminders.compose import Owner, Person, owner_of_event, owner_of_rule, written_or_reason
from worker.reminders.people import LUNAR, keys_of, person_of_attendee, person_of_contact, recipient_of
from worker.reminders.plan import INSTANT, Due, dues, event_dues, midnight, next_due
from worker.reminders.rules import Anniversary, rule_of
from worker.settings import Settings

TO_COME = "it is still to come"
SHOWN = 50  # occurrences of one rule or event in one day


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one rule or event has for a person on a day: made, or why not."""

    of: str  # the rule's name, or the event's title and key
    occurs_at: datetime | None  # None: it has nothing for this day
    got: bool | None  # did it reach them? None: not known, yet or for ever
    why: str
    notification_id: UUID | None = None
    status: Status | None = None  # of its message


def why(
    session: Session, person: str, *, source: str | None, rule: str | None, day: date | None, settings: Settings
) -> list[Explanation]:
    """What one rule, or all of them and the events, have for a contact's key or a number; day: None is today.

    Raises NotFound; Invalid where several sources have the key.
    """
    now, zone = clock(session), settings.time_zone
    of_day = day or now.astimezone(zone).date()
    contacts, phones = _people(session, person, source)
    rules = all_rules(session) if rule is None else [rule_changes.found(session, rule)]
    answers: list[Explanation] = []
    each: list[ContactRow | None] = [*contacts] or [None]
    for contact in each:
        numbers = phones or (list(contact.phones) if contact is not None else [])
        answers += why_of(session, contact, numbers, rules, of_day, zone=zone, now=now, events=rule is None)
    return answers


def _people(session: Session, person: str, source: str | None) -> tuple[list[ContactRow], list[str]]:
    """The contact of this key, or else all who have this number."""
    found = by_keys(session, [person], source=source)
    if len(found) > 1:
        sources = ", ".join(repr(row.source) for row in found)
        raise Invalid("source", f"several have this key: {sources}", "say which one is meant with --source")
    if found:
        return found, []
    try:
        number = parse_phone(person)
    except Invalid:
        raise NotFound("no contact has this key, and it is no phone number: see `esms-worker contacts list`") from None
    return by_phones(session, [number], source=source), [number]


def why_of(
    session: Session,
    contact: ContactRow | None,
    phones: Sequence[str],
    rules: Sequence[RuleRow],
    day: date,
    *,
    zone: ZoneInfo,
    now: datetime,
    events: bool = True,
) -> list[Explanation]:
    """What these rules, and the events that invite the person, have for that day.

    contact: None where only a number is known: then no rule means it. phones: E.164.
    """
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    answers: list[Explanation] = []
    for rule in rules:
        answers += _of_rule(session, contact, phones, rule, begin, end, now)
    if events:
        of_contact = None if contact is None else (contact.source, contact.key)
        for event, attendee in events_inviting(session, contact=of_contact, phones=phones):
            answers += _of_event(session, event, attendee, begin, end, now)
    return answers


def _of_rule(
    session: Session,
    contact: ContactRow | None,
    phones: Sequence[str],
    rule: RuleRow,
    begin: datetime,
    end: datetime,
    now: datetime,
) -> Iterator[Explanation]:
    if contact is None:
        recorded = occurrences_to(session, phones, rule.id, since=begin, until=end)
        yield from (on_record(rule.name, row) for row in recorded)
        if not recorded:
            yield _none(rule.name, None, "no contact has this number: rules go by contacts")
        return
    recipient = recipient_of(contact.source, contact.key)
    recorded = occurrences_of(session, recipient, since=begin, until=end, owner_id=rule.id)
    yield from (on_record(rule.name, row) for row in recorded)
    known = {row.key.occasion for row in recorded}
    of_the_day = list(islice(takewhile(lambda due: due.occurs_at < end, dues(rule, begin - INSTANT)), SHOWN))
    for due in of_the_day:
        if due.occasion not in known:
            yield _none(rule.name, due.occurs_at, _why_not(session, contact, rule, due, now))
    if not of_the_day and not recorded:
        yield _none(rule.name, None, _nothing(next_due(rule, end - INSTANT)))


def _why_not(session: Session, contact: ContactRow, rule: RuleRow, due: Due, now: datetime) -> str:
    """The first thing that stands in the way, the plainest first."""
    return (
        _not_meant(contact, rule)
        or _not_their_day(contact, rule, due)
        or _not_written(session, owner_of_rule(rule), person_of_contact(contact, rule.kind, due), due)
        or _not_then(contact, rule, due, now)
    )


def _not_written(session: Session, owner: Owner, person: Person, due: Due) -> str | None:
    found = template(session, owner.template)
    if found is None:
        return f"there is no template {owner.template!r}"
    made = written_or_reason(found, person, owner.occasion_of(due), opted_out(session, person.phones))
    return made if isinstance(made, str) else None


def _not_meant(contact: ContactRow, rule: RuleRow) -> str | None:
    if rule.source is not None and rule.source != contact.source:
        return f"the rule is for contacts of source {rule.source!r}, this one is of {contact.source!r}"
    if rule.tags and not set(rule.tags) & set(contact.tags):
        return f"the rule is for contacts tagged {' or '.join(rule.tags)}, this one is not"
    return None


def _not_their_day(contact: ContactRow, rule: RuleRow, due: Due) -> str | None:
    read = rule_of(rule)
    if not isinstance(read, Anniversary):
        return None
    day, leap, word = _day_of(contact, read)
    if day is None:
        return f"the contact has no {word}"
    keys = keys_of(read, date.fromisoformat(due.occasion))
    if any(day == key and which in (None, leap) for key, which in keys):
        return None
    return f"it is not their day: their {word} is {day % 100}/{day // 100}{' of the leap month' if leap else ''}"


def _day_of(contact: ContactRow, rule: Anniversary) -> tuple[int | None, bool | None, str]:
    """Month * 100 + day, in a leap month or not, and what that day is called."""
    death = "death" in rule.kind
    word = "day of death" if death else "birthday"
    if rule.kind in LUNAR:
        day = contact.lunar_death_day if death else contact.lunar_birth_day
        return day, contact.lunar_death_leap if death else contact.lunar_birth_leap, f"lunar {word}"
    on = contact.death_date if death else contact.birth_date
    return (None if on is None else on.month * 100 + on.day), None, word


def _not_then(contact: ContactRow, rule: RuleRow, due: Due, now: datetime) -> str:
    if rule.paused_at is not None:
        return "the rule is paused"
    if rule.next_at is not None and rule.next_at <= due.occurs_at:
        late = now >= due.occurs_at + timedelta(minutes=5)
        return "it was due and has not been made: is beat running?" if late else TO_COME
    if rule.created_at is not None and rule.created_at > due.occurs_at:
        return "the rule was added after that"
    if contact.created_at > due.occurs_at - timedelta(days=1):
        return "the contact was added after it had been made"
    return "when it was made, the rule or the contact was another: the one tagged, dated or opted out otherwise"


def _of_event(
    session: Session, event: EventRow, attendee: str, begin: datetime, end: datetime, now: datetime
) -> Iterator[Explanation]:
    name = f"{event.title or 'event'} ({event.key})"
    recorded = occurrences_of(session, attendee, since=begin, until=end, owner_id=event.id)
    yield from (on_record(name, row) for row in recorded)
    if event.cancelled_at is not None:
        if not recorded:
            yield _none(name, None, "the event was cancelled")
        return
    known = {(row.key.occasion, row.key.before) for row in recorded}
    not_made = [due for due in event_dues(event, begin, end, most=SHOWN) if (due.occasion, due.before) not in known]
    if not not_made:
        return
    [(_, guest)] = invited_to(session, [event.id], key=attendee)
    for due in not_made:
        reason = _not_written(session, owner_of_event(event), person_of_attendee(guest), due)
        still = TO_COME if now < due.occurs_at else "the person was not invited then"
        yield _none(name, due.occurs_at, reason or still)


def on_record(of: str, row: OccurrenceRow) -> Explanation:
    """What stands on record of one occurrence."""
    if row.state is OccurrenceState.MADE:
        return Explanation(
            of=of,
            occurs_at=row.occurs_at,
            got=_got(row.status),
            why="its message is no longer on record" if row.status is None else f"{row.status}: {MEANING[row.status]}",
            notification_id=row.notification_id,
            status=row.status,
        )
    words = "called back" if row.state is OccurrenceState.CANCELLED else "skipped"
    return _none(of, row.occurs_at, f"{words}: {row.reason}")


def _got(status: Status | None) -> bool | None:
    if status in ARRIVED:
        return True
    return False if status in NOT_ARRIVED else None


def _none(of: str, occurs_at: datetime | None, reason: str) -> Explanation:
    return Explanation(of=of, occurs_at=occurs_at, got=None if reason == TO_COME else False, why=reason)


def _nothing(following: Due | None) -> str:
    return "it has nothing for this day" + ("" if following is None else ", and is due next later")
