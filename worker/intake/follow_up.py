"""What is to follow by itself where a message fails: checked when it is handed over, stored ready to go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from worker.errors import Invalid
from worker.intake.request import Enqueue, Request, Retry
from worker.lifecycle import SmsType
from worker.recurrence.errors import RecurrenceError
from worker.recurrence.offsets import parse_offset
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.intake.checks import Checked

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)


def follow_up_of(item: Enqueue, settings: Settings, check: Callable[[Enqueue], Checked]) -> dict[str, Any] | None:
    """As it is kept; None: nothing. check: of one request, as for any other. Raises Invalid, which names the field."""
    found: dict[str, Any] = {}
    if item.retry_undelivered is not None:
        found["retry"] = _retry(item.retry_undelivered, settings)
    if item.fallback is not None:
        found["fallback"] = _fallback(item, item.fallback, check)
        found["after"] = _seconds("fallback_after", item.fallback_after)
        found["in_doubt"] = item.fallback_in_doubt is True
    elif item.fallback_after is not None or item.fallback_in_doubt:
        raise Invalid("fallback", "is missing", "say what is to follow, or leave fallback_after out")
    if found and item.hand_over:
        raise Invalid("hand_over", "eSMS holds it, so nothing can follow by itself", "leave one of them out")
    return found or None


def _retry(retry: object, settings: Settings) -> dict[str, Any]:
    if not isinstance(retry, Retry):
        raise Invalid("retry_undelivered", "is no Retry", 'give Retry(times=2, wait="1h")')
    if type(retry.times) is not int or not 0 < retry.times <= settings.retry_limit:
        raise Invalid("retry_undelivered", "times is out of range", f"give 1 to {settings.retry_limit}")
    return {"times": retry.times, "wait": _seconds("retry_undelivered", retry.wait)}


def _fallback(item: Enqueue, fallback: Request, check: Callable[[Enqueue], Checked]) -> dict[str, Any]:
    if not isinstance(fallback, Request):
        raise Invalid("fallback", f"{type(fallback).__name__} can't be sent", "give an Sms, TemplateCall or RecordCall")
    if fallback.to not in ("", (), [], item.request.to):
        raise Invalid("fallback", "has recipients of its own", "leave its to empty: it goes to who was not reached")
    first, other = check(_alone(item, item.request)), check(_alone(item, replace(fallback, to=item.request.to)))
    if other.terms.options.get("sms_type") == SmsType.ADVERTISING:
        raise Invalid("fallback", "SmsType 1 goes to many at once", "use another SmsType")
    if first.fingerprint() == other.fingerprint():
        raise Invalid("fallback", "is the same as the first", "name another text, type, template or kind")
    return {
        "kind": other.terms.kind,
        "purpose": other.terms.purpose,
        "lane": other.terms.lane,
        "options": other.terms.options,
        "horizon": other.terms.horizon.total_seconds(),
        "content": other.content,
        "segments": other.segments,
        "plain_segments": other.plain_segments,
        "template_id": other.template_id,
        "fingerprint": other.fingerprint(),
    }


def _alone(item: Enqueue, request: Any) -> Enqueue:
    return Enqueue(request=request, purpose=item.purpose, source=item.source, campaign=item.campaign)


def _seconds(field: str, value: object) -> float:
    span = value if isinstance(value, timedelta) else _span(field, value)
    if not SHORTEST <= span <= LONGEST:
        raise Invalid(field, "is out of range", "give a minute to seven days, like 30m")
    return span.total_seconds()


def _span(field: str, value: object) -> timedelta:
    try:
        return parse_offset(value if isinstance(value, str) else "").span
    except RecurrenceError:
        raise Invalid(field, "is no amount of time", "write it like 30m or 1h") from None
