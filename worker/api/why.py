"""Why somebody got a message or did not: the whole story of each, and who they are, for a person or a page to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from uuid import UUID

from worker import reporting
from worker.catalogue import Language, in_language
from worker.catalogue.problems import in_vietnamese
from worker.contacts.checks import parse_phone
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow, by_phones
from worker.ledger.reminder_rules import all_rules
from worker.pseudonym import PrivacyKey, known_as
from worker.reminders.recent import Reminded, reminded
from worker.reporting import RefusedRequest, story
from worker.reporting.standing import notification as found
from worker.reporting.story import Step, Story

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

USUAL = timedelta(days=30)  # that a number's messages are told of, when nobody says since when

__all__ = ["Person", "PersonsReminder", "Refused", "Step", "Stories", "Story"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsReminder:
    """What one rule or event has had for a contact. of: the rule's name, or the event's title and key."""

    of: str
    at: datetime | None
    got: bool | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact who has the number. opted_out_at: in UTC."""

    source: str
    key: str
    name: str
    opted_out_at: datetime | None
    reminders: Sequence[PersonsReminder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request for the number that came by task or SQL and could not be taken: it never was a message. at: in UTC.

    why: what is wrong, and what to do.
    """

    id: UUID
    at: datetime
    source: str
    reference: str | None
    field: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """What was told. since: where a number was asked about. others: messages of the notification that are not told."""

    stories: Sequence[Story]
    people: Sequence[Person]
    language: Language
    since: datetime | None = None
    others: int = 0
    refused: Sequence[Refused] = ()
    """What never was a message, where a number was asked about: the last twenty."""


def why(session: Session, notification_id: UUID, message_id: UUID | None, language: Language, zone: tzinfo) -> Stories:
    """The stories of a notification's messages, or of one of them. Raises NotFound."""
    found(session, notification_id)
    facts, others = story.facts_of(session, notification_id, message_id)
    told = [story.told(each, language, zone) for each in facts]
    people = _people(session, [each.phone for each in told], told[0].steps[0].at, language) if len(told) == 1 else []
    return Stories(stories=told, people=people, language=language, others=others)


def why_to(
    session: Session,
    number: str,
    since: datetime | None,
    language: Language,
    zone: tzinfo,
    key: PrivacyKey | None = None,
) -> Stories:
    """The stories of what was handed over for a number since then, the newest first. Raises Invalid.

    key: by it what was hidden is found, too.
    """
    try:
        phone = parse_phone(number)
    except Invalid as error:
        raise Invalid("to", error.problem, error.remedy) from None
    first = since or datetime.now(UTC) - USUAL
    told = [story.told(each, language, zone) for each in story.facts_to(session, known_as(phone, key), first)]
    people = _people(session, [phone], first, language)
    refused = [_refused(each, language) for each in reporting.refused_to(session, phone, since=first)]
    return Stories(stories=told, people=people, language=language, since=first, refused=refused)


def _refused(one: RefusedRequest, language: Language) -> Refused:
    said = one.reason if language is Language.EN else in_vietnamese(one.reason)
    return Refused(id=one.id, at=one.at, source=one.source, reference=one.reference, field=one.field, why=said)


def _people(session: Session, phones: Sequence[str], since: datetime | None, language: Language) -> list[Person]:
    contacts = by_phones(session, phones)
    rules = all_rules(session) if contacts else []
    return [_person(row, reminded(session, row, rules, since=since), language) for row in contacts]


def _person(row: ContactRow, reminders: Sequence[Reminded], language: Language) -> Person:
    return Person(
        source=row.source,
        key=row.key,
        name=row.name,
        opted_out_at=row.opted_out_at,
        reminders=[
            PersonsReminder(of=each.of, at=each.occurs_at, got=each.got, what=in_language(each.why, language))
            for each in reminders
        ],
    )
