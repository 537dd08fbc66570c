"""Contacts from a file: the file, which column is what, what it comes to, and then all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import ContactsPlan, UploadKind, UploadShown, UploadState
from worker.contacts.columns import FIELDS
from worker.contacts.dates import DateOrder
from worker.errors import Invalid
from worker.spreadsheets.titles import plain
from worker.text import ATTRIBUTE
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import list_in, text_in, text_or_none
from worker.web.pages.rendering import redirect, render
from worker.web.pages.uploading import REFUSED_SHOWN, chosen, columns_of, of_room, refused_rows, taken_in

router = room()

OWN = "attr"  # a column that becomes an attribute
Upload = Annotated[UploadShown, Depends(of_room(UploadKind.CONTACTS))]


@router.get("/contacts/import")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "contacts/file.html.j2", problem=None)


@router.post("/contacts/import")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, UploadKind.CONTACTS, "contacts/file.html.j2")


@router.get("/contacts/import/{upload}")
def columns(request: Request, found: Upload) -> Response:
    """Which column is what, as it looks; once that was said: what it comes to, and what came of it."""
    return _columns(request, found) if found.state is UploadState.DRAFT else _outcome(request, found)


def _columns(request: Request, upload: UploadShown) -> Response:
    problem, uses = None, {}
    try:
        uses = _uses(producer_of(request).uploads.columns(upload).places)
    except Invalid as error:
        problem = error
    plan = upload.plan or {}
    said = {"source": plan.get("source", "import"), "tags": ", ".join(plan.get("tags", ()))}
    return _form(request, upload, problem, uses, said | {"dates": plan.get("dates", DateOrder.DMY) or ""})


def _form(
    request: Request, upload: UploadShown, problem: Invalid | None, uses: Mapping[int, str], said: dict[str, Any]
) -> Response:
    facts = said | columns_of(request, upload)
    status = 422 if problem else 200
    return render(
        request,
        "contacts/columns.html.j2",
        status,
        upload=upload,
        uses=uses,
        fields=FIELDS,
        problem=problem,
        error=upload.error,
        **facts,
    )


def _uses(places: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """By the columns' places."""
    return {place: OWN if field.startswith(ATTRIBUTE) else field for field, of in places.items() for place in of}


@router.post("/contacts/import/{upload}")
def say(request: Request, found: Upload, form: Form) -> Response:
    """Keep which column is what, and find out what it comes to."""
    uploads = producer_of(request).uploads
    try:
        uploads.plan(found.id, _plan(form, found))
        uploads.check(found.id)
    except Invalid as error:
        said = {name: text_in(form, name) for name in ("source", "tags", "dates")}
        return _form(request, found, error, chosen(form, found), said)
    return redirect(f"/contacts/import/{found.id}")


def _plan(form: FormData, upload: UploadShown) -> ContactsPlan:
    titles = upload.columns
    told = [f"{_field(use, titles[place])}={titles[place]}" for place, use in chosen(form, upload).items()]
    named = {each.partition("=")[0] for each in told}
    return ContactsPlan(
        told=[*told, *(f"{field}=" for field in FIELDS if field not in named)],
        dates=text_or_none(form, "dates"),
        source=text_in(form, "source", "import"),
        tags=list_in(form, "tags"),
    )


def _field(use: str, title: str) -> str:
    return ATTRIBUTE + plain(title).replace(" ", "_")[:64] if use == OWN else use


def _outcome(request: Request, upload: UploadShown) -> Response:
    refused: Sequence[Any] = producer_of(request).uploads.refused(upload.id, most=REFUSED_SHOWN)
    return render(
        request, "contacts/outcome.html.j2", upload=upload, counts=upload.done or upload.foreseen, refused=refused
    )


@router.post("/contacts/import/{upload}/again")
def again(request: Request, found: Upload) -> Response:
    """Back to the columns."""
    producer_of(request).uploads.plan(found.id, ContactsPlan(**(found.plan or {})))
    return redirect(f"/contacts/import/{found.id}")


@router.post("/contacts/import/{upload}/run")
def run(request: Request, found: Upload) -> Response:
    """Bring them in."""
    return redirect(f"/contacts/import/{producer_of(request).uploads.run(found.id).id}")


@router.get("/contacts/import/{upload}/refused.{kind}")
def refused(request: Request, found: Upload, kind: str) -> Response:
    """Rows and cells that were not taken, to be fixed."""
    return refused_rows(request, found, kind)
