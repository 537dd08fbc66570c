"""What is to follow by itself where something failed, as options of `send`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from worker.intake import Retry, Sms, TemplateCall
from worker.spans import times_and_wait

FOLLOWED = (
    click.option("--fallback-call", metavar="TEMPLATE", help="Call by this template at eSMS instead, if it failed."),
    click.option("--fallback-var", multiple=True, metavar="V", help="One variable of that call, left to right."),
    click.option("--fallback-sms", metavar="TEXT", help="Send this SMS (of type 2) instead, if it failed."),
    click.option("--after", metavar="30m", help="So long after its date the fallback follows, once it has failed."),
    click.option("--fallback-in-doubt", is_flag=True, help="Also where it may still arrive: twice rather than never."),
    click.option("--retry-undelivered", metavar="2x1h", help="Send it again by itself: so often, so long after."),
)


def followed(given: dict[str, Any]) -> dict[str, Any]:
    """What is to follow by itself, as `enqueue` takes it; it is no longer among what was given."""
    call, sms, variables = (given.pop(f"fallback_{name}") for name in ("call", "sms", "var"))
    if call is not None and sms is not None:
        raise click.UsageError("give --fallback-call or --fallback-sms, not both")
    if variables and call is None:
        raise click.UsageError("--fallback-var is for --fallback-call: leave it out")
    found = {"fallback_after": given.pop("after"), "fallback_in_doubt": given.pop("fallback_in_doubt")}
    if call is not None:
        found["fallback"] = TemplateCall(template_id=call, variables=variables)
    elif sms is not None:
        found["fallback"] = Sms(content=sms)
    return found | {"retry_undelivered": _retry(given.pop("retry_undelivered"))}


def _retry(given: str | None) -> Retry | None:
    """2x1h."""
    if given is None:
        return None
    times, wait = times_and_wait("retry_undelivered", given)
    return Retry(times=times, wait=wait)


def followed_said(value: object) -> object:
    """What is to follow, as its options say it; anything else as it is."""
    match value:
        case Retry():
            return f"{value.times}x{_span(value.wait)}"
        case TemplateCall():
            of = f" with {', '.join(value.variables)}" if value.variables else ""
            return f"call by template {value.template_id}{of}"
        case Sms():
            return f"SMS of type {value.sms_type:d}: {value.content}"
    return value


def _span(wait: timedelta | str) -> str:
    """90m, 2h."""
    if isinstance(wait, str):
        return wait
    minutes = round(wait.total_seconds() / 60)
    return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"
