"""`/v1/templates` and `/v1/text`: named texts, what they become for real people, what a text costs."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.checks import known_fields, text_of
from worker.errors import Invalid
from worker.lifecycle import Purpose, SmsType
from worker.text import measure, strip_diacritics
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.bodies import object_of
from worker.web.door import producer_for
from worker.web.names import NAME
from worker.web.schemas import Schema, body, problems

router = APIRouter(responses=problems("invalid", "malformed", "not-found"))
Planner = Annotated[TokenRow, Depends(needs(May.REMINDERS))]
Reader = Annotated[TokenRow, Depends(needs(May.READ))]
CHARACTERS_MOST = 10_000
TEMPLATE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "content": {"type": ["string", "null"], "description": "Of an SMS, with {variables}."},
        "template_id": {"type": ["string", "null"], "description": "Of a call, at eSMS."},
        "variables": {"type": "array", "items": {"type": "string"}},
    },
}
TEXT: Schema = {
    "type": "object",
    "required": ["content"],
    "properties": {"content": {"type": "string"}, "sms_type": {"enum": [int(each) for each in SmsType]}},
}


@router.get("/v1/templates", tags=["templates"])
def templates(request: Request, holder: Planner) -> Response:
    """The newest version of each."""
    return as_json({"templates": producer_for(request, holder).templates.all()})


@router.get(f"/v1/templates/{NAME}", tags=["templates"])
def versions(request: Request, name: str, holder: Planner) -> Response:
    """Every version that it had."""
    return as_json({"versions": producer_for(request, holder).templates.versions(name)})


@router.put(f"/v1/templates/{NAME}", tags=["templates"], openapi_extra=body(TEMPLATE))
async def save(request: Request, name: str, holder: Planner) -> Response:
    """Save a text, or its next version."""
    fields = await object_of(request)
    known_fields(fields, TEMPLATE["properties"], "there is no such field")
    saving = producer_for(request, holder).templates.save
    return as_json(await to_thread.run_sync(lambda: saving(name, **_saved(fields))))


def _saved(fields: Any) -> dict[str, Any]:
    given = {name: fields.get(name) for name in ("content", "template_id")}
    for name, value in given.items():
        if value is not None:
            text_of(name, value)
    return given | {"variables": fields.get("variables") or ()}


@router.post(f"/v1/templates/{NAME}:preview", tags=["templates"])
def preview(
    request: Request,
    name: str,
    holder: Planner,
    key: Annotated[list[str] | None, Query(max_length=100, description="Contacts, by their keys.")] = None,
    sms_type: SmsType = SmsType.CUSTOMER_CARE,
    purpose: Purpose | None = None,
) -> Response:
    """What contacts would get of it, and in `told` what the sending rules would say of it just now."""
    shown = producer_for(request, holder).templates.preview
    return as_json(shown(name, keys=key or (), source=holder.source, sms_type=sms_type, purpose=purpose))


@router.post("/v1/text", tags=["templates"], openapi_extra=body(TEXT))
async def text(request: Request, _: Reader) -> Response:
    """Encoding, length and number of SMS of a text, as it is and without accents."""
    fields = await object_of(request)
    content, sms_type = text_of("content", fields.get("content")), fields.get("sms_type", int(SmsType.CUSTOMER_CARE))
    if sms_type not in list(SmsType) or isinstance(sms_type, bool):
        raise Invalid("sms_type", "there is no such SmsType", f"use {', '.join(str(int(each)) for each in SmsType)}")
    if len(content) > CHARACTERS_MOST:
        raise Invalid("content", f"has more than {CHARACTERS_MOST:,} characters", "shorten it")
    plain = strip_diacritics(content)
    return as_json({"as_written": measure(content, sms_type), "without_accents": measure(plain, sms_type)})
