"""From an occurrence and its people to what is to be sent: one request for each, or the reason why there is none.

Whatever is wrong with one person is that person's reason, and never stops the others.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from worker.errors import Invalid
from worker.intake import Enqueue, Retry, Sms, TemplateCall, check_one
from worker.intake.follow_up import retry_terms
from worker.ledger.occurrences import Key
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind, Purpose
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders.checks import word_of
from worker.reminders.plan import Due
from worker.settings import Settings
from worker.spans import span_of, times_and_wait
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

    @property
    def templates(self) -> list[str]:
        """The names of its own, and of the one that takes its place where that is not delivered."""
        return templates_of(self.template, self.channel)

    def occasion_of(self, due: Due) -> Occasion:
        """What a reminder speaks of."""
        return Occasion(at=due.about, title=self.title, place=self.place, attributes=self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Addressee):
    """Somebody who is to be reminded, as they stand now."""

    recipient: str  # the contact's or attendee's key, by which once is once
    contact_id: UUID | None = None
    trouble: str | None = None  # why this one gets none


def templates_of(template: str, channel: Mapping[str, Any]) -> list[str]:
    """Their names: the reminder's, and its fallback's."""
    return [template, *filter(None, [channel.get("fallback_template")])]


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


def request_for(
    owner: Owner,
    due: Due,
    template: StoredTemplate,
    made: Written,
    reference: str,
    fallback: Sms | TemplateCall | None = None,
) -> Enqueue:
    """The request by which somebody gets what was written for them."""
    return Enqueue(
        request=_request(template, made, owner.channel),
        reference=reference,
        purpose=Purpose.REMINDER,
        source=SOURCE,
        campaign=owner.campaign,
        send_date=due.occurs_at,
        expires_at=due.deadline,
        retry_undelivered=_retry(owner.channel),
        fallback=fallback,
        fallback_after=owner.channel["fallback_after"] if fallback else None,
        fallback_in_doubt=bool(fallback and owner.channel.get("fallback_in_doubt")),
    )


def fallback_for(owner: Owner, due: Due, template: StoredTemplate, person: Person, first: Written) -> Any | None:
    """What takes its place where it is not delivered; None: there is no time for it, or it can't be written.

    It goes to the same number: where that is none for it (an SMS to a landline), nothing follows.
    """
    if follows_at(due, owner.channel) >= due.deadline:
        return None
    try:
        made = written(template, person, owner.occasion_of(due))
    except Invalid:
        return None
    return _request(template, made, owner.channel) if made.phone == first.phone else None


def follows_at(due: Due, channel: Mapping[str, Any]) -> datetime:
    """When a reminder's fallback goes out at the earliest."""
    return due.occurs_at + span_of("fallback_after", channel["fallback_after"])


def reference_of(key: Key, round_: int, contact_id: UUID | None) -> str:
    """The notification's own key: the ledger would refuse a second one even if the occurrence did not.

    It holds the contact's id, by which the contact's removal finds what is queued for it.
    """
    parts = (str(key.owner_id), key.occasion, key.before, key.recipient, str(round_))
    digest = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    return digest if contact_id is None else f"{digest} {contact_id}"


def try_out(
    session: Session,
    templates: Sequence[StoredTemplate],
    channel: Mapping[str, Any],
    settings: Settings,
    *,
    now: datetime,
    fallback_kind: Kind | str | None = None,
) -> None:
    """Would intake take these templates by this channel? A missing brandname is an error now, not on the day.

    fallback_kind: what the last of them must be. Raises Invalid.
    """
    if len({each.name for each in templates}) < len(templates):
        raise Invalid("fallback_template", "is the reminder's own", "name another one, or leave it out")
    if fallback_kind is not None:
        _check_kind(templates[-1], word_of("fallback_kind", Kind, fallback_kind))
    if (retry := _retry(channel)) is not None:
        retry_terms(retry, settings, times="retry_undelivered")
    for each in templates:
        if each.content is not None:
            sms = Sms(to=SAMPLE, content=each.content, **_way(channel))
            check_one(session, Enqueue(request=sms), settings, now=now)


def _check_kind(template: StoredTemplate, wanted: Kind) -> None:
    if template.kind is not wanted:
        problem = f"{template.name!r} is a template of {template.kind}, not of {wanted}"
        raise Invalid("fallback_template", problem, "name another one, see `esms-worker templates list`")


def _request(template: StoredTemplate, made: Written, channel: Mapping[str, Any]) -> Sms | TemplateCall:
    if template.kind is Kind.SMS:
        return Sms(to=made.phone, content=made.texts[0], **_way(channel))
    return TemplateCall(to=made.phone, template_id=template.template_id or "", variables=made.texts)


def _way(channel: Mapping[str, Any]) -> dict[str, Any]:
    """Of an SMS: all of the channel that it takes."""
    return {name: channel[name] for name in ("sms_type", "brandname", "unicode") if name in channel}


def _retry(channel: Mapping[str, Any]) -> Retry | None:
    if (given := channel.get("retry_undelivered")) is None:
        return None
    times, wait = times_and_wait("retry_undelivered", given)
    return Retry(times=times, wait=wait)
