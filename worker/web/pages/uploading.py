"""The first step with every file: take it in, or say in a line why not."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.uploads import UploadKind
from worker.errors import Invalid
from worker.web.door import producer_of
from worker.web.pages.access import person_of
from worker.web.pages.forms import file_in
from worker.web.pages.rendering import redirect, render


def taken_in(request: Request, form: FormData, kind: UploadKind, template: str) -> Response:
    """On to the file's own page, below this one; template: the form, to be shown again."""
    try:
        with file_in(form, "file") as file:
            taken = producer_of(request).uploads.take(file, kind, by=person_of(request).name)
    except Invalid as error:
        return render(request, template, 422, problem=error)
    return redirect(f"{request.url.path}/{taken.id}")
