"""*Rules*: what may be sent to whom and when, since when and by which source; what that did, and what people ask."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request, Response

from worker.access import UserRole
from worker.api.law import Mode
from worker.catalogue.law import asks_said, codes_of, parameters_said, source_said
from worker.errors import Invalid
from worker.web.door import producer_of
from worker.web.pages.access import Form, may, room
from worker.web.pages.forms import text_in
from worker.web.pages.rendering import redirect, render

router = room()

DAYS = timedelta(days=6)  # and today: what the rules did


@router.get("/law")
def law(request: Request) -> Response:
    """All of it."""
    return _page(request)


def _page(request: Request, status: int = 200, problem: Invalid | None = None) -> Response:
    producer = producer_of(request)
    today = producer.settings.today()
    return render(
        request,
        "law/law.html.j2",
        status,
        rules=producer.law.list(),
        modes=[str(each) for each in Mode],
        used=producer.reports.rules(since=today - DAYS),
        register=producer.law.register(),
        requests=producer.law.requests() if may(request, UserRole.OPERATOR) else (),
        problem=problem,
        asks_said=asks_said,
        codes_of=codes_of,
        parameters_said=parameters_said,
        source_said=source_said,
    )


@router.post("/law/mode")
def mode(request: Request, form: Form) -> Response:
    """Let a rule be off, warn, hold or refuse."""
    try:
        if (given := text_in(form, "mode")) not in set(Mode):
            raise Invalid("mode", "is none of the choices", f"use {', '.join(Mode)}")
        producer_of(request).law.set_mode(text_in(form, "rule"), Mode(given))
    except Invalid as error:
        return _page(request, 422, error)
    return redirect("/law")
