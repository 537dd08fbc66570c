"""The first step with every file: take it in, or say in a line why not; and its refused rows, to be mended."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import UploadKind
from worker.errors import Invalid
from worker.spreadsheets.rows import written
from worker.web.door import producer_of
from worker.web.pages.access import person_of
from worker.web.pages.downloads import download
from worker.web.pages.forms import file_in
from worker.web.pages.rendering import redirect, render

PROBLEM = "problem"  # the column that a file of refused rows has besides its own


def taken_in(request: Request, form: FormData, kind: UploadKind, template: str) -> Response:
    """On to the file's own page, below this one; template: the form, to be shown again."""
    try:
        with file_in(form, "file") as file:
            taken = producer_of(request).uploads.take(file, kind, by=person_of(request).name)
    except Invalid as error:
        return render(request, template, 422, problem=error)
    return redirect(f"{request.url.path}/{taken.id}")


def refused_rows(request: Request, upload: str, kind: str) -> Response:
    """The rows that can't be used as they are, as a file."""
    uploads = producer_of(request).uploads
    found = uploads.show(upload)
    rows = ([str(each), *map(written, each.cells)] for each in uploads.all_refused(found.id))
    return download(request, "refused", kind, [PROBLEM, *found.columns], rows)
