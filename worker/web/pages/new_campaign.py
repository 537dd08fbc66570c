"""A campaign from a file, in three steps: the file, the text, and what it will come to before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from worker.api.notifier import Notifier
from worker.api.sheet_sends import Columns
from worker.api.uploads import CampaignPlan, CampaignPreview, UploadKind, UploadShown, UploadState
from worker.catalogue.names import PURPOSES, SMS_TYPES
from worker.errors import Invalid, WorkerError
from worker.law.outlook import RuleOutlook
from worker.lifecycle import PURPOSE_OF_SMS, SmsType
from worker.settings import Settings
from worker.spreadsheets.rows import written
from worker.spreadsheets.titles import plain
from worker.text import Diacritics
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.followed import FIELD_OF
from worker.web.pages.forms import list_in, moment_in, text_in, text_or_none
from worker.web.pages.keys import key_of
from worker.web.pages.rendering import language_of, redirect, render
from worker.web.pages.uploading import of_room, refused_rows, taken_in

router = room()
Upload = Annotated[UploadShown, Depends(of_room(UploadKind.CAMPAIGN))]

ROWS_SHOWN = 3
REFUSED_SHOWN = 20
UNICODE = "3u"  # SmsType 3 with Vietnamese letters: the only one that takes them
_EMPTY: Mapping[str, Any] = dict.fromkeys(
    ("send_date", "expires_at", "brandname", "purpose", "phone_column", "unicode", "fallback_sms", "fallback_call",
     "fallback_vars", "fallback_after")
)  # fmt: skip
FIELD_OF_OPTION = {
    "--content": "content", "--phone-column": "phone_column", "columns": "phone_column",
    "--fallback-sms": "fallback_sms", "--fallback-var": "fallback_vars", **FIELD_OF,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShown:
    """One column of the file: its name, some of what stands in it, and by which {variable} the text names it."""

    title: str
    values: Sequence[str]
    variable: str
    used_as: str | None


@router.get("/campaigns/new")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "campaigns/file.html.j2", problem=None)


@router.post("/campaigns/new")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, UploadKind.CAMPAIGN, "campaigns/file.html.j2")


@router.get("/campaigns/new/{upload}")
def write(request: Request, found: Upload) -> Response:
    """What was understood of the file, and the text."""
    if found.state in (UploadState.RUNNING, UploadState.STOPPED, UploadState.DONE):
        return redirect(_address_of(found))
    return _write(request, found, found.plan or _first_plan(found))


def _address_of(upload: UploadShown) -> str:
    return f"/campaigns/{key_of((upload.plan or {})['campaign'])}"


def _first_plan(upload: UploadShown) -> Mapping[str, Any]:
    """Of a file that nobody has said anything about yet."""
    name = upload.name.partition(", sheet ")[0].rpartition(".")[0] or upload.name
    return {
        "campaign": name.strip()[:200],
        "content": "",
        "sms_type": int(SmsType.CUSTOMER_CARE),
        "diacritics": "strip",
    }


def _write(request: Request, upload: UploadShown, plan: Mapping[str, Any], error: Invalid | None = None) -> Response:
    preview, problem = _previewed(producer_of(request), upload, plan)
    told = error or (problem if plan.get("content") else None)
    return render(
        request,
        "campaigns/text.html.j2",
        422 if error else 200,
        upload=upload,
        plan={**_EMPTY, **plan},
        titles=[(title, title) for title in upload.columns if title],
        columns=_columns(producer_of(request), upload, preview.columns if preview else _guessed(upload, plan)),
        problem=told,
        wrong=FIELD_OF_OPTION.get(told.field, told.field) if told else None,
        error=upload.error,
        **_seen(preview),
        **_choices(request),
    )


def _previewed(
    producer: Notifier, upload: UploadShown, plan: Mapping[str, Any]
) -> tuple[CampaignPreview | None, Invalid | None]:
    try:
        return producer.uploads.preview(upload.id, CampaignPlan.of(plan)), None
    except Invalid as error:
        return None, error


def _guessed(upload: UploadShown, plan: Mapping[str, Any]) -> Columns | None:
    """While there is no text yet, or one that names no column of the file."""
    try:
        return CampaignPlan(campaign="-", content="-", phone_column=plan.get("phone_column")).columns(upload.columns)
    except Invalid:
        return None


def _seen(preview: CampaignPreview | None) -> dict[str, Any]:
    """The people that a preview shows."""
    return {"preview": preview, "people": preview.fit[:ROWS_SHOWN] if preview else []}


def _columns(producer: Notifier, upload: UploadShown, used: Columns | None) -> Sequence[ColumnShown]:
    rows = [list(map(written, row.cells)) for row in producer.uploads.rows(upload.id, most=ROWS_SHOWN)]
    return [
        ColumnShown(
            title=title,
            values=[row[place] for row in rows if place < len(row) and row[place]],
            variable=plain(title).replace(" ", "_")[:64],
            used_as=_used_as(used, place),
        )
        for place, title in enumerate(upload.columns)
        if title
    ]


def _used_as(used: Columns | None, place: int) -> str | None:
    """`phone`, or the variables that it fills."""
    if used is None:
        return None
    names = [f"{{{name}}}" for name, places in used.variables.items() if place in places]
    return ", ".join((["phone"] if used.phone == place else []) + names) or None


def _choices(request: Request) -> dict[str, Any]:
    """What can be chosen from, in the reader's language."""
    language = language_of(request)
    types = [(str(int(each)), f"{each:d} · {said.say(language)}") for each, said in SMS_TYPES.items()]
    purposes = [(str(each), said.say(language)) for each, said in PURPOSES.items()]
    return {"types": types, "purposes": purposes, "unicode": UNICODE}


