"""How it stands now: what waits, what moves, what is in the way. Looks again by itself, every few seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request, Response

from worker.api.reports import Reports
from worker.catalogue import Advice, advice
from worker.errors import Invalid
from worker.lifecycle import FAILED, Kind, Lane, Status
from worker.remembered import Remembered
from worker.reporting import HeldBack
from worker.reporting.now import BALANCE_FOR, MOST_UNTAKEN, BalanceShown, Now
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.forms import text_in
from worker.web.pages.pictures import Picture
from worker.web.pages.rendering import language_of, redirect, render

FIGURES = 2.0  # seconds for which these are remembered
ALL = "all"  # in the place of a lane

router = room()


@dataclass(frozen=True, slots=True)
class Failed:
    """Messages of today that failed alike, SMS and calls of which the same is to be told together."""

    status: Status
    code: str
    messages: int
    told: Advice


class Watch:
    """What all open pages look at; one for the process."""

    def __init__(self, reports: Reports, failing: Any) -> None:
        self.now: Remembered[Now] = Remembered(reports.now, seconds=FIGURES)
        self.balance: Remembered[BalanceShown | None] = Remembered(reports.balance, seconds=BALANCE_FOR)
        self.held_back: Remembered[Sequence[HeldBack]] = Remembered(reports.held_back, seconds=FIGURES)
        self.failing: Remembered[Sequence[Any]] = Remembered(failing, seconds=FIGURES)


@router.get("/")
def now(request: Request) -> Response:
    """The first page."""
    return render(request, "now/now.html.j2", **_facts(request))


@router.get("/now/figures")
def figures(request: Request, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """All that changes of it; nothing where it is what the browser has already."""
    facts = _facts(request)
    return Response(status_code=204) if facts["mark"] == seen else render(request, "now/figures.html.j2", **facts)


@router.post("/now/pause")
def pause(request: Request, form: Form) -> Response:
    """Hold one lane back, or all that is sent."""
    producer_of(request).pauses.pause(_lanes_in(form))
    return _looked_at_anew(request)


@router.post("/now/resume")
def resume(request: Request, form: Form) -> Response:
    """Let it go on."""
    producer_of(request).pauses.resume(_lanes_in(form), by=person_of(request).name)
    return _looked_at_anew(request)


def _lanes_in(form: Form) -> Sequence[Lane]:
    given = text_in(form, "lane")
    if given != ALL and given not in set(Lane):
        raise Invalid("lane", f"there is no lane {given!r}", f"use {', '.join(Lane)} or {ALL}")
    return list(Lane) if given == ALL else [Lane(given)]


def _looked_at_anew(request: Request) -> Response:
    """Whoever pressed sees it at once, and not what was remembered."""
    watch_of(request).now.forget()
    return redirect("/#lanes")


def watch_of(request: Request) -> Watch:
    """Made with the first page."""
    state = request.app.state
    if not hasattr(state, "watch"):
        producer = producer_of(request)
        state.watch = Watch(producer.reports, producer.reminders.failing)
    watch: Watch = state.watch
    return watch


def _facts(request: Request) -> dict[str, Any]:
    watch = watch_of(request)
    now, balance, failing = watch.now.get(), watch.balance.get(), watch.failing.get()
    today = now.statuses_today
    return {
        "now": now,
        "today": f"{producer_of(request).settings.today()}",
        "mark": f"{now.at:%H%M%S%f}",
        "balance": balance,
        "short": balance is not None and balance.is_short,
        "failing": failing,
        "held_back": watch.held_back.get(),
        "lanes": list(Lane),
        "most_untaken": MOST_UNTAKEN,
        "waiting": now.standing_in(Status.QUEUED),
        "under_way": now.standing_in(Status.SENDING, Status.UNCONFIRMED, Status.ACCEPTED),
        "held": now.standing_in(Status.HELD),
        "delivered": today[Status.DELIVERED],
        "failed": sum(today[status] for status in FAILED),
        "failures": _failures(request, now),
        "picture": Picture.of(now.minutes),
        "starting": now.starting,
        "beats": now.beats,
        "missing": now.missing,
    }


def _failures(request: Request, now: Now) -> list[Failed]:
    """The most frequent first, ten at most."""
    alike: Counter[tuple[Status, str, Advice]] = Counter()
    language = language_of(request)
    for line in now.today:
        kind, code = Kind.SMS if line.key["sms_type"] else Kind.TEMPLATE_CALL, str(line.key["code"])
        for status in FAILED:
            told = advice(language, kind=kind, status=status, code=code or None, reason=None)
            alike[status, code, told] += line.statuses.get(status, 0)
    return [Failed(status, code, messages, told) for (status, code, told), messages in (+alike).most_common(10)]
