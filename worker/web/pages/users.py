"""*Users*, for admins: who may sign in and what they may do; a password that is made is shown this once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from worker.access import UserRole
from worker.api.users import NewPassword, Users
from worker.errors import Invalid
from worker.web.pages.access import SESSION, Form, person_of, room, users_of
from worker.web.pages.forms import choice_in, text_in
from worker.web.pages.keys import key_of, name_of
from worker.web.pages.rendering import redirect, render

router = room()

ROLES = [str(each) for each in UserRole]


@router.get("/users")
def users(request: Request) -> Response:
    """All of them, and the form for another."""
    return _list(request)


def _list(request: Request, status: int = 200, **facts: Any) -> Response:
    shown = {"problem": None, "name": "", "role": UserRole.VIEWER} | facts
    return render(request, "users/list.html.j2", status, users=users_of(request).list(), roles=ROLES, **shown)


@router.post("/users")
def add(request: Request, form: Form) -> Response:
    """Let somebody in, with a password that is made."""
    given = {"name": text_in(form, "name"), "role": text_in(form, "role")}
    try:
        made = users_of(request).add(given["name"], choice_in(form, "role", UserRole, UserRole.VIEWER))
    except Invalid as error:
        return _list(request, 422, problem=error, **given)
    return _one(request, made.name, made=made)


@router.get("/users/{key}")
def one(request: Request, key: str, done: str = "") -> Response:
    """One, and what may be done about them."""
    return _one(request, name_of(key), done=done if done in {"role", "lock", "unlock", "sign-out"} else "")


def _one(request: Request, name: str, status: int = 200, **facts: Any) -> Response:
    shown: dict[str, Any] = {"problem": None, "made": None, "done": ""} | facts
    user = users_of(request).show(name)
    return render(request, "users/one.html.j2", status, user=user, roles=ROLES, key=key_of(name), **shown)


@router.post("/users/{key}/role")
def change(request: Request, key: str, form: Form) -> Response:
    """Another role, at once."""
    return _done(request, key, "role", lambda of, name: of.change(name, text_in(form, "role")))


@router.post("/users/{key}/lock")
def lock(request: Request, key: str) -> Response:
    """Out at once, until unlocked."""
    return _done(request, key, "lock", Users.disable)


@router.post("/users/{key}/unlock")
def unlock(request: Request, key: str) -> Response:
    """In again."""
    return _done(request, key, "unlock", Users.enable)


@router.post("/users/{key}/sign-out")
def sign_out(request: Request, key: str) -> Response:
    """Out everywhere; they may sign in again."""
    return _done(request, key, "sign-out", Users.end_sessions)


def _done(request: Request, key: str, what: str, act: Callable[[Users, str], object]) -> Response:
    name = name_of(key)
    try:
        act(users_of(request), name)
    except Invalid as error:
        return _one(request, name, 422, problem=error)
    return redirect(f"/users/{key}?done={what}")


@router.post("/users/{key}/password")
def password(request: Request, key: str) -> Response:
    """Another one is made; who is signed in as them is signed out, but for who asks."""
    name = name_of(key)
    keep = request.cookies.get(SESSION) if name == person_of(request).name else None
    made: NewPassword = users_of(request).set_password(name, keep=keep)
    return _one(request, name, made=made)
