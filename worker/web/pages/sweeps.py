"""What is done with what was found: chosen, looked at before it is done, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from worker.api.decisions import Decision
from worker.errors import Invalid, NotFound
from worker.lifecycle import Lane
from worker.reporting.finding import Search
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.find import finding_of, meant
from worker.web.pages.rendering import is_fragment, language_of, redirect, render

router = room()

SHOWN = 50
MOST = 1000  # messages that somebody selects
Count = Annotated[int | None, Query(ge=0)]


@router.get("/find/sweeps")
def sweeps(
    request: Request, moved: Count = None, rest: Count = None, left: Count = None, rest_left: Count = None
) -> Response:
    """The last ones. moved, rest, left, rest_left: what a retry that has just been asked for came to."""
    came_to = None if moved is None else {"moved": moved, "rest": rest or 0, "left": left or 0, "rest_left": rest_left}
    last = producer_of(request).sweeps.list(SHOWN)
    return render(request, "find/sweeps.html.j2", sweeps=last, came_to=came_to)


@router.get("/find/sweeps/{sweep}")
def sweep(request: Request, sweep: str) -> Response:
    """How far one is; of what is sent again, who of the rest stays: counted where the page is opened alone."""
    producer = producer_of(request)
    shown = producer.sweeps.show(sweep)
    is_counted = shown.kind == "retry" and shown.state != "done" and not is_fragment(request)
    rest = producer.again.rest(shown.id) if is_counted else None
    return render(request, "find/sweep.html.j2", sweep=shown, rest=rest)


@router.post("/find/sweeps/{sweep}/stop")
def stop(request: Request, sweep: str) -> Response:
    """Leave the rest as it is."""
    producer_of(request).sweeps.stop(sweep)
    return redirect(f"/find/sweeps/{sweep}")


@router.post("/find/sweeps/{sweep}/go-on")
def go_on(request: Request, sweep: str) -> Response:
    """Send the rest after all, as it was asked for."""
    producer_of(request).again.go_on(sweep, by=person_of(request).name)
    return redirect(f"/find/sweeps/{sweep}")


@router.post("/find/{key}/act")
def choose(request: Request, key: str, form: Form) -> Response:
    """Keep what is to be done with which of them, and show what that would do."""
    person, meaning = person_of(request).name, _whole(form.get("meaning"))
    try:
        asked = finding_of(request).kept(person, key)
    except NotFound:
        return redirect("/find")
    search = meant(request, asked, meaning)[1] if form.get("scope") == "all" else _selected(form)
    if search is None or form.get("act") not in ACTS:
        return redirect(f"/find/{key}?none=1&meaning={meaning}")
    kept = {"act": form["act"], "search": search.as_json(), "back": f"/find/{key}?meaning={meaning}"}
    return redirect(f"/find/act/{finding_of(request).keep(person, kept)}")


def _selected(form: Form) -> Search | None:
    given = [str(each) for each in form.getlist("id")[:MOST]]
    ids = tuple(UUID(each) for each in given if _is_id(each))
    return Search(messages=ids) if ids else None


def _is_id(given: str) -> bool:
    try:
        return bool(UUID(given))
    except ValueError:
        return False


@router.get("/find/act/{key}")
def look(request: Request, key: str) -> Response:
    """What it would do; nothing is done yet."""
    return _look(request, key)


@router.post("/find/act/{key}")
def act(request: Request, key: str, form: Form) -> Response:
    """Do it."""
    if (kept := _kept(request, key)) is None:
        return redirect("/find")
    try:
        return redirect(ACTS[kept["act"]].done(request, Search.of_json(kept["search"]), form))
    except Invalid as error:
        return _look(request, key, 422, errors={error.field: error}, given=str(form.get("send_date", "")))


def _kept(request: Request, key: str) -> Mapping[str, Any] | None:
    """What is to be done with which; None for what is kept under such a key besides, like a search."""
    try:
        kept = finding_of(request).kept(person_of(request).name, key)
    except NotFound:
        return None
    return kept if kept.get("act") in ACTS else None


def _look(request: Request, key: str, status: int = 200, **facts: Any) -> Response:
    if (kept := _kept(request, key)) is None:
        return redirect("/find")
    search, of = Search.of_json(kept["search"]), ACTS[kept["act"]]
    shown: dict[str, Any] = {"errors": {}, "given": "", "refused": None, "outlook": None}
    try:
        shown |= of.looked(request, search)
    except Invalid as error:
        shown["refused"] = error
    facts = {"key": key, "kept": kept, "search": search} | shown | facts
    return render(request, "find/act.html.j2", status, **facts)


# What each act shows before it is done, and does; where to go then.


def _standing(request: Request, search: Search) -> Mapping[str, Any]:
    return {"standing": finding_of(request).standing(search)}


def _foreseen(request: Request, search: Search) -> Mapping[str, Any]:
    failed = finding_of(request).failed(search)
    return {"outlook": producer_of(request).again.foresee(failed, language=language_of(request))}


def _held_back(request: Request, search: Search) -> Mapping[str, Any]:
    words = search.choice.words
    rows = [] if search.is_counted else finding_of(request).find(search, most=MOST).rows
    campaigns = sorted({*words.get("campaign", ()), *(row.campaign or "" for row in rows)} - {""})
    if not (campaigns or words.get("lane")):
        raise Invalid("campaign", "is missing, and so is a lane", "look for a campaign or a lane to hold back")
    return {"campaigns": campaigns, "lanes": [] if campaigns else [Lane(each) for each in words["lane"]]}


def _cancel(request: Request, search: Search, _: Form) -> str:
    made = producer_of(request).sweeps.cancel(search, by=person_of(request).name)
    return f"/find/sweeps/{made.id}"


def _move(request: Request, search: Search, form: Form) -> str:
    made = producer_of(request).sweeps.move(search, _moment(form.get("send_date")), by=person_of(request).name)
    return f"/find/sweeps/{made.id}"


def _retry(request: Request, search: Search, _: Form) -> str:
    failed, by = finding_of(request).failed(search), person_of(request).name
    done: Decision = producer_of(request).again.retry(failed, by=by)
    told = f"/find/sweeps?moved={done.moved}&rest={done.rest}&left={sum(done.left.values())}"
    return told if done.rest_left is None else f"{told}&rest_left={sum(done.rest_left.values())}"


def _pause(request: Request, search: Search, _: Form) -> str:
    what, pauses = _held_back(request, search), producer_of(request).pauses
    for campaign in what["campaigns"]:
        pauses.pause_campaign(campaign, to_come=False)
    pauses.pause(what["lanes"])
    return "/"


def _moment(given: object) -> datetime:
    """As a browser gives it; naive: in TIME_ZONE."""
    try:
        return datetime.fromisoformat(str(given))
    except ValueError:
        raise Invalid("send_date", "is no date and time", "give it as 2026-12-31T09:00") from None


def _whole(given: object) -> int:
    return int(str(given)) if str(given).isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Act:
    """looked: what there is to show before; done: does it, and says where that is seen."""

    looked: Callable[[Request, Search], Mapping[str, Any]]
    done: Callable[[Request, Search, Form], str]


ACTS = {
    "cancel": Act(_standing, _cancel),
    "move": Act(_standing, _move),
    "retry": Act(_foreseen, _retry),
    "pause": Act(_held_back, _pause),
}
