"""The next generation of what failed as requests of their own: corrected, or gathered where eSMS takes no fewer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from sys import intern
from typing import Any
from uuid import UUID

from worker.again.choice import Corrected
from worker.intake import Enqueue, RecordCall, Request, Sms, TemplateCall
from worker.lifecycle import BRANDNAME_TYPES, Kind, Purpose, SmsType
from worker.phone import usual_mobile

AS_IT_WAS = Corrected()


@dataclass(slots=True)
class Gathered:
    """One new request: what it is made of, and by phone the message that each of its recipients had before."""

    request: Any  # the row of the first notification
    content: str | None  # that is said instead
    advertising: bool  # will it be?
    places: dict[str, UUID] = field(default_factory=dict)


def gather(
    rows: Sequence[Any], requests: Mapping[UUID, Any], corrected: Corrected, texts: Mapping[UUID, str]
) -> list[Gathered]:
    """Put together what goes out together: advertising with all that says the same, else by notification and text.

    texts: by message, what its SMS says by the corrected template.
    """
    found: dict[Hashable, Gathered] = {}
    for row in rows:
        request = requests[row.notification_id]
        content = texts.get(row.id, corrected.content)
        advertising = is_advertising(request, corrected)
        key = key_of(request, content) if advertising else (request.id, content)
        together = found.setdefault(key, Gathered(request, content, advertising))
        together.places.setdefault(corrected.to or row.phone, row.id)
    return list(found.values())


def key_of(request: Any, content: str | None) -> Hashable:
    """By which advertising that may go out together is known. content: what is said instead of the request's text."""
    options = tuple(sorted((name, str(value)) for name, value in request.options.items()))
    # What is to follow is kept with the notification, so those with different follow-ups can't share one.
    return (
        content or request.content,
        options,
        request.source,
        request.campaign,
        request.purpose,
        str(request.follow_up),
    )


def is_advertising(request: Any, corrected: Corrected) -> bool:
    """Will it be advertising, which eSMS takes for many at once only?"""
    return (corrected.sms_type or request.options.get("sms_type")) == SmsType.ADVERTISING


def compose(groups: Sequence[Gathered], corrected: Corrected) -> list[Enqueue | None]:
    """What is to be handed over for each; None where the correction is for another kind.

    Those that differ in nothing but whom they go to have one for all of them, which so is checked once.
    """
    made: dict[Hashable, Enqueue | None] = {}
    keys = [_sameness(group) for group in groups]
    for key, group in zip(keys, groups, strict=True):
        if key not in made:
            made[key] = enqueue_of(group, corrected)
    return [made[key] for key in keys]


def _sameness(group: Gathered) -> Hashable:
    """By itself is checked what the number of its recipients counts for, and a number that may not be any mobile's."""
    row = group.request
    if group.advertising or not all(usual_mobile(phone) == phone for phone in group.places):
        return id(group)
    content = row.content if group.content is None else group.content
    # By identity: options that are equal were read once, and no others are it.
    read = id(row.options), id(row.follow_up)
    return row.kind, row.purpose, row.source, row.campaign, row.expires_at, content, row.template_id, *read


def enqueue_of(gathered: Gathered, corrected: Corrected) -> Enqueue | None:
    """What is to be handed over; None where the correction is for another kind."""
    row = gathered.request
    if gathered.content != corrected.content:
        corrected = replace(corrected, content=gathered.content, template=None)
    if (made := _MAKERS[Kind(row.kind)](row, list(gathered.places), corrected)) is None:
        return None
    in_time = row.expires_at and row.expires_at > datetime.now(UTC)
    return Enqueue(
        request=made,
        purpose=None if gathered.advertising else Purpose(row.purpose),
        source=intern(row.source),
        campaign=_one(row.campaign),
        expires_at=row.expires_at if in_time else None,
    )


def _one(name: str | None) -> str | None:
    """The same object for each that has this name: terms that are alike by identity are checked once for all."""
    return None if name is None else intern(name)


def _sms(row: Any, to: list[str], corrected: Corrected) -> Sms:
    sms_type = corrected.sms_type or row.options["sms_type"]
    return Sms(
        to=to,
        content=row.content if corrected.content is None else corrected.content,
        sms_type=sms_type,
        brandname=_one(corrected.brandname or (row.options.get("brandname") if sms_type in BRANDNAME_TYPES else None)),
        unicode=row.options.get("unicode", False) and sms_type == SmsType.RANDOM,
        sandbox=row.options.get("sandbox", False),
    )


def _template_call(row: Any, to: list[str], corrected: Corrected) -> TemplateCall | None:
    template = corrected.template or row.template_id
    return None if corrected.for_sms else TemplateCall(to=to, template_id=template, **row.options)


def _record_call(row: Any, to: list[str], corrected: Corrected) -> RecordCall | None:
    record = corrected.template or row.template_id
    return None if corrected.for_sms else RecordCall(to=to, record_id=record, **row.options)


_MAKERS: Mapping[Kind, Callable[[Any, list[str], Corrected], Request | None]] = {
    Kind.SMS: _sms,
    Kind.TEMPLATE_CALL: _template_call,
    Kind.RECORD_CALL: _record_call,
}
