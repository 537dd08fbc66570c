"""Who is signed in, what they may do, and that a form was ours: looked at before every route of every room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData

from worker.access import UserRole, new_secret
from worker.actor import Actor, Via, become
from worker.api.users import Person, Users
from worker.errors import Unavailable
from worker.settings import Settings
from worker.web.access import peer_of, place_of
from worker.web.pages.roles import LEAST
from worker.web.problems import Problem

SESSION, VISIT = "esms_session", "esms_visit"  # cookies: of who is signed in, and of who is not yet
FORM_MOST = 32 * 1024 * 1024  # bytes: a spreadsheet
FIELDS_MOST = 20_000


class SignInFirst(Exception):
    """Nobody is signed in, and this route is not for anybody."""


async def let_in(request: Request) -> AsyncIterator[None]:
    """The dependency of every room: what was uploaded is gone after the answer. Raises SignInFirst, Problem."""
    try:
        await _let_in(request)
        yield
    finally:
        await request.close()


async def _let_in(request: Request) -> None:
    route = request.scope["route"].path
    if (request.method, route) not in LEAST:
        raise Problem("forbidden", f"{request.method} {route} stands in no table of roles: nobody is let in")
    least, person = LEAST[request.method, route], await _person(request)
    if least is not None and person is None:
        raise SignInFirst
    if least is not None and person is not None and not person.role.covers(least):
        raise Problem("forbidden", f"it takes the role {least}, and yours is {person.role}: ask an admin")
    if person is not None:
        become(Actor(person.name, Via.PAGE, place_of(request)))
    if request.method == "POST":
        await _check_csrf(request)


async def _person(request: Request) -> Person | None:
    request.state.person = None  # where it can't be found out, `recognise` does not ask once more
    asked = request.cookies.get(SESSION) or _named_by_proxy(request) is not None
    found = request.state.person = await to_thread.run_sync(_found, request) if asked else None
    return found


def recognise(request: Request) -> None:
    """Find who is signed in, for a page about an address that is no route; nobody, where that can't be known."""
    if not hasattr(request.state, "person"):
        with suppress(Unavailable):
            request.state.person = _found(request)


def _found(request: Request) -> Person | None:
    if (name := _named_by_proxy(request)) is not None:
        return users_of(request).named(name)
    secret = request.cookies.get(SESSION)
    return _looked_up(request, secret) if secret else None


def _named_by_proxy(request: Request) -> str | None:
    """Whom a proxy before us has let in, where it is one of those that the settings name."""
    settings: Settings = request.app.state.settings
    if settings.sign_in_header is None or (peer := peer_of(request)) is None:
        return None
    trusted = any(peer in ip_network(each, strict=False) for each in settings.sign_in_proxies)
    return request.headers.get(settings.sign_in_header) if trusted else None


def _looked_up(request: Request, secret: str) -> Person | None:
    return users_of(request).person(secret, by_hand="hx-request" not in request.headers)


async def _check_csrf(request: Request) -> None:
    given = request.headers.get("x-csrf-token") or (await form_of(request)).get("csrf")
    if key_of(request) is None or given != csrf_of(request):
        raise Problem("forbidden", "the form is not ours, or too old: load the page again and repeat it")


async def form_of(request: Request) -> FormData:
    """What was filled in, bounded. Raises Problem."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > FORM_MOST:
        raise Problem("too-large", f"send at most {FORM_MOST // 1024**2} MB, and say how much it is")
    return await request.form(max_fields=FIELDS_MOST, max_files=4)


Form = Annotated[FormData, Depends(form_of)]


def room() -> APIRouter:
    """A router whose routes let in whom the table says."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(let_in)])


def users_of(request: Request) -> Users:
    """The process's."""
    users: Users = request.app.state.users
    return users


def person_of(request: Request) -> Person:
    """Who is signed in, on a route that needs somebody to be. Raises SignInFirst."""
    person: Person | None = getattr(request.state, "person", None)
    if person is None:
        raise SignInFirst
    return person


def may(request: Request, role: UserRole) -> bool:
    """To show a button, or what stands on it, only to whom it is for."""
    return person_of(request).role.covers(role)


def key_of(request: Request) -> str | None:
    """What this browser alone knows."""
    return request.cookies.get(SESSION) or request.cookies.get(VISIT) or getattr(request.state, "visit", None)


def csrf_of(request: Request) -> str:
    """What a form of ours carries. A stranger's page has no cookie of ours, so it can't work it out."""
    if (key := key_of(request)) is None:
        key = request.state.visit = new_secret()
    return sha256(f"csrf {key}".encode()).hexdigest()


def login_address(request: Request) -> str:
    """Where to sign in, to come back here after that."""
    wanted = request.url.path
    return "/login" if wanted == "/" or request.method != "GET" else f"/login?next={quote(wanted)}"
