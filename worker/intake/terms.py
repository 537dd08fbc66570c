"""On what terms a request goes: all that is said beside whom to reach, what to say, and the reference.

Those who hand over ten thousand say it once for all of them; so it is checked once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from worker.checks import ID_MOST, joinable, label_or_none, list_of, moment_of, phone_of, truth
from worker.errors import Invalid
from worker.intake.request import Enqueue, RecordCall, Sms, TemplateCall
from worker.ledger import Terms
from worker.lifecycle import (
    ADVERTISING_TYPES,
    BRANDNAME_TYPES,
    LANE_OF_SMS,
    PURPOSE_OF_SMS,
    Kind,
    Lane,
    Purpose,
    SmsType,
)
from worker.settings import Settings
from worker.text import unshowable

FARTHEST = timedelta(days=731)  # a date farther away is a slip of the pen
FORGIVEN = timedelta(days=1)  # a send_date that passed less than this ago means now
VARIABLE_MOST = 1000  # characters of a call's variable


def terms_of(item: Enqueue, settings: Settings, *, now: datetime, late: bool) -> Terms:
    """Check and normalise them. Raises Invalid."""
    send_date = _date("send_date", item.send_date, settings, now)
    expires_at = _date("expires_at", item.expires_at, settings, now)
    _check_dates(send_date, expires_at, item.hand_over, now, late)
    kind, lane, options = _how(item.request, settings)
    return Terms(
        kind=kind,
        lane=lane,
        options=options,
        grouped=options.get("sms_type") == SmsType.ADVERTISING,
        purpose=_purpose(item.purpose, options.get("sms_type")),
        source=label_or_none("source", item.source) or "",
        campaign=label_or_none("campaign", item.campaign),
        send_date=send_date,
        hand_over=truth("hand_over", item.hand_over),
        expires_at=expires_at,
        horizon=settings.horizons[lane],
    )


def are_alike(one: Enqueue, other: Enqueue) -> bool:
    """Have these SMS the same terms? Only what is the same object counts: equal is not alike, where True equals 1."""
    mine, yours = one.request, other.request
    return (
        type(mine) is Sms
        and type(yours) is Sms
        and mine.sms_type is yours.sms_type
        and mine.brandname is yours.brandname
        and mine.unicode is yours.unicode
        and mine.sandbox is yours.sandbox
        and one.purpose is other.purpose
        and one.source is other.source
        and one.campaign is other.campaign
        and one.send_date is other.send_date
        and one.expires_at is other.expires_at
        and one.hand_over is other.hand_over
        and one.retry_undelivered is other.retry_undelivered
        and one.fallback is other.fallback
        and one.fallback_after is other.fallback_after
        and one.fallback_in_doubt is other.fallback_in_doubt
    )


# How...


def _how(request: Sms | TemplateCall | RecordCall, settings: Settings) -> tuple[Kind, Lane, dict[str, Any]]:
    if isinstance(request, Sms):
        sms_type = known_sms_type(request.sms_type)
        return Kind.SMS, LANE_OF_SMS[sms_type], _sms(request, sms_type, settings)
    if settings.sandbox:
        raise Invalid("sandbox", "ESMS_SANDBOX is set, and eSMS has no sandbox for calls", "unset it to call for real")
    if isinstance(request, TemplateCall):
        return Kind.TEMPLATE_CALL, Lane.VOICE, _template_call(request)
    return Kind.RECORD_CALL, Lane.VOICE, _record_call(request)


def _sms(sms: Sms, sms_type: SmsType, settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {"sms_type": int(sms_type)}
    if brandname := _brandname(sms.brandname, sms_type, settings):
        options["brandname"] = brandname
    flags = {name: True for name in ("unicode", "sandbox") if truth(name, getattr(sms, name))}
    if sms.unicode and sms_type is not SmsType.RANDOM:
        raise Invalid("unicode", f"SmsType {sms_type:d} takes no Unicode", "use SmsType 3, or leave unicode out")
    return options | flags


def known_sms_type(value: object) -> SmsType:
    """Raises Invalid."""
    try:
        return SmsType(value if type(value) is not bool else 0)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(str(int(each)) for each in SmsType)
        if not isinstance(value, int | float):
            told = f"is {type(value).__name__}, not a number"
            raise Invalid("sms_type", told, f"use one of {known}") from None
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


def known_purpose(value: object) -> Purpose:
    """Raises Invalid."""
    try:
        return Purpose(value)  # type: ignore[arg-type]
    except ValueError:
        raise Invalid("purpose", "is not known", f"use one of {', '.join(Purpose)}") from None


def _purpose(value: object, sms_type: int | None) -> Purpose:
    usual = Purpose.SERVICE if sms_type is None else PURPOSE_OF_SMS[SmsType(sms_type)]
    if value is None:
        return usual
    purpose = known_purpose(value)
    if sms_type == SmsType.ADVERTISING and purpose is not Purpose.ADVERTISING:
        raise Invalid("purpose", "SmsType 1 is always advertising", "leave it out, or use another SmsType")
    if purpose is Purpose.ADVERTISING and sms_type is not None and sms_type not in ADVERTISING_TYPES:
        raise Invalid("purpose", f"SmsType {sms_type} takes no advertising", "use SmsType 1, or say what it is for")
    return purpose


def _template_call(call: TemplateCall) -> dict[str, Any]:
    return {
        "variables": [_variable(place, value) for place, value in enumerate(list_of("variables", call.variables), 1)]
    }


def _variable(place: int, value: object) -> str:
    name = f"variables[{place}]"
    if not isinstance(value, str) or not value.strip():
        raise Invalid(name, "is empty", "give the text that the template is to read out")
    joinable(name, value)
    if len(value) > VARIABLE_MOST or unshowable(value):
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
    return options


def _key(value: object) -> str:
    if not isinstance(value, str | int) or len(str(value)) != 1 or str(value) not in "0123456789":
        raise Invalid("ivr", "is not one key", "give one key from 0 to 9")
    return str(value)


def _whole(field: str, value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Invalid(field, "is out of range", f"give a whole number from 0 to {most}")
    return value


# When...


def _date(field: str, value: object, settings: Settings, now: datetime) -> datetime | None:
    """Aware; a naive one is in the zone of TIME_ZONE."""
    if value is None:
        return None
    aware = settings.aware(moment_of(field, value))
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
