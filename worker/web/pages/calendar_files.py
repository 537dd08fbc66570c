"""Events from a calendar (.ics) or a spreadsheet: the file, what they are reminded by, what that comes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import CalendarPlan, EventsPlan, UploadKind, UploadShown, UploadState
from worker.api.uploads.calendars import BEGINS
from worker.errors import Invalid
from worker.reminders.event_sheets import FIELDS, guessed
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import list_in, number_in, text_in, text_or_none
from worker.web.pages.rendering import redirect, render
from worker.web.pages.rules import choices
from worker.web.pages.uploading import REFUSED_SHOWN, columns_of, refused_rows, taken_in

router = room()

SOURCES = {UploadKind.CALENDAR: "ics", UploadKind.EVENTS: "file"}


@router.get("/reminders/import")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "reminders/calendar.html.j2", problem=None)


@router.post("/reminders/import")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, kind_of, "reminders/calendar.html.j2")


def kind_of(file: Path) -> UploadKind:
    """By its name, or by what is in it."""
    with file.open("rb") as opened:
        is_calendar = file.suffix.lower() == ".ics" or BEGINS.encode() in opened.read(400)
    return UploadKind.CALENDAR if is_calendar else UploadKind.EVENTS


@router.get("/reminders/import/{upload}")
def plan(request: Request, upload: str) -> Response:
    """By which text and how long ahead; once that was said: what it comes to, and what came of it."""
    found = producer_of(request).uploads.show(upload)
    if found.state is UploadState.DRAFT:
        return _plan(request, found)
    refused = producer_of(request).uploads.refused(found.id, most=REFUSED_SHOWN)
    counts = found.done or found.foreseen
    return render(request, "reminders/calendar_outcome.html.j2", upload=found, counts=counts, refused=refused)


def _plan(request: Request, upload: UploadShown, status: int = 200, **facts: Any) -> Response:
    kept = upload.plan or {}
    shown: dict[str, Any] = {
        "template": kept.get("template", ""),
        "offsets": ", ".join(kept.get("offsets", ("1d", "2h"))),
        "phones": ", ".join(kept.get("phones", ())),
        "source": kept.get("source", SOURCES[upload.kind]),
        "sms_type": str(kept.get("sms_type", 2)),
        "titles": (),
        "problem": None,
    } | facts
    if upload.kind is UploadKind.EVENTS:
        shown |= columns_of(request, upload) | {"fields": FIELDS, "dates": kept.get("dates") or "dmy"}
        shown.setdefault("uses", _uses(upload, kept.get("told") or guessed(upload.columns)))
    template = "reminders/calendar_plan.html.j2"
    return render(request, template, status, upload=upload, **shown, **choices(request))


@router.post("/reminders/import/{upload}")
def say(request: Request, upload: str, form: Form) -> Response:
    """Keep it, and find out what it comes to."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    try:
        uploads.plan(found.id, _given(form, found))
        uploads.check(found.id)
    except Invalid as error:
        given = {name: text_in(form, name) for name in ("template", "offsets", "phones", "source", "sms_type")}
        uses = _uses(found, _told(form, found))
        return _plan(request, found, 422, problem=error, uses=uses, **given)
    return redirect(f"/reminders/import/{found.id}")


def _uses(upload: UploadShown, told: Mapping[str, str]) -> dict[int, str]:
    """By the columns' places."""
    return {upload.columns.index(title): name for name, title in told.items() if title in upload.columns}


def _told(form: FormData, upload: UploadShown) -> Mapping[str, str]:
    chosen = {text_in(form, f"column-{place}"): title for place, title in enumerate(upload.columns) if title}
    return {name: title for name, title in chosen.items() if name in FIELDS}


def _given(form: FormData, upload: UploadShown) -> CalendarPlan:
    """Raises Invalid."""
    said: dict[str, Any] = {
        "template": text_in(form, "template"),
        "offsets": list_in(form, "offsets"),
        "phones": list_in(form, "phones"),
        "source": text_in(form, "source", SOURCES[upload.kind]),
        "sms_type": number_in(form, "sms_type", 2),
    }
    if upload.kind is UploadKind.EVENTS:
        return EventsPlan(**said, told=_told(form, upload), dates=text_or_none(form, "dates"))
    return CalendarPlan(**said)


@router.post("/reminders/import/{upload}/again")
def again(request: Request, upload: str) -> Response:
    """Back to what was said of it."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    of_its_kind = EventsPlan if found.kind is UploadKind.EVENTS else CalendarPlan
    uploads.plan(found.id, of_its_kind(**(found.plan or {})))
    return redirect(f"/reminders/import/{found.id}")


@router.post("/reminders/import/{upload}/run")
def run(request: Request, upload: str) -> Response:
    """Bring its events in."""
    return redirect(f"/reminders/import/{producer_of(request).uploads.run(upload).id}")


@router.get("/reminders/import/{upload}/refused.{kind}")
def refused(request: Request, upload: str, kind: str) -> Response:
    """Rows that were not taken, to be mended."""
    return refused_rows(request, upload, kind)
