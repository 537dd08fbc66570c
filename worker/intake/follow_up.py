"""What is to follow by itself where a message fails: checked when it is handed over, stored ready to go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from worker.checks import phone_of, truth, within
from worker.errors import Invalid
from worker.intake.request import Enqueue, Request, Retry
from worker.ledger import Terms
from worker.lifecycle import Kind, SmsType
from worker.settings import Settings
from worker.spans import span_of

if TYPE_CHECKING:
    from worker.intake.checks import Checked


def follow_up_of(
    item: Enqueue, terms: Terms, settings: Settings, check: Callable[[Enqueue], Checked], *, now: datetime | None
) -> dict[str, Any] | None:
    """What is to follow, as it is kept; None: nothing. check: checks a request. Raises Invalid, which names the field.

    terms: the request's own. now: None where it is nobody's fault that time has passed.
    """
    found: dict[str, Any] = {}
    in_doubt = truth("fallback_in_doubt", item.fallback_in_doubt)
    if item.retry_undelivered is not None:
        found["retry"] = retry_terms(item.retry_undelivered, settings)
    if item.fallback is not None:
        found["fallback"] = _fallback(item, item.fallback, check)
        found["after"] = span_of("fallback_after", item.fallback_after).total_seconds()
        found["in_doubt"] = in_doubt
    elif item.fallback_after is not None or in_doubt:
        raise Invalid("fallback", "is missing", "say what is to follow, or leave fallback_after out")
    if now and terms.expires_at and "after" in found:
        _check_in_time(terms.expires_at, max(now, terms.send_date or now) + timedelta(seconds=found["after"]))
    if found and item.hand_over:
        raise Invalid("hand_over", "eSMS holds it, so nothing can follow by itself", "leave one of them out")
    return found or None


def retry_terms(retry: object, settings: Settings, *, times: str = "retry_undelivered.times") -> dict[str, Any]:
    """The terms of sending again, as they are kept. times: the field that has those. Raises Invalid."""
    if not isinstance(retry, Retry):
        raise Invalid("retry_undelivered", "is no Retry", 'give Retry(times=2, wait="1h")')
    if type(retry.times) is not int or not 0 < retry.times <= settings.retry_limit:
        raise Invalid(times, "is out of range", f"give 1 to {settings.retry_limit}")
    return {"times": retry.times, "wait": span_of("retry_undelivered.wait", retry.wait).total_seconds()}


def _fallback(item: Enqueue, fallback: Request, check: Callable[[Enqueue], Checked]) -> dict[str, Any]:
    if not isinstance(fallback, Request):
        raise Invalid("fallback", f"{type(fallback).__name__} can't be sent", "give an Sms, TemplateCall or RecordCall")
    if fallback.to not in ("", (), [], item.request.to):
        raise Invalid("fallback", "has recipients of its own", "leave its to empty: it goes to who was not reached")
    first = check(_alone(item, item.request))
    with within("fallback"):
        other = check(_alone(item, replace(fallback, to=item.request.to)))
    if other.terms.options.get("sms_type") == SmsType.ADVERTISING:
        raise Invalid("fallback", "SmsType 1 goes to many at once", "use another SmsType")
    if first.fingerprint() == other.fingerprint():
        raise Invalid("fallback", "is the same as the first", "name another text, type, template or kind")
    return _kept(other)


def _kept(other: Checked) -> dict[str, Any]:
    """Ready to go out."""
    # Of what it is and not of whom it goes to: those who share a fallback are checked once.
    fingerprint = replace(other, phones=()).fingerprint()
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
        "fingerprint": fingerprint,
    }


def check_reach(follow_up: Mapping[str, Any], terms: Terms, phones: Sequence[str]) -> None:
    """Can what is kept to follow go to these numbers? A call reaches landlines, an SMS does not. Raises Invalid."""
    other = follow_up.get("fallback", {}).get("kind")
    if other == Kind.SMS and terms.kind is not Kind.SMS:
        for phone in phones:
            phone_of("fallback.to", phone, for_sms=True)


def _check_in_time(expires_at: datetime, follows_at: datetime) -> None:
    """What is not to be sent any more is not to be sent in another way either."""
    if follows_at >= expires_at:
        raise Invalid("fallback_after", "is not before expires_at", "give less time, or a later expires_at")


def _alone(item: Enqueue, request: Any) -> Enqueue:
    return Enqueue(request=request, purpose=item.purpose, source=item.source, campaign=item.campaign)
