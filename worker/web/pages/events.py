"""One event: written by hand with whom it invites, changed, called off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from worker.api.reminders import AttendeeRow, EventRow
from worker.catalogue.text import offsets_said
from worker.errors import Invalid
from worker.phone import local_of
from worker.settings import Settings
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import list_in, moment_in, number_in, text_in, text_or_none
from worker.web.pages.keys import key_of, names_of
from worker.web.pages.rendering import language_of, redirect, render
from worker.web.pages.rules import choices

router = room()

SOURCE = "page"  # of events that are written by hand; those of applications are theirs to change
TEXTS = ("title", "place", "starts_at", "ends_at", "template", "offsets", "recurrence", "attendees", "sms_type")
NEW = dict.fromkeys(TEXTS, "") | {"sms_type": "2"}
AHEAD = ("1d", "2h")  # where nobody says otherwise


@router.get("/reminders/events/new")
def new(request: Request) -> Response:
    """Write one."""
    return _form(request, NEW | {"offsets": offsets_said(AHEAD, language_of(request))})


@router.post("/reminders/events/new")
def add(request: Request, form: Form) -> Response:
    """Keep it."""
    return _kept(request, form, uuid4().hex, None)


@router.get("/reminders/events/{key}")
def event(request: Request, key: str) -> Response:
    """One event: what it says, whom it invites, what has been made of it."""
    source, name = names_of(key, 2)
    reminders = producer_of(request).reminders
    of_page = source == SOURCE
    shown, guests = reminders.event(source=source, key=name), reminders.guests(source=source, key=name)
    ours = of_page and shown.event.cancelled_at is None
    facts: dict[str, Any] = {"shown": shown, "guests": guests, "key": key, "ours": ours, "of_page": of_page}
    return render(request, "reminders/event.html.j2", **facts)


@router.get("/reminders/events/{key}/edit")
def edit(request: Request, key: str) -> Response:
    """Change one that was written here."""
    name, reminders = _ours(key), producer_of(request).reminders
    row, guests = reminders.event(source=SOURCE, key=name).event, reminders.guests(source=SOURCE, key=name)
    return _form(request, _fields_of(request, row) | {"attendees": "\n".join(map(_line, guests))}, key=key)


@router.post("/reminders/events/{key}/edit")
def change(request: Request, key: str, form: Form) -> Response:
    """Make the event what the form says; reminders that have not gone out follow it."""
    return _kept(request, form, _ours(key), key)


@router.post("/reminders/events/{key}/cancel")
def cancel_event(request: Request, key: str) -> RedirectResponse:
    """Call it off, with all its reminders that have not gone out."""
    source, name = names_of(key, 2)
    producer_of(request).reminders.cancel_event(source=source, key=name)
    return redirect(f"/reminders/events/{key}")


def _ours(key: str) -> str:
    """Raises Invalid for one of an application, which would write over it."""
    source, name = names_of(key, 2)
    if source != SOURCE:
        raise Invalid("source", "is an application's", "change it there")
    return name


def _kept(request: Request, form: FormData, name: str, key: str | None) -> Response:
    reminders = producer_of(request).reminders
    try:
        said = _said(form) | {"attendees": reminders.guests_in(text_in(form, "attendees"))}
        reminders.upsert_event(source=SOURCE, key=name, **said)
    except Invalid as error:
        return _form(request, {each: text_in(form, each) for each in TEXTS}, 422, problem=error, key=key)
    return redirect(f"/reminders/events/{key_of(SOURCE, name)}")


def _said(form: FormData) -> dict[str, Any]:
    """Raises Invalid."""
    starts_at = moment_in(form, "starts_at")
    if starts_at is None:
        raise Invalid("starts_at", "is missing", "say when it begins")
    return {
        "starts_at": starts_at,
        "ends_at": moment_in(form, "ends_at"),
        "offsets": list_in(form, "offsets"),
        "recurrence": text_or_none(form, "recurrence"),
        "sms_type": number_in(form, "sms_type", 2),
        **{name: text_in(form, name) for name in ("title", "place", "template")},
    }


def _form(
    request: Request, fields: Mapping[str, Any], status: int = 200, *, key: str | None = None, problem: Any = None
) -> Response:
    facts = {"fields": fields, "key": key, "problem": problem}
    return render(request, "reminders/event_form.html.j2", status, **facts, **choices(request))


def _fields_of(request: Request, row: EventRow) -> dict[str, Any]:
    settings: Settings = request.app.state.settings

    def written(at: datetime | None) -> str:
        return f"{at.astimezone(settings.time_zone):%Y-%m-%dT%H:%M}" if at else ""

    return {
        "title": row.title,
        "place": row.place,
        "starts_at": written(row.starts_at),
        "ends_at": written(row.ends_at),
        "template": row.template,
        "offsets": offsets_said(row.offsets, language_of(request)),
        "recurrence": row.recurrence or "",
        "sms_type": str(row.channel.get("sms_type", "")),
    }


def _line(guest: AttendeeRow) -> str:
    """As `guests_in` reads it again."""
    return ", ".join(filter(None, [local_of(guest.phone) if guest.phone else guest.contact_key, guest.name]))
