"""What is to follow by itself where something failed, as fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from worker.errors import Invalid
from worker.intake import Retry, Sms, TemplateCall
from worker.spans import times_and_wait
from worker.web.pages.forms import list_in, text_or_none, ticked

FIELDS = ("fallback_after", "fallback_sms", "fallback_call", "fallback_vars", "fallback_in_doubt", "retry_undelivered")
# By which of them something is told of it.
FIELD_OF = {
    "fallback": "fallback_sms", "fallback.content": "fallback_sms", "fallback.template_id": "fallback_call",
    "fallback.variables": "fallback_vars",
}  # fmt: skip


def field_of(told: str) -> str:
    """The form's field that an error is about: for `fallback.variables[0]` it is fallback_vars."""
    name = told.partition("[")[0]
    return FIELD_OF.get(name, name.partition(".")[0])


def followed_in(form: FormData) -> Mapping[str, Any]:
    """What is to follow, as `enqueue` takes it; None: nothing was filled in. Raises Invalid."""
    return {
        "fallback": _fallback(form),
        "fallback_after": text_or_none(form, "fallback_after"),
        "fallback_in_doubt": ticked(form, "fallback_in_doubt") or None,
        "retry_undelivered": _retry(text_or_none(form, "retry_undelivered")),
    }


def _fallback(form: FormData) -> Sms | TemplateCall | None:
    sms, call, variables = (
        text_or_none(form, "fallback_sms"),
        text_or_none(form, "fallback_call"),
        list_in(form, "fallback_vars"),
    )
    if sms and call:
        raise Invalid("fallback_sms", "and a call are two", "give one of them")
    if call or variables:
        return TemplateCall(template_id=call or "", variables=tuple(variables))
    return Sms(content=sms, brandname=text_or_none(form, "brandname")) if sms else None


def _retry(given: str | None) -> Retry | None:
    if given is None:
        return None
    times, wait = times_and_wait("retry_undelivered", given)
    return Retry(times=times, wait=wait)
