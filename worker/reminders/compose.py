"""From an occurrence and its people to what is to be sent: one request for each, or the reason why there is none.

Whatever is wrong with one person is that person's reason, and never stops the others.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from worker.errors import Invalid
from worker.intake import Enqueue, Sms, TemplateCall, check_one
from worker.ledger.occurrences import Key
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind, Purpose
from worker.reminders.plan import Due
from worker.schedule import EventRow, RuleRow
from worker.settings import Settings
from worker.templates import Addressee, Occasion, Written, written

SOURCE = "reminders"  # of every notification made here
SAMPLE = "0901234567"  # for trying out: nobody is sent anything


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

    def occasion_of(self, due: Due) -> Occasion:
        """What a reminder speaks of."""
        return Occasion(at=due.about, title=self.title, place=self.place, attributes=self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Addressee):
    """Somebody who is to be reminded, as they stand now."""

    recipient: str  # the contact's or attendee's key, by which once is once
    contact_id: UUID | None = None
    trouble: str | None = None  # why this one gets none


def owner_of_rule(row: RuleRow) -> Owner:
    """A rule as what makes reminders."""
    return Owner(id=row.id, campaign=f"reminder:{row.name}"[:200], template=row.template, channel=row.channel)


def owner_of_event(row: EventRow) -> Owner:
    """An event as what makes reminders."""
    return Owner(
        id=row.id,
        campaign=f"event:{row.id}",
        template=row.template,
        channel=row.channel,
        title=row.title,
        place=row.place,
        attributes=row.attributes,
    )


def written_or_reason(
    template: StoredTemplate, person: Person, occasion: Occasion, unwilling: Container[str]
) -> Written | str:
    """What this person is to get, or why they get nothing: for the reminder itself, and for whoever asks before or
    after. unwilling: numbers that opted out."""
    if person.trouble is not None:
        return person.trouble
    try:
        made = written(template, person, occasion)
    except Invalid as error:
        return str(error)
    return made if made.phone not in unwilling else "opted out"


def request_for(owner: Owner, due: Due, template: StoredTemplate, made: Written, reference: str) -> Enqueue:
    """The request by which somebody gets what was written for them."""
    return Enqueue(
        request=_request(template, made, owner.channel),
        reference=reference,
        purpose=Purpose.REMINDER,
        source=SOURCE,
        campaign=owner.campaign,
        send_date=due.occurs_at,
        expires_at=due.deadline,
    )


def reference_of(key: Key, round_: int, contact_id: UUID | None) -> str:
    """The notification's own key: the ledger would refuse a second one even if the occurrence did not.

    It holds the contact's id, by which the contact's removal finds what is queued for it.
    """
    parts = (str(key.owner_id), key.occasion, key.before, key.recipient, str(round_))
    digest = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    return digest if contact_id is None else f"{digest} {contact_id}"


def try_out(
    session: Session, template: StoredTemplate, channel: Mapping[str, Any], settings: Settings, *, now: datetime
) -> None:
    """Would intake take this template by this channel? A missing brandname is an error now, not on the day.

    Raises Invalid.
    """
    if template.content is not None:
        check_one(session, Enqueue(request=Sms(to=SAMPLE, content=template.content, **channel)), settings, now=now)


def _request(template: StoredTemplate, made: Written, channel: Mapping[str, Any]) -> Sms | TemplateCall:
    if template.kind is Kind.SMS:
        return Sms(to=made.phone, content=made.texts[0], **channel)
    return TemplateCall(to=made.phone, template_id=template.template_id or "", variables=made.texts)
