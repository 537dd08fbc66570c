"""Contacts from a file: the file, which column is what, what it comes to, and then all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import ContactsPlan, UploadKind, UploadShown, UploadState
from worker.contacts.columns import FIELDS
from worker.errors import Invalid
from worker.spreadsheets.titles import plain
from worker.text import ATTRIBUTE
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import list_in, text_in, text_or_none
from worker.web.pages.rendering import redirect, render
from worker.web.pages.uploading import REFUSED_SHOWN, columns_of, refused_rows, taken_in

router = room()

NOTHING, OWN = "", "attr"  # a column of which nothing is taken, and one that becomes an attribute


@router.get("/contacts/import")
def start(request: Request) -> Response:
    """Choose a file."""
    return render(request, "contacts/file.html.j2", problem=None)


@router.post("/contacts/import")
def upload(request: Request, form: Form) -> Response:
    """Take it in."""
    return taken_in(request, form, UploadKind.CONTACTS, "contacts/file.html.j2")


@router.get("/contacts/import/{upload}")
def columns(request: Request, upload: str) -> Response:
    """Which column is what, as it looks; once that was said: what it comes to, and what came of it."""
    found = producer_of(request).uploads.show(upload)
    return _columns(request, found) if found.state is UploadState.DRAFT else _outcome(request, found)


def _columns(request: Request, upload: UploadShown, problem: Invalid | None = None) -> Response:
    plan, uses = upload.plan or {}, {}
    try:
        uses = _uses(producer_of(request).uploads.columns(upload).places)
    except Invalid as error:
        problem = problem or error
    return render(
        request,
        "contacts/columns.html.j2",
        422 if problem else 200,
        upload=upload,
        uses=uses,
        fields=FIELDS,
        source=plan.get("source", "import"),
        tags=", ".join(plan.get("tags", ())),
        dates=plan.get("dates") or "dmy",
        problem=problem,
        error=upload.error,
        **columns_of(request, upload),
    )


def _uses(places: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """By the columns' places."""
    return {place: OWN if field.startswith(ATTRIBUTE) else field for field, of in places.items() for place in of}


@router.post("/contacts/import/{upload}")
def say(request: Request, upload: str, form: Form) -> Response:
    """Keep which column is what, and find out what it comes to."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    try:
        uploads.plan(found.id, _plan(form, found))
        uploads.check(found.id)
    except Invalid as error:
        return _columns(request, found, error)
    return redirect(f"/contacts/import/{found.id}")


def _plan(form: FormData, upload: UploadShown) -> ContactsPlan:
    told = [f"{field}={title}" for place, title in enumerate(upload.columns) for field in _told(form, place, title)]
    named = {each.partition("=")[0] for each in told}
    return ContactsPlan(
        told=[*told, *(f"{field}=" for field in FIELDS if field not in named)],
        dates=text_or_none(form, "dates"),
        source=text_in(form, "source", "import"),
        tags=list_in(form, "tags"),
    )


def _told(form: FormData, place: int, title: str) -> Sequence[str]:
    use = text_in(form, f"column-{place}")
    if use == OWN:
        return [ATTRIBUTE + plain(title).replace(" ", "_")[:64]]
    return [] if use == NOTHING else [use]


def _outcome(request: Request, upload: UploadShown) -> Response:
    refused: Sequence[Any] = producer_of(request).uploads.refused(upload.id, most=REFUSED_SHOWN)
    return render(
        request, "contacts/outcome.html.j2", upload=upload, counts=upload.done or upload.foreseen, refused=refused
    )


@router.post("/contacts/import/{upload}/again")
def again(request: Request, upload: str) -> Response:
    """Back to the columns."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    uploads.plan(found.id, ContactsPlan(**(found.plan or {})))
    return redirect(f"/contacts/import/{found.id}")


@router.post("/contacts/import/{upload}/run")
def run(request: Request, upload: str) -> Response:
    """Bring them in."""
    return redirect(f"/contacts/import/{producer_of(request).uploads.run(upload).id}")


@router.get("/contacts/import/{upload}/refused.{kind}")
def refused(request: Request, upload: str, kind: str) -> Response:
    """Rows and cells that were not taken, to be mended."""
    return refused_rows(request, upload, kind)
