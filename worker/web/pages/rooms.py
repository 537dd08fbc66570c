"""All rooms, put into the application; and what a person is told where something went wrong."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from worker.web.pages import (
    assets,
    calendar_files,
    campaigns,
    contact_files,
    contacts,
    events,
    find,
    follow_ups,
    held,
    law,
    log,
    message,
    new_campaign,
    now,
    prices,
    refused,
    reminders,
    reports,
    rules,
    session,
    sweeps,
    template_texts,
    users,
)
from worker.web.pages.access import SESSION, SignInFirst, login_address, recognise
from worker.web.pages.headers import HEADERS, Headers
from worker.web.pages.rendering import is_fragment, redirect, render
from worker.web.problems import KINDS, problem_of

ROOMS = (
    assets, session, now, follow_ups, message, held, refused, log, new_campaign, campaigns, rules, events,
    calendar_files, reminders, template_texts, contact_files, contacts, sweeps, find, prices, reports, law, users,
)  # fmt: skip
FOR_PROGRAMS = ("/v1/", "/callbacks/", "/problems/", "/openapi.json", "/livez", "/readyz")


def add_pages(app: FastAPI) -> None:
    """Routes and headers."""
    for room in ROOMS:
        app.include_router(room.router)
    app.state.page_paths = {path for _, path in routes()}
    app.add_middleware(Headers)
    app.add_exception_handler(SignInFirst, _sign_in_first)


def routes() -> dict[tuple[str, str], APIRoute]:
    """The routes of all rooms, by method and path."""
    there = [each for room in ROOMS for each in room.router.routes if isinstance(each, APIRoute)]
    return {(method, each.path): each for each in there for method in each.methods or ()}


def is_page(request: Request) -> bool:
    """Is it a person who asks?"""
    wanted = "text/html" in request.headers.get("accept", "") or is_fragment(request)
    return wanted and not request.url.path.startswith(FOR_PROGRAMS)


def failed(request: Request, error: Exception) -> Response:
    """The page that says what went wrong, and what to do."""
    recognise(request)
    problem = problem_of(error)
    kind = {"method": "not-found", "conflict": "invalid"}.get(problem.kind, problem.kind)
    shown = kind if kind in {"not-found", "forbidden", "unavailable", "invalid"} else "bug"
    detail = problem.detail if shown in {"invalid", "forbidden"} else None
    lacks = getattr(error, "lacks", None)
    next_ = None if detail else f"error_lacks_{lacks}" if lacks else f"error_{shown}_next"
    answer = render(request, "error/error.html.j2", KINDS[problem.kind].status, kind=shown, detail=detail, next=next_)
    answer.headers.update(HEADERS)  # what nobody expected is answered outside of what adds them
    return answer


async def _sign_in_first(request: Request, _: Exception) -> Response:
    if is_fragment(request):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    if request.headers.get("sec-fetch-site") == "cross-site" and SESSION not in request.cookies:
        # A link in a mail: the browser keeps our cookies back until a page of ours asks.
        return render(request, "error/again.html.j2")
    return redirect(login_address(request))
