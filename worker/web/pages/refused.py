"""*Refused*: requests of applications that could not be taken, why, and what was fixed handed over after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from starlette.datastructures import FormData

from worker.api.operation import Operation
from worker.catalogue.names import SMS_TYPES
from worker.errors import Conflict, Invalid
from worker.lifecycle import Handed
from worker.reporting import RefusedRequest
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.followed import FIELDS, field_of, followed_in
from worker.web.pages.forms import list_in, moment_in, number_in, text_in, text_or_none
from worker.web.pages.rendering import language_of, redirect, render
from worker.web.problems import Problem

router = room()

PAGE = 50
DATES = ("send_date", "expires_at")
# What may be corrected of each kind, in the order of the form; of others nothing is kept.
CORRECTED: Mapping[str, Sequence[str]] = {
    Handed.SMS: ("to", "content", "sms_type", "brandname", *DATES),
    Handed.TEMPLATE_CALL: ("to", "template_id", "variables", *DATES),
    Handed.RECORD_CALL: ("to", "record_id", *DATES),
}
# What it had and can do without, in this order.
OPTIONAL = ("fallback", "retry_undelivered", "variables", "brandname", *DATES)


@router.get("/refused")
def refused(
    request: Request,
    source: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The last first, of all applications or of one; and what came by the broker and was no task."""
    operation: Operation = request.app.state.operation
    page = producer_of(request).refused.page(after, source=source or None, most=PAGE)
    of = {"source": source} if source else {}
    return render(
        request,
        "refused/list.html.j2",
        requests=page.requests,
        source=source,
        no_tasks=operation.refused() if after is None else (),
        newer=f"/refused?{urlencode(of)}" if after else None,
        older=f"/refused?{urlencode(of | {'after': page.next})}" if page.next else None,
    )


@router.get("/refused/{refused}")
def one(request: Request, refused: str, content: bool = False) -> Response:
    """One. content: with what is kept of it, for whom that is for."""
    if content and not person_of(request).sees_people:
        raise Problem("forbidden", "it takes the role operator, and yours is viewer: ask an admin")
    return _one(request, producer_of(request).refused.show(refused), content=content)


def _one(request: Request, row: RefusedRequest, status: int = 200, **facts: Any) -> Response:
    types = [(str(int(each)), f"{each:d} · {said.say(language_of(request))}") for each, said in SMS_TYPES.items()]
    shown = {"content": False, "problem": None, "given": {}, "without": ()} | facts
    told = shown["problem"].field if isinstance(shown["problem"], Invalid) else row.field or ""
    optional = [each for each in OPTIONAL if each in row.fields]
    shown |= {"wrong": field_of(told), "followed": FIELDS, "optional": optional}
    names = CORRECTED.get(row.kind, ())
    return render(request, "refused/one.html.j2", status, row=row, names=names, types=types, **shown)


@router.post("/refused/{refused}/send")
def send(request: Request, refused: str, form: Form) -> Response:
    """Hand it over, corrected: as its application's, under its reference. What is left empty stays as it was."""
    of = producer_of(request).refused
    row = of.show(refused)
    without = [str(each) for each in form.getlist("without")]
    try:
        ticket = of.send(row.id, without=without, **_corrections(form, CORRECTED.get(row.kind, ())))
    except (Invalid, Conflict) as error:
        given = {name: text_in(form, name) for name in form if name not in ("csrf", "without")}
        return _one(request, row, 422, problem=error, given=given, without=without, content=True)
    return redirect(f"/messages/{ticket.id}")


def _corrections(form: FormData, names: Sequence[str]) -> Mapping[str, Any]:
    """Raises Invalid."""
    read: Mapping[str, Any] = {
        "to": list_in,
        "variables": list_in,
        "sms_type": lambda form, name: number_in(form, name, 0),
        **dict.fromkeys(DATES, moment_in),
    }
    found = {**{name: read.get(name, text_or_none)(form, name) for name in names}, **followed_in(form)}
    return {name: value for name, value in found.items() if value}
