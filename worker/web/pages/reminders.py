"""Reminders: rules and the events ahead, the year as a calendar, and why somebody did not get one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BeforeValidator

from worker.api.notifier import Notifier
from worker.api.reminders import Due, Price, RuleRow, busiest, legend, months
from worker.errors import Invalid, WorkerError
from worker.recurrence.rrule import WEEKDAYS
from worker.settings import Settings
from worker.web.door import producer_of
from worker.web.pages import repeating
from worker.web.pages.access import Form, room
from worker.web.pages.forms import day_in, text_in
from worker.web.pages.keys import key_of
from worker.web.pages.rendering import render

router = room()

NEXT = 3  # dates of each rule
EVENTS = 50
MONTHS_MOST = 24
YEARS = range(1970, 2190)  # what the lunar calendar reaches, and months behind it

Figure = Annotated[float | None, BeforeValidator(lambda given: given or None)]  # a browser sends what is left empty


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleListed:
    """A rule and when it comes next."""

    key: str
    rule: RuleRow
    next: Sequence[Due]


@router.get("/reminders")
def reminders(request: Request) -> Response:
    """All rules, and the next events."""
    return _page(request)


def _page(request: Request, status: int = 200, **asked: Any) -> Response:
    producer = producer_of(request)
    return render(
        request,
        "reminders/list.html.j2",
        status,
        rules=_rules(producer),
        events=producer.reminders.events(most=EVENTS),
        failing=producer.reminders.failing(),
        key_of=key_of,
        repeating_of=repeating.repeating_of,
        last=repeating.LAST,
        weekdays=WEEKDAYS,
        **{"person_asked": "", "day": _today(request), "answers": None, "problem": None} | asked,
    )


def _rules(producer: Notifier) -> Sequence[RuleListed]:
    return [
        RuleListed(key=key_of(rule.name), rule=rule, next=producer.reminders.next(rule.name, NEXT))
        for rule in producer.reminders.rules()
    ]


def _today(request: Request) -> date:
    settings: Settings = request.app.state.settings
    return settings.today()


@router.post("/reminders/why")
def why(request: Request, form: Form) -> Response:
    """What somebody got on a day, and why not; the number stands in no address."""
    person = text_in(form, "person")
    try:
        day = day_in(form, "day") or _today(request)
        answers = producer_of(request).reminders.why(person, day=day)
    except WorkerError as error:
        return _page(request, 422, person_asked=person, problem=error)
    return _page(request, person_asked=person, day=day, answers=answers)


@router.get("/reminders/year")
def year(
    request: Request,
    since: date | None = None,
    count: int = 12,
    rate: Figure = None,
    price: Figure = None,
    balance: Figure = None,
) -> Response:
    """What all rules and events bring, as calendars: how many a day, whether they get out in time, what they cost."""
    first = since or _today(request)
    if first.year not in YEARS:
        raise Invalid("since", "its year is out of reach", f"give a year from {YEARS[0]} to {YEARS[-1]}")
    wanted = max(1, min(count, MONTHS_MOST))
    found = producer_of(request).reminders.simulate(
        first, _end(first, wanted), rate=_positive(rate), price=Price(segment=price or 0.0), balance=balance
    )
    return render(
        request,
        "reminders/year.html.j2",
        simulation=found,
        months=months(found),
        legend=legend(busiest(found)),
        asked={"since": first, "count": wanted, "rate": rate, "price": price, "balance": balance},
        late=sum(day.late for day in found.days),
        over=next((day.day for day in found.days if day.over_balance), None),
    )


def _end(first: date, count: int) -> date:
    """The last day of so many months, the first of which may be begun."""
    month = first.year * 12 + first.month - 1 + count
    return date(month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _positive(rate: float | None) -> float | None:
    return rate if rate and rate > 0 else None
