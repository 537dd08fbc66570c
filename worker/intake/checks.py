"""What can be sent, and what can't: every error names the field, what is wrong with it and what to do.

The number itself is never in an error: error texts end in logs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from worker import text
from worker.checks import ID_MOST, affordable, joinable, label, label_or_none, list_of, phone_of
from worker.errors import Invalid
from worker.intake.request import Enqueue, RecordCall, Request, Sms, TemplateCall
from worker.lifecycle import BRANDNAME_TYPES, LANE_OF_SMS, PURPOSE_OF_SMS, Kind, Lane, Purpose, SmsType
from worker.settings import Settings

FARTHEST = timedelta(days=731)  # a date farther away is a slip of the pen
FORGIVEN = timedelta(days=1)  # a send_date that passed less than this ago means now
VARIABLE_MOST = 1000  # characters of a call's variable

_unshowable = re.compile("[\0\ud800-\udfff]").search  # NUL, and halves of surrogate pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A request that can be sent, in the ledger's words."""

    kind: Kind
    purpose: Purpose
    lane: Lane
    grouped: bool
    phones: Sequence[str]  # E.164, each once
    duplicates: tuple[str, ...]
    content: str | None
    template_id: str | None
    options: dict[str, Any]
    source: str
    reference: str | None
    campaign: str | None
    send_date: datetime | None
    hand_over: bool
    expires_at: datetime | None
    segments: int | None = None  # SMS that one recipient's text is billed as

    def due_now(self, now: datetime) -> bool:
        """Is there any point in ringing?"""
        return self.send_date is None or self.hand_over or self.send_date <= now

    def fingerprint(self) -> str:
        """Of what makes the content: who gets what. Dates and labels are not; the purpose is compared by itself."""
        options = [f"{name}={_flat(value)}" for name, value in sorted(self.options.items())]
        parts = [self.kind, *sorted(self.phones), self.content or "", self.template_id or "", *options]
        return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()  # no part may hold a NUL


def _flat(value: object) -> str:
    return "\0".join(value) if isinstance(value, list) else str(value)


def check(item: Enqueue, settings: Settings, *, now: datetime, late: bool = False) -> Checked:
    """Check and normalise one request. Raises Invalid."""
    request = item.request
    send_date = _date("send_date", item.send_date, settings, now)
    expires_at = _date("expires_at", item.expires_at, settings, now)
    _check_dates(send_date, expires_at, item.hand_over, now, late)
    phones, duplicates = _phones(request)
    return Checked(
        **(content := _content(request, settings, len(phones))),
        purpose=_purpose(item.purpose, content["options"].get("sms_type")),
        phones=phones,
        duplicates=duplicates,
        source=label_or_none("source", item.source) or "",
        reference=label_or_none("reference", item.reference),
        campaign=label_or_none("campaign", item.campaign),
        send_date=send_date,
        hand_over=_flag("hand_over", item.hand_over),
        expires_at=expires_at,
    )


# Whom...


def _phones(request: Request) -> tuple[list[str], tuple[str, ...]]:
    if not isinstance(request, Sms | TemplateCall | RecordCall):
        raise Invalid("request", f"{type(request).__name__} can't be sent", "give an Sms, TemplateCall or RecordCall")
    wanted = [request.to] if isinstance(request.to, str) else request.to
    if not isinstance(wanted, Sequence) or not wanted:
        raise Invalid("to", "names nobody", "give a phone number, or a list of them")
    return _each_once([_number(request, wanted, place) for place in range(len(wanted))])


def _number(request: Request, wanted: Sequence[object], place: int) -> str:
    """Which of several is wrong is told by its place: what it is stays out of errors."""
    try:
        return phone_of("to", wanted[place], for_sms=isinstance(request, Sms))
    except Invalid as error:
        which = f"number {place + 1} of {len(wanted)}: " if len(wanted) > 1 else ""
        raise Invalid("to", which + error.problem, error.remedy) from None


