"""How many people each rule reaches on each day of the year, counted for all rules in one pass for each calendar.

A rule reaches those who have what its text needs, as the reminder itself will check for each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from worker.ledger.contacts import Group, count_by_day, count_everybody
from worker.ledger.events import Invited, invited_to
from worker.ledger.opt_out import opted_out
from worker.ledger.templates import TemplateRow
from worker.lifecycle import ReminderKind
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders.compose import written_or_reason
from worker.reminders.people import DEATHS, LUNAR, person_of_attendee, years_on
from worker.templates import Occasion, needs_of

EVENTS_AT_ONCE = 500
FIRST_BIRTHDAY = timedelta(days=800)  # after so long everybody has had one, by either calendar

Key = tuple[int | None, bool | None]  # day of the year, and in a leap month?
Counts = dict[Key, Counter[date | None]]  # people by their day, and by the birth date where that is not long ago


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a rule means, and what they must have."""

    tags: frozenset[str]  # one of which is enough
    source: str | None
    needs: frozenset[str]


class Audiences:
    """The people of these rules, with their templates by name. Rules with the same people share their counts."""

    def __init__(
        self, session: Session, rules: Sequence[RuleRow], templates: Mapping[str, TemplateRow], since: date
    ) -> None:
        self._audience = {
            rule.id: Audience(frozenset(rule.tags), rule.source, needs_of(templates[rule.template]))
            for rule in rules
            if rule.template in templates
        }
        wanted: dict[ReminderKind, set[Audience]] = defaultdict(set)
        for rule in rules:
            if rule.id in self._audience:
                wanted[rule.kind].add(self._audience[rule.id])
        recent = since - FIRST_BIRTHDAY
        self._counts = {kind: _counted(_groups(session, kind, asked, recent), asked) for kind, asked in wanted.items()}

    def reached(self, rule: RuleRow, keys: Iterable[tuple[int, bool | None]] | None, on: date) -> int:
        """How many people the rule reaches. keys: the days of the year that are kept on this date; None: everybody."""
        if rule.id not in self._audience:
            return 0
        counts = self._counts[rule.kind][self._audience[rule.id]]
        wanted: Iterable[Key] = counts if keys is None else [each for key in keys for each in _each(key)]
        return sum(
            people
            for key in wanted
            for born, people in counts.get(key, {}).items()
            if born is None or years_on(born, rule.kind, on) > 0
        )


def _each(key: tuple[int, bool | None]) -> list[Key]:
    day, leap = key
    return [(day, each) for each in ((None, False, True) if leap is None else (leap,))]


def _groups(session: Session, kind: ReminderKind, asked: set[Audience], recent: date) -> Iterable[Group]:
    tags = frozenset[str]().union(*(audience.tags for audience in asked))
    facts = frozenset[str]().union(*(audience.needs for audience in asked))
    if kind is ReminderKind.RECURRING:
        return count_everybody(session, tags, facts)
    return count_by_day(session, tags, facts, lunar=kind in LUNAR, death=kind in DEATHS, recent=recent)


def _counted(groups: Iterable[Group], asked: set[Audience]) -> dict[Audience, Counts]:
    counts: dict[Audience, Counts] = {audience: defaultdict(Counter) for audience in asked}
    reached: dict[tuple[frozenset[str], frozenset[str], str], list[Counts]] = {}
    for group in groups:
        whose = (group.tags, group.facts, group.source)
        if whose not in reached:
            reached[whose] = [counts[audience] for audience in asked if _belongs(group, audience)]
        for each in reached[whose]:
            each[group.day, group.leap][group.born] += group.people
    return counts


def _belongs(group: Group, audience: Audience) -> bool:
    return (
        (not audience.tags or bool(audience.tags & group.tags))
        and audience.source in (None, group.source)
        and audience.needs <= group.facts
    )


# Events...


def count_guests(session: Session, events: Sequence[EventRow], templates: Mapping[str, TemplateRow]) -> Counter[UUID]:
    """How many of each event's attendees get its reminders."""
    reached: Counter[UUID] = Counter()
    for place in range(0, len(events), EVENTS_AT_ONCE):
        of = {event.id: event for event in events[place : place + EVENTS_AT_ONCE] if event.template in templates}
        guests = invited_to(session, list(of))
        unwilling = opted_out(session, {number for _, guest in guests for number in guest.phones})
        reached.update(id_ for id_, guest in guests if _is_reached(of[id_], guest, templates, unwilling))
    return reached


def _is_reached(
    event: EventRow, guest: Invited, templates: Mapping[str, TemplateRow], unwilling: Container[str]
) -> bool:
    assert event.starts_at is not None
    about = Occasion(at=event.starts_at, title=event.title, place=event.place, attributes=event.attributes)
    made = written_or_reason(templates[event.template], person_of_attendee(guest), about, unwilling)
    return not isinstance(made, str)
