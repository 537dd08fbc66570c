"""What only a person can decide: the evidence beside each, one or many decided at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from worker.api.decisions import Answer
from worker.api.held import Held
from worker.errors import Invalid, NotFound
from worker.reporting import EvidenceShown, HeldShown
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.forms import choice_in, number_in, text_in, text_or_none
from worker.web.pages.rendering import redirect, render

SHOWN = 20  # with their evidence
COUNTED = 1000
MANY = ("campaign", "code", "hours", "answer", "why")  # fields of the form about many
ANSWERS = (Answer.DELIVERED, Answer.NOT_DELIVERED, Answer.SEND_AGAIN, Answer.DROP)

router = room()


@dataclass(frozen=True, slots=True)
class Case:
    """A message and what there is to decide by. seconds: how long it has been in doubt."""

    held: HeldShown
    evidence: EvidenceShown
    seconds: float | None


@router.get("/held")
def held(
    request: Request,
    decided: Annotated[int | None, Query(ge=0)] = None,
    late: Annotated[int, Query(ge=0)] = 0,
    nothing: bool = False,
) -> Response:
    """The oldest first. decided, late: what the decision of just now came to."""
    return _page(request, decided=decided, late=late, nothing=nothing)


def _page(request: Request, status: int = 200, **facts: Any) -> Response:
    of = producer_of(request).held
    rows = of.list(most=COUNTED)
    shown = {"decided": None, "late": 0, "nothing": False, "problem": None, "would": None, "many": None} | facts
    return render(
        request,
        "held/held.html.j2",
        status,
        cases=[_case(of, row) for row in rows[:SHOWN]],
        count=len(rows),
        counted=COUNTED,
        answers=[str(answer) for answer in ANSWERS],
        **shown,
    )


def _case(of: Held, row: HeldShown) -> Case:
    seconds = None if row.since is None else (datetime.now(UTC) - row.since).total_seconds()
    return Case(row, of.evidence(row.id), seconds)


@router.post("/held")
def decide(request: Request, form: Form) -> Response:
    """The same about all that is chosen; what is held no more is told."""
    ids, answer = _ids([str(each) for each in form.getlist("id")]), str(form.get("answer", ""))
    if not ids or answer not in list(Answer):
        return redirect("/held?nothing=1")
    of, by, why = producer_of(request).held, person_of(request).name, str(form.get("why", "")).strip()[:200] or None
    moved, wrong = 0, None
    for id_ in ids:
        try:
            moved += of.resolve(id_, Answer(answer), by=by, why=why) is not None
        except Invalid as error:  # the others are decided about all the same
            wrong = error
    return _page(request, 422, problem=wrong) if wrong else redirect(f"/held?decided={moved}&late={len(ids) - moved}")


@router.post("/held/many")
def decide_many(request: Request, form: Form) -> Response:
    """The same about all of a campaign, with a code, or in doubt for so long: how many that is, and then that."""
    try:
        given = {"campaign": text_or_none(form, "campaign"), "code": text_or_none(form, "code")}
        hours = number_in(form, "hours", 0)
        answer = choice_in(form, "answer", Answer, Answer.DROP)
        which: Any = given | {"older_than": timedelta(hours=hours) if hours > 0 else None}
        how: Any = {"by": person_of(request).name, "why": text_or_none(form, "why")}
        of, sure = producer_of(request).held, text_in(form, "then") == "decide"
        count = of.resolve_many(answer, dry_run=not sure, **which, **how)
    except (Invalid, NotFound) as error:
        return _page(request, 422, problem=error, many={name: text_in(form, name) for name in MANY})
    if sure:
        return redirect(f"/held?decided={count}")
    return _page(request, many={name: text_in(form, name) for name in MANY}, would=count)


def _ids(given: list[str]) -> list[UUID]:
    try:
        return [UUID(each) for each in given]
    except ValueError:
        return []
