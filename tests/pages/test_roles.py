"""Each route lets in whom the table says, and nobody else, whatever they send."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages.conftest import Browsers
from worker.access import UserRole
from worker.web import pages
from worker.web.pages.access import let_in
from worker.web.pages.roles import LEAST
from worker.web.pages.rooms import ROOMS, routes

ID = "01890000-0000-7000-8000-000000000000"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BY_ANYBODY = {route for route, least in LEAST.items() if least is None}


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", ID, path)


def test_every_route_stands_in_the_table_and_every_row_is_a_route() -> None:
    assert set(routes()) == set(LEAST)


def test_every_route_of_a_page_asks_the_table_and_stands_in_no_description_for_programs() -> None:
    for each in routes().values():
        assert let_in in [dependency.call for dependency in each.dependant.dependencies], each.path
        assert not each.include_in_schema


def test_every_module_of_pages_with_a_router_is_a_room() -> None:
    written = {path.stem for path in Path(pages.__path__[0]).glob("*.py") if "\nrouter = room()" in path.read_text()}
    assert written == {room.__name__.rpartition(".")[2] for room in ROOMS}


def test_who_is_not_signed_in_is_sent_to_sign_in_and_who_may_less_is_refused(browsers: Browsers) -> None:
    nobody, by_role = browsers(), {role: browsers(role) for role in UserRole}
    tokens = {role: {"csrf": browser.token()} for role, browser in by_role.items()}
    for (method, path), least in sorted(LEAST.items()):
        if least is None:
            continue
        assert nobody.request(method, filled(path)).headers["location"].startswith("/login"), path
        for role, browser in by_role.items():
            if not role.covers(least):
                form = tokens[role]
                sent = browser.get(filled(path)) if method == "GET" else browser.post_bare(filled(path), form)
                assert sent.status_code == 403, (method, path, role)


def test_no_form_does_anything_without_its_token(browsers: Browsers) -> None:
    browser, others = browsers("admin"), {"csrf": browsers("viewer").token()}
    for path in sorted(path for method, path in LEAST if method == "POST"):
        for token in ({}, {"csrf": "0" * 64}, others):
            assert browser.post_bare(filled(path), token).status_code == 403, path
    assert browser.get("/").status_code == 200  # not signed out either


def test_no_other_method_does_anything(browsers: Browsers) -> None:
    browser = browsers("admin")
    for path in {path for _, path in LEAST}:
        for method in METHODS:
            if (method, path) not in LEAST:
                assert browser.request(method, filled(path)).status_code in {404, 405}, (method, path)
