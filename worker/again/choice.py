"""What a person or a program may ask for: which failed messages, and what is to be different about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from worker.checks import ID_MOST, label, label_or_none, phone_of
from worker.errors import Invalid
from worker.ledger import RETRIED, Chosen
from worker.lifecycle import SmsType, Status
from worker.settings import Settings

Word = str | Sequence[str] | None

MAY_ARRIVE = frozenset({Status.QUEUED, Status.SENDING, Status.UNCONFIRMED, Status.ACCEPTED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Messages that failed: of these notifications, or of this campaign, or to this number, or since that day.

    Of several words any, None: whatever it is.
    """

    ids: Sequence[UUID | str] = ()
    """Of notifications, or of single messages."""
    campaign: str | None = None
    source: str | None = None
    status: Word = None
    """undelivered, rejected, expired."""
    code: Word = None
    """eSMS's, as the message has it now."""
    network: str | None = None
    since: datetime | None = None
    """To go out then or later, the last time; a naive datetime is in the zone of TIME_ZONE. until: before then."""
    until: datetime | None = None
    to: str | None = field(default=None, repr=False)
    """Only to this number."""
    lane: str | None = None
    purpose: str | None = None
    most: int | None = None
    """No more than so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What is different about the next generation; None: as it was."""

    content: str | None = field(default=None, repr=False)
    """Another text, for all; of an SMS."""
    template: str | None = None
    """Of a call: another template or recording at eSMS. Of an SMS: one of `esms-worker templates`, in each one's words.
    """
    sms_type: SmsType | int | None = None
    brandname: str | None = None
    to: str | None = field(default=None, repr=False)
    """Another number, where one recipient is chosen."""

    @property
    def for_sms(self) -> bool:
        return any(each is not None for each in (self.content, self.sms_type, self.brandname))


def checked(
    failed: Failed, settings: Settings, *, notifications: Sequence[UUID], messages: Sequence[UUID], source: str | None
) -> Chosen:
    """As the ledger takes it. notifications, messages: what the ids are of. Raises Invalid, which names the field."""
    campaign = label_or_none("campaign", failed.campaign)
    if not failed.ids and all(each is None for each in (campaign, failed.to, failed.since)):
        raise Invalid("campaign", "is missing, and so are ids", "give ids, or a campaign, a number or a day")
    if failed.ids and failed.campaign is not None:
        raise Invalid("campaign", "is given beside ids", "give ids, or a campaign")
    if failed.most is not None and not 0 < failed.most < 10**9:
        raise Invalid("most", "is out of range", "give a whole number above 0")
    since, until = _moment(failed.since, settings), _moment(failed.until, settings)
    if since and until and until <= since:
        raise Invalid("until", "is not after since", "give the earlier moment first")
    return Chosen(
        notifications=notifications or None,
        messages=messages or None,
        campaign=campaign,
        source=label_or_none("source", failed.source) or source,
        statuses=_statuses(failed.status),
        codes=None if failed.code is None else words_of("code", failed.code),
        network=label_or_none("network", failed.network),
        since=since,
        until=until,
        phone=None if failed.to is None else phone_of("to", failed.to, for_sms=False),
        lane=label_or_none("lane", failed.lane),
        purpose=label_or_none("purpose", failed.purpose),
        generations=settings.retry_limit,
    )


def words_of(name: str, given: str | Collection[str]) -> Sequence[str]:
    """One word, or several. Raises Invalid for what is none."""
    if not isinstance(given, str | list | tuple | set | frozenset):
        raise Invalid(name, "is no word", "give a text, or a list of them")
    return [label(name, each) for each in ([given] if isinstance(given, str) else given)]


def _statuses(word: Word) -> Sequence[str]:
    statuses = sorted(RETRIED) if word is None else words_of("status", word)
    for each in statuses:
        if each not in RETRIED:
            raise Invalid("status", _not_failed(each), f"use {', '.join(sorted(RETRIED))}")
    return [str(each) for each in statuses]


def _not_failed(status: str) -> str:
    if status in MAY_ARRIVE:
        return f"what is {status} may still arrive"
    if status == Status.HELD:
        return "what is held waits for `held resolve`"
    return f"what is {status} has not failed" if status in set(Status) else f"there is no status {status!r}"


def _moment(value: datetime | None, settings: Settings) -> datetime | None:
    return None if value is None else settings.aware(value)


def correction(corrected: Corrected | None) -> Corrected | None:
    """As it is kept; None where nothing is to be different. What can't be sent is found out message by message.

    Raises Invalid for a recipient that is no number, and for names that are none.
    """
    if corrected is None or corrected == Corrected():
        return None
    if corrected.template is not None and corrected.content is not None:
        raise Invalid("template", "and content are two texts", "give one of them")
    return replace(
        corrected,
        template=label_or_none("template", corrected.template, most=ID_MOST),
        brandname=label_or_none("brandname", corrected.brandname, most=ID_MOST),
        to=None if corrected.to is None else phone_of("to", corrected.to, for_sms=False),
    )
