"""Templates and words: `render(request, "now/now.html.j2", …)` is the one way to make a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import crc32

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker.access import UserRole
from worker.catalogue.pages.common import WORDS as COMMON
from worker.catalogue.saying import Saying
from worker.catalogue.text import Language, Text
from worker.settings import Settings
from worker.web.pages.access import VISIT, csrf_of
from worker.web.pages.assets import address_of
from worker.web.pages.keys import key_of
from worker.web.pages.roles import LEAST, NAVIGATION

LANGUAGE = "esms_language"  # a cookie
YEAR = 365 * 86_400  # seconds


class Words:
    """A room's words and those of all rooms, in one language: `word.key`, or `word("key", count=3)`."""

    def __init__(self, words: Mapping[str, Text], language: Language) -> None:
        self._words, self._language = words, language

    def __call__(self, key: str, /, **values: object) -> str:
        return self._words[key].say(self._language, **values)

    def __getattr__(self, key: str) -> str:
        if key not in self._words:
            raise AttributeError(key)
        return self(key)


@cache
def environment() -> Environment:
    """Whatever is filled in is escaped; what is not there is an error."""
    folder = Path(str(files(__package__) / "templates"))
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["key"] = key_of
    made.filters["ident"] = lambda text: f"{crc32(str(text).encode()):x}"  # to point at a text of the same page
    return made


@cache
def words_of(room: str) -> Mapping[str, Text]:
    """The words of `catalogue/pages/ROOM.py`, and those of all rooms."""
    own: Mapping[str, Text] = import_module(f"worker.catalogue.pages.{room}").WORDS
    return {**COMMON, **own}


def language_of(request: Request) -> Language:
    """Vietnamese, unless somebody switched."""
    return Language.EN if request.cookies.get(LANGUAGE) == Language.EN else Language.VI


def render(request: Request, template: str, /, status: int = 200, **facts: Any) -> HTMLResponse:
    """The page of `templates/ROOM/NAME.html.j2` in the reader's language, with these facts and what all pages have."""
    context = _shared(request, template.partition("/")[0]) | facts
    context["part"] = environment().get_template("parts.html.j2").make_module(context)
    answer = HTMLResponse(environment().get_template(template).render(context), status)
    if (visit := getattr(request.state, "visit", None)) is not None:
        set_cookie(request, answer, VISIT, visit)
    return answer


def _shared(request: Request, room: str) -> dict[str, Any]:
    settings: Settings = request.app.state.settings
    language, person = language_of(request), getattr(request.state, "person", None)
    sees_people = person is not None and person.sees_people
    return {
        "word": Words(words_of(room), language),
        "say": Saying(language, settings.time_zone, sees_people=sees_people),
        "language": language,
        "person": person,
        "may": lambda role: person is not None and person.role.covers(UserRole(role)),
        "csrf": csrf_of(request),
        "asset": address_of,
        "here": request.url.path,
        "same_page": _same_page(request),
        "navigation": _navigation(request),
        "errors": {},
        "is_fragment": is_fragment(request),
    }


def _same_page(request: Request) -> str:
    """Where this page is to be had again, in the other language say: a form's answer under the page of the form."""
    if request.method != "POST":
        return f"{request.url.path}?{request.url.query}".rstrip("?")
    path, route = request.url.path, getattr(request.scope.get("route"), "path", request.url.path)
    while route and ("GET", route) not in LEAST:
        path, route = path.rpartition("/")[0], route.rpartition("/")[0]
    return path or "/"


def is_fragment(request: Request) -> bool:
    """Does a page of ours ask for a part of itself?"""
    return "hx-request" in request.headers


def _navigation(request: Request) -> list[tuple[str, str, bool]]:
    """Address, word and whether we are there, of each room that there is and that lets this person in."""
    person = getattr(request.state, "person", None)
    if person is None:
        return []
    return [
        (path, word, request.url.path == path or (path != "/" and request.url.path.startswith(path)))
        for path, word in NAVIGATION
        if path in request.app.state.page_paths and person.role.covers(LEAST["GET", path] or UserRole.VIEWER)
    ]


def set_cookie(
    request: Request, answer: HTMLResponse | RedirectResponse, name: str, value: str, lasts: int = 0
) -> None:
    """Out of reach of scripts and of other sites. lasts: seconds; 0: until the browser ends."""
    secure = request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=lasts or None, httponly=True, samesite="strict", secure=secure, path="/")


def redirect(address: str) -> RedirectResponse:
    """After a form: the browser asks for that page, and loading it again repeats nothing."""
    return RedirectResponse(address, 303)
