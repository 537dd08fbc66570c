"""Events from a calendar (.ics): the file, what they are reminded by, what that comes to, and all of them or none."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import CalendarPlan, UploadKind, UploadShown, UploadState
from worker.errors import Invalid
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import list_in, number_in, text_in
from worker.web.pages.rendering import redirect, render
from worker.web.pages.rules import choices
from worker.web.pages.uploading import taken_in

router = room()

SOURCE = "ics"


@router.get("/reminders/import")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "reminders/calendar.html.j2", problem=None)


@router.post("/reminders/import")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, UploadKind.CALENDAR, "reminders/calendar.html.j2")


@router.get("/reminders/import/{upload}")
def plan(request: Request, upload: str) -> Response:
    """By which text and how long ahead; once that was said: what it comes to, and what came of it."""
    found = producer_of(request).uploads.show(upload)
    if found.state is UploadState.DRAFT:
        return _plan(request, found)
    return render(request, "reminders/calendar_outcome.html.j2", upload=found, counts=found.done or found.foreseen)


def _plan(request: Request, upload: UploadShown, status: int = 200, **facts: Any) -> Response:
    kept = upload.plan or {}
    shown = {
        "template": kept.get("template", ""),
        "offsets": ", ".join(kept.get("offsets", ("1d", "2h"))),
        "phones": ", ".join(kept.get("phones", ())),
        "source": kept.get("source", SOURCE),
        "sms_type": str(kept.get("sms_type", 2)),
        "problem": None,
    } | facts
    template = "reminders/calendar_plan.html.j2"
    return render(request, template, status, upload=upload, **shown, **choices(request))


@router.post("/reminders/import/{upload}")
def say(request: Request, upload: str, form: Form) -> Response:
    """Keep it, and find out what it comes to."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    try:
        uploads.plan(found.id, _given(form))
        uploads.check(found.id)
    except Invalid as error:
        given = {name: text_in(form, name) for name in ("template", "offsets", "phones", "source", "sms_type")}
        return _plan(request, found, 422, problem=error, **given)
    return redirect(f"/reminders/import/{found.id}")


def _given(form: FormData) -> CalendarPlan:
    """Raises Invalid."""
    return CalendarPlan(
        template=text_in(form, "template"),
        offsets=list_in(form, "offsets"),
        phones=list_in(form, "phones"),
        source=text_in(form, "source", SOURCE),
        sms_type=number_in(form, "sms_type", 2),
    )


@router.post("/reminders/import/{upload}/again")
def again(request: Request, upload: str) -> Response:
    """Back to what was said of it."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    uploads.plan(found.id, CalendarPlan(**(found.plan or {})))
    return redirect(f"/reminders/import/{found.id}")


@router.post("/reminders/import/{upload}/run")
def run(request: Request, upload: str) -> Response:
    """Bring its events in."""
    return redirect(f"/reminders/import/{producer_of(request).uploads.run(upload).id}")
