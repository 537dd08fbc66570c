"""`/v1/contacts`, `/v1/opt-outs`, `/v1/events`: who is reminded, who wants nothing, and what of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.checks import list_of
from worker.errors import Invalid
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.bodies import object_of
from worker.web.door import producer_for, source_for
from worker.web.names import KEY
from worker.web.schemas import body, contact_schema, event_schema, problems

router = APIRouter(responses=problems("invalid", "malformed", "not-found"))
People = Annotated[TokenRow, Depends(needs(May.CONTACTS))]
Planner = Annotated[TokenRow, Depends(needs(May.REMINDERS))]
Of = Annotated[str | None, Query(max_length=200)]
PHONES = {"type": "object", "properties": {"phones": {"type": "array", "items": {"type": "string"}}}}


async def _keyed(request: Request, holder: TokenRow, key: str) -> Mapping[str, Any]:
    """The body's fields, with the key of the address and the token's source."""
    fields = dict(await object_of(request))
    if fields.get("key", key) != key:
        raise Invalid("key", "is not that of the address", "leave it out")
    return fields | {"key": key, "source": source_for(holder, fields.get("source"))}


@router.put(f"/v1/contacts/{KEY}", tags=["people"], openapi_extra=body(contact_schema()))
async def put_contact(request: Request, key: str, holder: People) -> Response:
    """Add or change a person; what is absent stays, null clears."""
    fields, producer = await _keyed(request, holder, key), producer_for(request, holder)
    return as_json(await to_thread.run_sync(producer.contacts.upsert_fields, fields))


@router.get(f"/v1/contacts/{KEY}", tags=["people"])
def get_contact(request: Request, key: str, holder: People, source: Of = None) -> Response:
    """A person as stored now."""
    return as_json(producer_for(request, holder).contacts.show(key, source=source_for(holder, source) or source))


@router.delete(f"/v1/contacts/{KEY}", tags=["people"])
def delete_contact(request: Request, key: str, holder: People, source: Of = None) -> Response:
    """Forget a person; how many of their queued reminders were cancelled. An opt-out stays."""
    contacts = producer_for(request, holder).contacts
    return as_json({"cancelled": contacts.remove(key, source=source_for(holder, source) or source)})


@router.post("/v1/opt-outs", tags=["people"], openapi_extra=body(PHONES | {"required": ["phones"]}))
async def opt_out(request: Request, holder: People) -> Response:
    """These numbers want no reminder and no advertising; how many messages were cancelled."""
    phones = list_of("phones", (await object_of(request)).get("phones"))
    contacts, source = producer_for(request, holder).contacts, holder.source or ""
    cancelled = await to_thread.run_sync(lambda: contacts.opt_out_phones(phones, source=source))  # type: ignore[arg-type]
    return as_json({"cancelled": cancelled})


@router.put(f"/v1/events/{KEY}", tags=["reminders"], openapi_extra=body(event_schema()))
async def put_event(request: Request, key: str, holder: Planner) -> Response:
    """Store an event as it is now, with all its attendees; its reminders follow it."""
    fields, producer = await _keyed(request, holder, key), producer_for(request, holder)
    return as_json(await to_thread.run_sync(producer.reminders.upsert_event_fields, fields))


@router.get(f"/v1/events/{KEY}", tags=["reminders"])
def get_event(request: Request, key: str, holder: Planner, source: Of = None) -> Response:
    """An event as it stands, and what was made of it."""
    return as_json(producer_for(request, holder).reminders.event(source=source_for(holder, source), key=key))


@router.delete(f"/v1/events/{KEY}", tags=["reminders"])
def delete_event(request: Request, key: str, holder: Planner, source: Of = None) -> Response:
    """Call it off, with all its reminders that have not gone out."""
    return as_json(producer_for(request, holder).reminders.cancel_event(source=source_for(holder, source), key=key))