def _each_once(phones: list[str]) -> tuple[list[str], tuple[str, ...]]:
    if len(phones) == 1:
        return phones, ()
    seen: set[str] = set()
    duplicates = tuple(number for number in phones if number in seen or seen.add(number))  # type: ignore[func-returns-value]
    return list(dict.fromkeys(phones)), duplicates


# What...


def _content(request: Request, settings: Settings, recipients: int) -> dict[str, Any]:
    if isinstance(request, Sms):
        return _sms(request, settings, recipients)
    _refuse_sandbox(settings)
    return _template_call(request) if isinstance(request, TemplateCall) else _record_call(request)


def _sms(sms: Sms, settings: Settings, recipients: int) -> dict[str, Any]:
    sms_type = _sms_type(sms.sms_type)
    options: dict[str, Any] = {"sms_type": int(sms_type)}
    if brandname := _brandname(sms.brandname, sms_type, settings):
        options["brandname"] = brandname
    flags = {name: True for name in ("unicode", "sandbox") if _flag(name, getattr(sms, name))}
    if sms.unicode and sms_type is not SmsType.RANDOM:
        raise Invalid("unicode", f"SmsType {sms_type:d} takes no Unicode", "use SmsType 3, or leave unicode out")
    return {
        "kind": Kind.SMS,
        "lane": LANE_OF_SMS[sms_type],
        "grouped": _grouped(sms_type, recipients, settings),
        **_text(sms.content, sms_type),
        "template_id": None,
        "options": options | flags,
    }


def _sms_type(value: object) -> SmsType:
    try:
        return SmsType(value if type(value) is not bool else 0)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(str(int(each)) for each in SmsType)
        # Any other value may be somebody's number, in the wrong field.
        told = f"{value} is" if isinstance(value, int) and abs(value) < 1000 else "is"
        raise Invalid("sms_type", f"{told} not known", f"use one of {known}") from None


def _brandname(given: str | None, sms_type: SmsType, settings: Settings) -> str | None:
    brandname = label_or_none("brandname", given, most=ID_MOST)
    if sms_type not in BRANDNAME_TYPES:
        if brandname:
            raise Invalid("brandname", f"SmsType {sms_type:d} has none", "leave it out, or use SmsType 1 or 2")
        return None
    if not (brandname := brandname or settings.brandname):
        raise Invalid("brandname", f"SmsType {sms_type:d} needs one", "name your brandname, or set ESMS_BRANDNAME")
    return brandname


def _grouped(sms_type: SmsType, recipients: int, settings: Settings) -> bool:
    if sms_type is not SmsType.ADVERTISING:
        return False
    if recipients < settings.advertising_least:
        problem = f"advertising (SmsType 1) to {recipients} recipients is refused by eSMS"
        raise Invalid("to", problem, f"name at least {settings.advertising_least} different ones")
    return True


def _purpose(value: object, sms_type: int | None) -> Purpose:
    usual = Purpose.SERVICE if sms_type is None else PURPOSE_OF_SMS[SmsType(sms_type)]
    if value is None:
        return usual
    try:
        purpose = Purpose(value)  # type: ignore[arg-type]
    except ValueError:
        raise Invalid("purpose", "is not known", f"use one of {', '.join(Purpose)}") from None
    if sms_type == SmsType.ADVERTISING and purpose is not Purpose.ADVERTISING:
        raise Invalid("purpose", "SmsType 1 is always advertising", "leave it out, or use another SmsType")
    return purpose


def _text(content: object, sms_type: SmsType) -> dict[str, Any]:
    if not isinstance(content, str) or not content.strip():
        raise Invalid("content", "is empty", "give the text to send")
    if _unshowable(content):
        raise Invalid("content", "holds a character that no phone can show", "take it out")
    measure = text.measure(content, sms_type)
    if measure.too_long:
        problem = f"is {measure.characters} characters long, SmsType {sms_type:d} takes {measure.limit}"
        raise Invalid("content", problem, "shorten it")
    affordable(measure)
    return {"content": content, "segments": measure.segments}


