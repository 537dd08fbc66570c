"""The first step with every file: take it in, or say in a line why not; and its refused rows, to be fixed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import UploadKind, UploadShown
from worker.errors import Invalid, NotFound
from worker.spreadsheets.rows import written
from worker.web.door import producer_of
from worker.web.pages.access import person_of
from worker.web.pages.downloads import download
from worker.web.pages.forms import file_in, text_in
from worker.web.pages.rendering import redirect, render

ROWS_SHOWN = 3  # of a file whose columns are chosen
REFUSED_SHOWN = 20
PROBLEM = "problem"  # the column that a file of refused rows has besides its own


def taken_in(
    request: Request, form: FormData, kind: UploadKind | Callable[[Path], UploadKind], template: str
) -> Response:
    """On to the file's own page, below this one. kind: or what tells it; template: the form, to be shown again."""
    try:
        with file_in(form, "file") as file:
            of = kind if isinstance(kind, UploadKind) else kind(file)
            taken = producer_of(request).uploads.take(file, of, by=person_of(request).name)
    except Invalid as error:
        return render(request, template, 422, problem=error)
    return redirect(f"{request.url.path}/{taken.id}")


def of_room(*kinds: UploadKind) -> Callable[[Request, str], UploadShown]:
    """What finds the file that a route is about. Raises NotFound, of another room's too."""

    def found(request: Request, upload: str) -> UploadShown:
        found = producer_of(request).uploads.show(upload)
        if found.kind not in kinds:
            raise NotFound("no such file in this room: open it where it was uploaded")
        return found

    return found


def columns_of(request: Request, upload: UploadShown) -> dict[str, Any]:
    """The titles of a file with their places, and what stands below each."""
    rows = [list(map(written, row.cells)) for row in producer_of(request).uploads.rows(upload.id, most=ROWS_SHOWN)]
    places = range(len(upload.columns))
    values = [[row[place] for row in rows if place < len(row) and row[place]] for place in places]
    return {"titles": [(place, title) for place, title in enumerate(upload.columns) if title], "values": values}


def chosen(form: FormData, upload: UploadShown) -> dict[int, str]:
    """What each column was said to be, by its place; those of nothing are left out."""
    uses = {place: text_in(form, f"column-{place}") for place, title in enumerate(upload.columns) if title}
    return {place: use for place, use in uses.items() if use}


def refused_rows(request: Request, upload: UploadShown, kind: str) -> Response:
    """The rows that can't be used as they are, as a file."""
    rows = ([str(each), *map(written, each.cells)] for each in producer_of(request).uploads.all_refused(upload.id))
    return download(request, "refused", kind, [PROBLEM, *upload.columns], rows)
