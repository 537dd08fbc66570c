"""Signing in and out, by a password or a link; changing the password; the language."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from worker.api.users import LASTS, Locked
from worker.catalogue.text import Language
from worker.errors import Invalid
from worker.web.access import place_of
from worker.web.pages.access import SESSION, VISIT, Form, person_of, room, users_of
from worker.web.pages.rendering import LANGUAGE, YEAR, redirect, render, set_cookie

router = room()
Next = Annotated[str, Query(max_length=500)]


@router.get("/login")
def login(request: Request, next: Next = "/") -> Response:
    """The form, or on to where somebody wanted to be who is signed in already."""
    if request.state.person is not None:
        return redirect(_inside(next))
    return render(request, "session/login.html.j2", name="", next=_inside(next), problem=None)


@router.post("/login")
def sign_in(request: Request, form: Form) -> Response:
    """By name and password."""
    name, wanted = str(form.get("name", "")).strip(), _inside(str(form.get("next", "/")))
    problem = "wrong"
    try:
        secret = users_of(request).sign_in(name, str(form.get("password", "")), place_of(request))
    except Locked:
        secret, problem = None, "locked"
    if secret is None:
        return render(request, "session/login.html.j2", 403, name=name, next=wanted, problem=problem)
    return _signed_in(request, secret, wanted)


@router.get("/enter/{link}")
def enter(request: Request, link: str) -> Response:
    """The link that `up` prints; whatever only looks at an address uses up no link."""
    return render(request, "session/enter.html.j2", link=link, used=False)


@router.post("/enter/{link}")
def enter_now(request: Request, link: str) -> Response:
    """Use it up."""
    if (secret := users_of(request).enter(link, place_of(request))) is None:
        return render(request, "session/enter.html.j2", 403, link=link, used=True)
    return _signed_in(request, secret, "/")


def _signed_in(request: Request, secret: str, wanted: str) -> Response:
    answer = redirect(wanted)
    set_cookie(request, answer, SESSION, secret, int(LASTS.total_seconds()))
    answer.delete_cookie(VISIT)
    return answer


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """End this session."""
    users_of(request).sign_out(request.cookies.get(SESSION, ""))
    answer = redirect("/login")
    answer.delete_cookie(SESSION)
    return answer


@router.get("/password")
def password(request: Request, saved: bool = False) -> Response:
    """The form to change it."""
    return _password_page(request, saved=saved)


@router.post("/password")
def change_password(request: Request, form: Form) -> Response:
    """Another one; who is signed in as them elsewhere is signed out."""
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    person, users = person_of(request), users_of(request)
    if new != again:
        return _password_page(request, 422, errors={"again": "password_differs"})
    if users.has_password(person.name) and not users.is_password(person.name, old, place_of(request)):
        return _password_page(request, 422, errors={"old": "password_wrong"})
    try:
        users.set_password(person.name, new, keep=request.cookies.get(SESSION))
    except Invalid:
        return _password_page(request, 422, errors={"new": "password_refused"})
    return redirect("/password?saved=1")


def _password_page(request: Request, status: int = 200, **facts: object) -> Response:
    first = not users_of(request).has_password(person_of(request).name)
    return render(request, "session/password.html.j2", status, first=first, **{"saved": False} | facts)


@router.post("/language")
def language(request: Request, form: Form) -> RedirectResponse:
    """The other one, from now on."""
    wanted = Language.EN if form.get("language") == Language.EN else Language.VI
    answer = redirect(_inside(str(form.get("next", "/"))))
    set_cookie(request, answer, LANGUAGE, wanted, YEAR)
    return answer


def _inside(address: str) -> str:
    """An address of ours, never another's."""
    return address if address.startswith("/") and address[1:2] not in {"/", "\\"} and address.isprintable() else "/"
