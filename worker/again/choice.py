"""What a person or a program may ask for: which failed messages, and what is to be different about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from worker.checks import ID_MOST, label, label_or_none, list_of, moment_of, phone_of, text_of, whole_number
from worker.errors import Invalid
from worker.intake import known_purpose, known_sms_type
from worker.ledger import Chosen
from worker.lifecycle import RETRIED, Lane, SmsType, Status
from worker.settings import Settings

Word = str | Sequence[str] | None

MOST = 10**9 - 1  # messages, of which nobody has so many

MAY_ARRIVE = frozenset({Status.QUEUED, Status.SENDING, Status.UNCONFIRMED, Status.ACCEPTED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Which failed messages: of these ids, or of a campaign, or to a number, or since a day; narrowed by the others.

    A field with several words takes any of them; None: it does not matter.
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
    """When it was last to go out: `since` or later, and before `until`. A naive datetime is in TIME_ZONE."""
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


def checked(failed: Failed, settings: Settings, *, source: str | None) -> Chosen:
    """The choice as the ledger takes it, but for the ids. Raises Invalid, which names the field."""
    campaign = label_or_none("campaign", failed.campaign)
    since, until = _moment("since", failed.since, settings), _moment("until", failed.until, settings)
    _check_some_are_named(failed, campaign)
    if failed.most is not None:
        whole_number("most", failed.most, MOST)
    if since and until and until <= since:
        raise Invalid("until", "is not after since", "give the earlier moment first")
    return Chosen(
        campaign=campaign,
        source=label_or_none("source", failed.source) or source,
        statuses=_statuses(failed.status),
        codes=None if failed.code is None else words_of("code", failed.code),
        network=label_or_none("network", failed.network),
        since=since,
        until=until,
        phone=None if failed.to is None else phone_of("to", failed.to, for_sms=False),
        lane=None if failed.lane is None else _lane(failed.lane),
        purpose=None if failed.purpose is None else known_purpose(failed.purpose),
        generations=settings.retry_limit,
    )


def _check_some_are_named(failed: Failed, campaign: str | None) -> None:
    if not failed.ids and all(each is None for each in (campaign, failed.to, failed.since)):
        raise Invalid("campaign", "is missing, and so are ids", "give ids, or a campaign, a number or a day")
    if failed.ids and failed.campaign is not None:
        raise Invalid("campaign", "is given beside ids", "give ids, or a campaign")


def words_of(name: str, given: str | Collection[str]) -> Sequence[str]:
    """One word, or several. Raises Invalid for what is none."""
    if not isinstance(given, str | list | tuple | set | frozenset):
        raise Invalid(name, "is no word", "give a text, or a list of them")
    if not given:
        raise Invalid(name, "is empty", "give a text, or a list of them")
    return [label(name, each) for each in ([given] if isinstance(given, str) else given)]


def ids_of(given: Sequence[UUID | str]) -> Sequence[str]:
    """The ids as text. Raises Invalid for what is no list of ids."""
    return [str(each) if isinstance(each, UUID) else label("ids", each) for each in list_of("ids", given)]


def _lane(given: str) -> Lane:
    if given not in tuple(Lane):  # nor need it be hashable
        raise Invalid("lane", "is not known", f"use one of {', '.join(Lane)}")
    return Lane(given)


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


def _moment(field: str, value: datetime | None, settings: Settings) -> datetime | None:
    return None if value is None else settings.aware(moment_of(field, value))


def correction(corrected: Corrected | None) -> Corrected | None:
    """The correction as it is kept; None: nothing is different. What can't be sent is found out message by message.

    Raises Invalid for what no message could take: a recipient that is no number, an empty text, a name that is none.
    """
    if corrected is None:
        return None
    if not isinstance(corrected, Corrected):
        raise Invalid("corrected", f"is {type(corrected).__name__}, not a Corrected", "give a worker.Corrected")
    if corrected.template is not None and corrected.content is not None:
        raise Invalid("template", "and content are two texts", "give one of them")
    given = {each.name: getattr(corrected, each.name) for each in fields(Corrected)}
    found = {name: _CORRECTS[name](value) for name, value in given.items() if value is not None}
    return Corrected(**found) if found else None


def _content(given: object) -> str:
    written = text_of("content", given)
    if not written.strip():
        raise Invalid("content", "is empty", "give the text to send")
    return written


_CORRECTS: Mapping[str, Callable[[Any], Any]] = {
    "content": _content,
    "template": lambda given: label("template", given, most=ID_MOST),
    "sms_type": known_sms_type,
    "brandname": lambda given: label("brandname", given, most=ID_MOST),
    "to": lambda given: phone_of("to", given, for_sms=False),
}
