"""From an occurrence and its people to what is to be sent: one wish for each, or the reason why there is none.

Whatever is wrong with one person is that person's reason, and never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from worker import phone
from worker.errors import Invalid
from worker.ledger.occurrences import Key
from worker.ledger.templates import TemplateRow
from worker.lifecycle import Kind
from worker.reminders.plan import Due
from worker.templates import Channel, values_of_occasion, values_of_person

SOURCE = "reminders"  # of every notification made here


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A rule or an event, as far as the making of a reminder needs to know it."""

    id: UUID
    campaign: str
    template: str
    channel: Mapping[str, Any]
    title: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is to be reminded, as they stand now."""

    recipient: str  # the contact's or attendee's key, by which once is once
    contact_id: UUID | None = None
    name: str = field(default="", repr=False)
    phones: Sequence[str] = field(default=(), repr=False)  # E.164; the first is the main one
    birth_date: date | None = field(default=None, repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    age: int | None = field(default=None, repr=False)  # on the day that it is about; None: as the birth date says
    trouble: str | None = None  # why this one gets none


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One reminder that is to be sent."""

    kind: Kind
    phone: str = field(repr=False)
    content: str | None = field(default=None, repr=False)
    template_id: str | None = None
    variables: Sequence[str] = field(default=(), repr=False)
    channel: Mapping[str, Any]
    source: str = SOURCE
    reference: str
    campaign: str
    send_date: datetime
    expires_at: datetime


# Takes wishes into the ledger in the session's transaction: a notification's id for each, or why it was refused.
Hand = Callable[[Session, Sequence[Wish], datetime], Sequence[UUID | str]]


def wish_for(owner: Owner, due: Due, person: Person, text: TemplateRow, key: Key, round_: int) -> Wish:
    """What this person is to get. Raises Invalid with the reason why there can be nothing."""
    kind = Kind(text.kind)
    number = _number(person.phones, for_sms=kind is Kind.SMS)
    values = values_for(owner, due, person, number)
    return Wish(
        kind=kind,
        phone=number,
        **_said(text, values),
        channel=owner.channel,
        reference=reference_of(key, round_, person.contact_id),
        campaign=owner.campaign,
        send_date=due.occurs_at,
        expires_at=due.deadline,
    )


def values_for(owner: Owner, due: Due, person: Person, number: str) -> dict[str, str]:
    """What the template's variables stand for: the person's own attributes win over the event's."""
    values = values_of_person(
        name=person.name,
        phone=number,
        birth_date=person.birth_date,
        attributes=dict(owner.attributes) | dict(person.attributes),
        on=due.about.date(),
    )
    if person.age is not None:
        values["age"] = str(person.age)
    return values | values_of_occasion(due.about, title=owner.title, place=owner.place)


def reference_of(key: Key, round_: int, contact_id: UUID | None) -> str:
    """The notification's own key: the ledger would refuse a second one even if the occurrence did not.

    It holds the contact's id, by which the contact's removal finds what is queued for it.
    """
    parts = (str(key.owner_id), key.occasion, key.before, key.recipient, str(round_))
    digest = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    return digest if contact_id is None else f"{digest} {contact_id}"


def _said(text: TemplateRow, values: Mapping[str, str]) -> dict[str, Any]:
    finished = [each.render(values) for each in text.texts()]
    if text.kind is Channel.SMS:
        return {"content": finished[0]}
    return {"template_id": text.template_id, "variables": finished}


def _number(phones: Sequence[str], *, for_sms: bool) -> str:
    """The main number, or the first one besides that will do: the main one may be a landline."""
    for number in phones:
        try:
            return phone.parse(number, for_sms=for_sms).e164
        except phone.PhoneError:
            continue
    problem = "none of them can take it" if phones else "there is none"
    raise Invalid("phones", problem, "give the contact a mobile number" if for_sms else "give the contact a number")