@router.post("/campaigns/new/{upload}/preview")
def preview(request: Request, found: Upload, form: Form) -> Response:
    """How it would read for people of the file, while somebody writes."""
    producer, problem, seen = producer_of(request), None, None
    try:
        plan = _plan(form)
        seen = producer.uploads.preview(found.id, plan)
    except Invalid as error:
        problem = error
    return render(request, "campaigns/preview.html.j2", problem=problem, **_seen(seen))


@router.post("/campaigns/new/{upload}")
def keep(request: Request, found: Upload, form: Form) -> Response:
    """Keep the text; then show it for people of the file, or find out what sending it comes to."""
    uploads = producer_of(request).uploads
    try:
        uploads.plan(found.id, _plan(form))
    except Invalid as error:
        return _write(request, found, _as_given(form), error)
    if text_in(form, "then") == "look":
        return redirect(f"/campaigns/new/{found.id}#preview")
    uploads.check(found.id)
    return redirect(f"/campaigns/new/{found.id}/check")


def _plan(form: FormData) -> CampaignPlan:
    """Raises Invalid."""
    dates = {name: moment_in(form, name) for name in ("send_date", "expires_at")}
    if text_in(form, "when") != "later":
        dates["send_date"] = None
    elif dates["send_date"] is None:
        raise Invalid("send_date", "is missing", "say when, or choose to send it at once")
    return CampaignPlan(**{**_as_given(form), **dates})


def _as_given(form: FormData) -> dict[str, Any]:
    """Before anything is made of its dates."""
    sms_type = text_in(form, "sms_type", "2")
    return {
        "campaign": text_in(form, "campaign"),
        "content": text_in(form, "content"),
        "sms_type": int(sms_type.removesuffix("u")) if sms_type.removesuffix("u").isdigit() else 0,
        "unicode": sms_type == UNICODE,
        "diacritics": text_in(form, "diacritics", Diacritics.STRIP),
        "brandname": text_or_none(form, "brandname"),
        "purpose": text_or_none(form, "purpose"),
        "phone_column": text_or_none(form, "phone_column"),
        "send_date": text_in(form, "send_date") if text_in(form, "when") == "later" else "",
        "expires_at": text_in(form, "expires_at"),
        "fallback_sms": text_or_none(form, "fallback_sms"),
        "fallback_call": text_or_none(form, "fallback_call"),
        "fallback_vars": list_in(form, "fallback_vars"),
        "fallback_after": text_or_none(form, "fallback_after"),
    }


@router.get("/campaigns/new/{upload}/check")
def check(request: Request, found: Upload) -> Response:
    """What it will come to: how many, what it costs, who is left out and why, which rows are refused."""
    return _check(request, found)


def _check(request: Request, found: UploadShown, status: int = 200, **told: Any) -> Response:
    producer = producer_of(request)
    if found.state in (UploadState.RUNNING, UploadState.STOPPED, UploadState.DONE):
        return redirect(_address_of(found))
    if found.plan is None or found.state is UploadState.DRAFT:
        return redirect(f"/campaigns/new/{found.id}")
    plan = CampaignPlan.of(found.plan)
    return render(
        request,
        "campaigns/check.html.j2",
        status,
        upload=found,
        plan=plan,
        goes_at=_aware(request, plan.send_date),
        purpose=plan.purpose or PURPOSE_OF_SMS[SmsType(plan.sms_type)],
        sms_type=SMS_TYPES[SmsType(plan.sms_type)].say(language_of(request)),
        foreseen=found.foreseen,
        rules=[RuleOutlook.of(each) for each in (found.foreseen or {}).get("rules", ())],
        cost=_cost(producer, plan, found),
        refused=producer.uploads.refused(found.id, most=REFUSED_SHOWN) if found.foreseen else [],
        **_seen(producer.uploads.preview(found.id, plan)),
        **{"to": "", "tested": None, "problem": None} | told,
    )


def _aware(request: Request, moment: datetime | None) -> datetime | None:
    settings: Settings = request.app.state.settings
    return None if moment is None else settings.aware(moment)


def _cost(producer: Notifier, plan: CampaignPlan, upload: UploadShown) -> Any:
    segments = (upload.foreseen or {}).get("segments", 0)
    return producer.prices.estimate(plan.sms_type, segments, at=plan.send_date) if segments else None


@router.post("/campaigns/new/{upload}/test")
def test(request: Request, found: Upload, form: Form) -> Response:
    """Send what its first person would get to one's own number."""
    to = text_in(form, "to")
    try:
        ticket = producer_of(request).uploads.test(found.id, to)
    except WorkerError as error:
        return _check(request, found, 422, problem=error, to=to)
    return _check(request, found, tested=ticket, to=to)


@router.post("/campaigns/new/{upload}/send")
def send(request: Request, found: Upload) -> RedirectResponse:
    """Let it go; pressed twice it goes once."""
    return redirect(_address_of(producer_of(request).uploads.run(found.id)))


@router.get("/campaigns/new/{upload}/refused.{kind}")
def refused(request: Request, found: Upload, kind: str) -> Response:
    """The rows that can't be used as they are, to be fixed."""
    return refused_rows(request, found, kind)
