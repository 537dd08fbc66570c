"""*Find*: messages by whatever somebody knows of them. What is looked for is kept under a key, never in an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, cast

from fastapi import Query, Request, Response
from starlette.datastructures import FormData

from worker.api.finding import Finding
from worker.errors import Invalid, Lack, NotFound, Unavailable
from worker.lifecycle import FAILED, Lane, Purpose, Status
from worker.reporting.choice import Choice, Which
from worker.reporting.finding import Search
from worker.reporting.meanings import Meaning
from worker.settings import Settings
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.rendering import redirect, render

router = room()

ROWS = 50
MOST = 200  # characters of a field
WORDS = ("status", "lane", "purpose", "source", "code")
DAYS = ("since", "until")
NOT_REACHED = "failed"  # stands for each status in which it reached nobody
CHOICES = {"statuses": [NOT_REACHED, *Status], "lanes": list(Lane), "purposes": list(Purpose)}
Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("/find")
def find(request: Request) -> Response:
    """The form, and what went out last."""
    settings: Settings = request.app.state.settings
    latest = Search(choice=Choice(until=settings.today()))
    return _page(request, search=latest)


@router.post("/find")
def look(request: Request, form: Form) -> Response:
    """Keep what is looked for, and show what there is."""
    asked = asked_in(form, ("q", *WORDS, *DAYS))
    try:
        choice_of(asked)
    except Invalid as error:
        return _page(request, 422, asked=asked, errors={error.field: error})
    if (key := kept_under(request, asked)) is not None:
        return redirect(f"/find/{key}")
    meanings, search = meant(request, asked, 0)
    return _page(request, search=search, asked=asked, meanings=meanings)


def kept_under(request: Request, asked: Mapping[str, Any]) -> str | None:
    """The key under which it can be looked for again; None: nothing can be written now, and what is found is shown."""
    try:
        return finding_of(request).keep(person_of(request).name, asked)
    except Unavailable as error:
        if error.lacks not in {Lack.WRITES, Lack.ROOM}:
            raise
        return None


# `/find/act/…` and `/find/sweeps` are routes of `sweeps`, and stand before this one.
@router.get("/find/{key}")
def found(request: Request, key: str, after: Cursor = None, meaning: int = 0, none: bool = False) -> Response:
    """One page of it. meaning: which of what the words may mean; none: an act was asked for on nothing."""
    try:
        asked = finding_of(request).kept(person_of(request).name, key)
        meanings, search = meant(request, asked, meaning)
    except NotFound:
        return redirect("/find")
    facts: dict[str, Any] = {"key": key, "asked": asked, "meanings": meanings, "meaning": meaning, "none_chosen": none}
    return _page(request, search=search, after=after, **facts)


def meant(request: Request, asked: Mapping[str, Any], meaning: int) -> tuple[Sequence[Meaning], Search | None]:
    """What the words may mean, and the search for that one; None: they mean nothing that is known here."""
    choice = choice_of(asked)
    if not asked.get("q"):
        return [], Search(choice=choice)
    meanings = finding_of(request).meanings(asked["q"])
    if not 0 <= meaning < len(meanings):
        return meanings, None
    search = meanings[meaning].search
    return meanings, replace(search, choice=replace(choice, words={**search.choice.words, **choice.words}))


def _page(request: Request, status: int = 200, *, search: Search | None = None, **facts: Any) -> Response:
    after = facts.get("after")
    page = finding_of(request).find(search, after, most=ROWS) if search else None
    about = finding_of(request).about(search) if search and facts.get("key") else None
    shown: dict[str, Any] = {
        "key": None,
        "asked": {},
        "meanings": [],
        "meaning": 0,
        "none_chosen": False,
        "errors": {},
        "after": None,
    }
    return render(request, "find/find.html.j2", status, **CHOICES, **(shown | facts), page=page, about=about, most=ROWS)


def asked_in(form: FormData, names: Sequence[str]) -> dict[str, str]:
    """What was filled in."""
    given = {name: str(form.get(name, "")).replace("\x00", "").strip()[:MOST] for name in names}
    return {name: value for name, value in given.items() if value}


def choice_of(asked: Mapping[str, Any], names: Sequence[str] = (*WORDS, *DAYS)) -> Choice:
    """The filters of it. Raises Invalid, which names the field."""
    given = {name: _meant_by(name, asked[name]) for name in names if asked.get(name)}
    return Choice.of(cast(Which, given))


def _meant_by(name: str, given: str) -> str | Sequence[str] | date:
    if (name, given) == ("status", NOT_REACHED):
        return [str(each) for each in FAILED]
    return _day(name, given) if name in DAYS else given


def _day(name: str, given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid(name, "is no day", "give it as 2026-12-31") from None


def finding_of(request: Request) -> Finding:
    """The process's."""
    return producer_of(request).finding
