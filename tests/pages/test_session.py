"""Signing in: sessions that end, links that work once, passwords nobody guesses, nobody locked out for ever."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from tests.pages.conftest import PASSWORD, Browsers
from tests.support import Bench
from worker.errors import Invalid, SettingsError
from worker.settings import Settings


def sign_in(browsers: Browsers, name: str = "lan", password: str = PASSWORD, address: str = "10.0.0.1") -> int:
    return browsers(address=address).post("/login", {"name": name, "password": password}).status_code


@pytest.fixture
def lan(bench: Bench) -> str:
    bench.notifier.users.add("lan", "operator", PASSWORD)
    return "lan"


def test_one_signs_in_by_a_password_and_out_again(browsers: Browsers, lan: str) -> None:
    browser = browsers()
    assert browser.get("/").headers["location"] == "/login"
    answer = browser.post("/login", {"name": lan, "password": PASSWORD, "next": "/password"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/password")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie
    before = dict(browser.client.cookies)
    assert browser.get("/").status_code == 200
    browser.post("/logout")
    browser.client.cookies.update(before)  # what was kept by somebody else ends, too
    assert browser.get("/").status_code == 303


def test_behind_https_the_cookie_goes_nowhere_else(browsers: Browsers, lan: str) -> None:
    browser = browsers(base="https://page")
    assert "Secure" in browser.post("/login", {"name": lan, "password": PASSWORD}).headers["set-cookie"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_to_no_other_site(browsers: Browsers, lan: str, elsewhere: str) -> None:
    answer = browsers().post("/login", {"name": lan, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_a_session_ends_when_it_was_not_used_and_when_its_time_is_up(browsers: Browsers, bench: Bench) -> None:
    for column, age in (("used_at", "13 hours"), ("until", "0 hours")):
        browser = browsers("viewer")
        assert browser.get("/").status_code == 200
        with bench.database.begin() as session:
            session.execute(text(f"UPDATE page_session SET {column} = now() - interval '{age}'"))
        assert browser.get("/").status_code == 303


def test_a_page_that_looks_again_by_itself_keeps_nobody_signed_in(browsers: Browsers, bench: Bench) -> None:
    browser = browsers("viewer")
    for by_itself, goes_on in ((True, False), (False, True)):
        with bench.database.begin() as session:
            session.execute(text("UPDATE page_session SET used_at = now() - interval '1 hour'"))
        assert browser.get("/", headers={"HX-Request": "true"} if by_itself else {}).status_code == 200
        with bench.database.begin() as session:
            fresh = session.scalar(text("SELECT used_at > now() - interval '1 minute' FROM page_session"))
        assert fresh is goes_on


def test_who_is_disabled_is_out_at_once_and_another_role_holds_at_once(browsers: Browsers, bench: Bench) -> None:
    browser = browsers("viewer")
    bench.notifier.users.disable("viewer")
    assert browser.get("/").status_code == 303
    bench.notifier.users.change("viewer", "operator")
    assert browser.get("/").status_code == 303  # let in again, but not by a session of before


def test_a_link_signs_in_once_and_looking_at_it_uses_it_up_for_nobody(browsers: Browsers, bench: Bench) -> None:
    secret = bench.notifier.users.link("admin")
    assert browsers().get(f"/enter/{secret}").status_code == 200
    first, second = browsers(), browsers()
    assert first.post(f"/enter/{secret}").status_code == 303
    assert second.post(f"/enter/{secret}").status_code == 403
    assert first.get("/").status_code == 200
    assert second.get("/").status_code == 303


def test_neither_sessions_nor_passwords_stand_in_the_database_as_they_are(
    browsers: Browsers, bench: Bench, lan: str
) -> None:
    browser = browsers()
    browser.post("/login", {"name": lan, "password": PASSWORD})
    with bench.database.begin() as session:
        rows = [*session.execute(text("SELECT * FROM page_session")), *session.execute(text("SELECT * FROM page_user"))]
    told = repr([list(map(_text, row)) for row in rows])
    assert PASSWORD not in told
    assert browser.client.cookies["esms_session"] not in told
    assert "$argon2id$" in told


def _text(value: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def test_after_five_wrong_passwords_the_right_one_waits_too_but_only_from_there(
    browsers: Browsers, bench: Bench, lan: str
) -> None:
    assert [sign_in(browsers, password="wrong") for _ in range(5)] == [403] * 5
    assert sign_in(browsers) == 403  # the right one
    assert sign_in(browsers, address="10.0.0.2") == 303  # who they are at home
    with bench.database.begin() as session:
        session.execute(text("UPDATE sign_in SET tried_at = now() - interval '16 minutes'"))
    assert sign_in(browsers) == 303


def test_strangers_from_everywhere_keep_nobody_out_of_where_they_signed_in_before(
    browsers: Browsers, bench: Bench, lan: str
) -> None:
    assert sign_in(browsers, address="10.0.0.9") == 303
    with bench.database.begin() as session:
        session.execute(
            text(
                "INSERT INTO sign_in (name, place, failures) SELECT 'lan', 'net ' || n, 5 FROM generate_series(1, 10) n"
            )
        )
    assert sign_in(browsers, address="10.0.0.8") == 403
    assert sign_in(browsers, address="10.0.0.9") == 303
    bench.notifier.users.set_password(lan, PASSWORD + "2")  # whoever runs the server ends it at once
    assert sign_in(browsers, password=PASSWORD + "2", address="10.0.0.8") == 303


def test_a_password_is_changed_by_who_knows_it_and_everybody_else_is_signed_out(
    browsers: Browsers, bench: Bench, lan: str
) -> None:
    here, elsewhere = browsers(), browsers()
    for browser in (here, elsewhere):
        browser.post("/login", {"name": lan, "password": PASSWORD})
    new = "another long one"
    assert here.post("/password", {"old": "wrong", "new": new, "again": new}).status_code == 422
    assert here.post("/password", {"old": PASSWORD, "new": new, "again": "x"}).status_code == 422
    assert here.post("/password", {"old": PASSWORD, "new": "short", "again": "short"}).status_code == 422
    assert here.post("/password", {"old": PASSWORD, "new": new, "again": new}).status_code == 303
    assert (here.get("/").status_code, elsewhere.get("/").status_code) == (200, 303)
    assert sign_in(browsers, password=new) == 303


@pytest.mark.parametrize("password", ["short", "x" * 201, "xx lan xx lan"])
def test_a_password_that_is_easily_guessed_is_refused_and_not_shown(bench: Bench, password: str) -> None:
    with pytest.raises(Invalid) as caught:
        bench.notifier.users.add("lan", "viewer", password)
    assert password not in str(caught.value)


def test_a_proxy_names_who_is_signed_in_and_nobody_else_can(browsers: Browsers, app: Any, lan: str) -> None:
    before = app.state.settings
    app.state.settings = replace(before, sign_in_header="X-User", sign_in_proxies=("10.1.0.0/16",))
    try:
        named = {"X-User": lan}
        assert browsers(address="10.1.2.3").get("/", headers=named).status_code == 200
        assert browsers(address="10.1.2.3").get("/", headers={"X-User": "minh"}).status_code == 303
        assert browsers(address="10.1.2.3").get("/").status_code == 303
        assert browsers(address="10.2.0.1").get("/", headers=named).status_code == 303
    finally:
        app.state.settings = before
    assert browsers(address="10.1.2.3").get("/", headers=named).status_code == 303


@pytest.mark.parametrize("proxies", ["", "nowhere"])
def test_a_header_that_anybody_could_send_is_refused_by_the_variables_name(proxies: str) -> None:
    environ = {"DATABASE_URL": "postgresql://h/d", "WORKER_SIGN_IN_HEADER": "X-User", "WORKER_SIGN_IN_PROXIES": proxies}
    with pytest.raises(SettingsError, match=r"^WORKER_SIGN_IN_PROXIES: "):
        Settings.from_environ(environ)


def test_the_other_language_is_had_of_a_forms_answer_and_of_a_page_with_its_question(browsers: Browsers) -> None:
    operator = browsers("operator")
    answers = [
        (operator.post("/reminders/why", {"whom": "0901000001", "day": "2026-03-01"}), "/reminders"),
        (operator.post("/contacts/find", {"q": "Lan"}), "/contacts"),
        (operator.post("/templates/preview", {"name": "x"}), "/templates"),
        (operator.post("/reports", {"since": "x"}), "/reports"),
        (operator.get("/campaigns?reminders=1"), "/campaigns?reminders=1"),
        (operator.post("/nothing/here"), "/"),
    ]
    for answer, there in answers:
        [*_, back] = re.findall(r'name="next" value="([^"]*)"', answer.text) or [there]
        assert back == there
        switched = operator.post("/language", {"language": "en", "next": back})
        assert operator.get(switched.headers["location"]).status_code == 200