def _template_call(call: TemplateCall) -> dict[str, Any]:
    variables = [_variable(place, value) for place, value in enumerate(list_of("variables", call.variables), start=1)]
    return _call(Kind.TEMPLATE_CALL, "template_id", call.template_id, {"variables": variables})


def _variable(place: int, value: object) -> str:
    name = f"variables[{place}]"
    if not isinstance(value, str) or not value.strip():
        raise Invalid(name, "is empty", "give the text that the template is to read out")
    joinable(name, value)
    if len(value) > VARIABLE_MOST or _unshowable(value):
        raise Invalid(name, "can't be read out", f"give plain text of at most {VARIABLE_MOST} characters")
    return value


def _record_call(call: RecordCall) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if call.number_forward is not None:
        options["number_forward"] = phone_of("number_forward", call.number_forward, for_sms=False)
    if call.ivr is not None:
        options["ivr"] = _key(call.ivr)
    for name, most in (("max_repeat", 100), ("max_retry", 100), ("time_wait_to_ivr", 600), ("wait_retry", 86_400)):
        value = getattr(call, name)
        if value is not None:
            options[name] = _whole(name, value, most)
    return _call(Kind.RECORD_CALL, "record_id", call.record_id, options)


def _call(kind: Kind, field: str, template_id: object, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "lane": Lane.VOICE,
        "grouped": False,
        "content": None,
        "template_id": label(field, template_id, most=ID_MOST, remedy="give the id that account.esms.vn shows"),
        "options": options,
    }


def _key(value: object) -> str:
    if not isinstance(value, str | int) or len(str(value)) != 1 or str(value) not in "0123456789":
        raise Invalid("ivr", "is not one key", "give one key from 0 to 9")
    return str(value)


def _whole(field: str, value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Invalid(field, "is out of range", f"give a whole number from 0 to {most}")
    return value


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(field, f"is {type(value).__name__}, not a truth value", "give true or false")
    return value


def _refuse_sandbox(settings: Settings) -> None:
    if settings.sandbox:
        raise Invalid("sandbox", "ESMS_SANDBOX is set, and eSMS has no sandbox for calls", "unset it to call for real")


# When, and by which name...


def _date(field: str, value: object, settings: Settings, now: datetime) -> datetime | None:
    """Aware; a naive one is in the zone of TIME_ZONE."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise Invalid(field, f"is {type(value).__name__}, not a datetime", "give a datetime.datetime")
    aware = value if value.tzinfo else value.replace(tzinfo=settings.time_zone)
    try:
        far = aware - now
    except OverflowError:
        far = timedelta.max
    if abs(far) > FARTHEST:
        raise Invalid(field, "is more than two years away", "check the year")
    return aware


def check_send_date(value: object, settings: Settings, now: datetime) -> datetime:
    """The date that what waits is moved to. Raises Invalid."""
    send_date = _date("send_date", value, settings, now)
    if send_date is None or now - send_date > FORGIVEN:
        raise Invalid("send_date", "is missing, or more than a day ago", "give the date to send at")
    return send_date


def _check_dates(
    send_date: datetime | None, expires_at: datetime | None, hand_over: bool, now: datetime, late: bool
) -> None:
    if hand_over and (send_date is None or (send_date <= now and not late)):
        raise Invalid("hand_over", "there is no date ahead to hand over", "give a send_date in the future")
    if send_date and now - send_date > FORGIVEN and not late:
        raise Invalid("send_date", "is more than a day ago", "leave it out to send now")
    if expires_at and expires_at <= now and not late:
        raise Invalid("expires_at", "has passed", "give a date in the future, or leave it out")
    if expires_at and send_date and expires_at <= send_date:
        raise Invalid("expires_at", "is not after send_date", "give a later one, or leave it out")
