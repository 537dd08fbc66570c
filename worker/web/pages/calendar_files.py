"""Events from a calendar (.ics) or a spreadsheet: the file, what they are reminded by, what that comes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import CalendarPlan, EventsPlan, UploadKind, UploadShown, UploadState
from worker.api.uploads.calendars import BEGINS
from worker.catalogue.text import offsets_said
from worker.contacts.dates import DateOrder
from worker.errors import Invalid
from worker.reminders.event_sheets import FIELDS, guessed
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.events import AHEAD
from worker.web.pages.forms import list_in, number_in, text_in, text_or_none
from worker.web.pages.rendering import language_of, redirect, render
from worker.web.pages.rules import choices
from worker.web.pages.uploading import REFUSED_SHOWN, chosen, columns_of, of_room, refused_rows, taken_in

router = room()

SOURCES = {UploadKind.CALENDAR: "ics", UploadKind.EVENTS: "file"}
SAID = ("template", "offsets", "phones", "source", "sms_type", "dates")
Upload = Annotated[UploadShown, Depends(of_room(*SOURCES))]


@router.get("/reminders/import")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "reminders/calendar.html.j2", problem=None)


@router.post("/reminders/import")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, kind_of, "reminders/calendar.html.j2")


def kind_of(file: Path) -> UploadKind:
    """What kind of file it is, by its name or by what is in it."""
    with file.open("rb") as opened:
        is_calendar = file.suffix.lower() == ".ics" or BEGINS.encode() in opened.read(400)
    return UploadKind.CALENDAR if is_calendar else UploadKind.EVENTS


@router.get("/reminders/import/{upload}")
def plan(request: Request, found: Upload) -> Response:
    """By which text and how long ahead; once that was said: what it comes to, and what came of it."""
    if found.state is UploadState.DRAFT:
        return _plan(request, found)
    refused = producer_of(request).uploads.refused(found.id, most=REFUSED_SHOWN)
    counts = found.done or found.foreseen
    return render(request, "reminders/calendar_outcome.html.j2", upload=found, counts=counts, refused=refused)


def _plan(request: Request, upload: UploadShown, status: int = 200, **facts: Any) -> Response:
    kept = upload.plan or {}
    shown: dict[str, Any] = {
        "template": kept.get("template", ""),
        "offsets": offsets_said(kept.get("offsets", AHEAD), language_of(request)),
        "phones": ", ".join(kept.get("phones", ())),
        "source": kept.get("source", SOURCES[upload.kind]),
        "sms_type": str(kept.get("sms_type", 2)),
        "dates": kept.get("dates", DateOrder.DMY) or "",
        "titles": (),
        "problem": None,
    } | facts
    if upload.kind is UploadKind.EVENTS:
        shown |= columns_of(request, upload) | {"fields": FIELDS}
        shown.setdefault("uses", _uses(kept.get("told") or guessed(upload.columns)))
    template = "reminders/calendar_plan.html.j2"
    return render(request, template, status, upload=upload, **shown, **choices(request))


@router.post("/reminders/import/{upload}")
def say(request: Request, found: Upload, form: Form) -> Response:
    """Keep it, and find out what it comes to."""
    uploads = producer_of(request).uploads
    try:
        uploads.plan(found.id, _given(form, found))
        uploads.check(found.id)
    except Invalid as error:
        given = {name: text_in(form, name) for name in SAID}
        return _plan(request, found, 422, problem=error, uses=chosen(form, found), **given)
    return redirect(f"/reminders/import/{found.id}")


def _uses(places: Mapping[str, int]) -> dict[int, str]:
    """By the columns' places."""
    return {place: name for name, place in places.items()}


def _told(form: FormData, upload: UploadShown) -> Mapping[str, int]:
    """Raises Invalid."""
    told: dict[str, int] = {}
    for place, name in chosen(form, upload).items():
        if name in FIELDS and told.setdefault(name, place) != place:
            both = " + ".join(upload.columns[each] for each in (told[name], place))
            raise Invalid("columns", f"{both} are chosen for the same", "choose one of them")
    return told


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
def again(request: Request, found: Upload) -> Response:
    """Back to what was said of it."""
    of_its_kind = EventsPlan if found.kind is UploadKind.EVENTS else CalendarPlan
    if found.plan:
        producer_of(request).uploads.plan(found.id, of_its_kind(**found.plan))
    return redirect(f"/reminders/import/{found.id}")


@router.post("/reminders/import/{upload}/run")
def run(request: Request, found: Upload) -> Response:
    """Bring its events in."""
    return redirect(f"/reminders/import/{producer_of(request).uploads.run(found.id).id}")


@router.get("/reminders/import/{upload}/refused.{kind}")
def refused(request: Request, found: Upload, kind: str) -> Response:
    """Rows that were not taken, to be fixed."""
    return refused_rows(request, found, kind)
