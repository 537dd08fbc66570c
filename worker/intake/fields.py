"""A request as JSON fields, from a Celery task or another door: which are known and needed, dates as ISO 8601 text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from worker.checks import iso, known_fields, within
from worker.errors import Invalid
from worker.intake.request import Enqueue, RecordCall, Request, Retry, Sms, TemplateCall
from worker.lifecycle import Kind

MAKERS: dict[Kind, type[Sms] | type[TemplateCall] | type[RecordCall]] = {
    Kind.SMS: Sms,
    Kind.TEMPLATE_CALL: TemplateCall,
    Kind.RECORD_CALL: RecordCall,
}
NEEDED = {
    Kind.SMS: ("to", "content"),
    Kind.TEMPLATE_CALL: ("to", "template_id"),
    Kind.RECORD_CALL: ("to", "record_id"),
}
BESIDES = {field.name for field in fields_of(Enqueue)} - {"request"}
DATES = ("send_date", "expires_at")
# In their order, found at once: this is done for each of tens of thousands.
OF = {kind: dict.fromkeys(sorted(field.name for field in fields_of(maker))) for kind, maker in MAKERS.items()}
OF_RETRY = [field.name for field in fields_of(Retry)]
KNOWN = {kind: dict.fromkeys(sorted([*names, *BESIDES])) for kind, names in OF.items()}


def enqueue_of(kind: Kind, fields: Mapping[str, Any]) -> Enqueue:
    """What these fields ask for; their values are checked later. Raises Invalid."""
    known_fields(fields, KNOWN[kind], f"is no field of {kind}")
    besides: dict[str, Any] = {
        name: _date(name, value) if name in DATES else value for name, value in fields.items() if name in BESIDES
    }
    if isinstance(fallback := besides.get("fallback"), Mapping):
        with within("fallback"):
            besides["fallback"] = _fallback(fallback)
    if isinstance(retry := besides.get("retry_undelivered"), Mapping):
        known_fields(retry, OF_RETRY, "is no field of retry_undelivered", within="retry_undelivered.")
        besides["retry_undelivered"] = Retry(**retry)
    request = request_of(kind, {name: value for name, value in fields.items() if name not in BESIDES})
    return Enqueue(request=request, **besides)


def _fallback(fields: Mapping[str, Any]) -> Request:
    """By its `kind`; its recipients are those of the request, and need not be named."""
    given = {"to": "", **fields}
    return request_of(kind_of(given.pop("kind", Kind.SMS)), given)


def kind_of(given: object) -> Kind:
    """Raises Invalid."""
    try:
        return Kind(given)  # type: ignore[arg-type]
    except ValueError:
        raise Invalid("kind", "there is no such kind", f"use {', '.join(Kind)}") from None


def request_of(kind: Kind, fields: Mapping[str, Any]) -> Request:
    """The request that these fields describe; their values are checked later. Raises Invalid."""
    known_fields(fields, OF[kind], f"is no field of {kind}")
    for name in NEEDED[kind]:
        if name not in fields:
            raise Invalid(name, "is missing", f"{kind} needs it")
    return MAKERS[kind](**fields)


def _date(field: str, value: object) -> datetime | None:
    return None if value is None else iso(field, value)
