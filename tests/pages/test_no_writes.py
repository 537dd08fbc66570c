"""While Postgres takes no writes, as a replica does: everything is read, nothing is done, and one line says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import text

from tests.pages.conftest import TOKEN, Browser, Browsers
from tests.pages.test_errors import said, served
from tests.support import Bench, as_producer, otp
from worker.access import UserRole
from worker.web.pages.access import SESSION
from worker.web.pages.roles import LEAST

PATHS = sorted(path for method, path in LEAST if method == "GET" and "{" not in path and path != "/login")
NO_WRITES = "Nothing is sent and nothing can be changed just now: the database takes no writes"


@pytest.fixture
def reader(
    _portal: BlockingPortal, bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """An admin who signed in some minutes before, which would be noted."""
    secret = bench.notifier.users.enter(bench.notifier.users.link("admin", role=UserRole.ADMIN), "10.0.0.1")
    with bench.database.begin() as session:
        session.execute(text("UPDATE page_session SET used_at = now() - interval '5 minutes'"))
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    with served(_portal, as_producer(database_url), WORKER_POOLER="transaction") as browser:  # leaves options to libpq
        browser.client.cookies.update({SESSION: str(secret), "esms_language": "en"})
        yield browser


def test_who_is_signed_in_reads_every_room_which_says_once_that_nothing_can_be_changed(
    reader: Browser, bench: Bench
) -> None:
    (message,) = bench.notifier.show(bench.put().id).messages
    for path in (*PATHS, f"/messages/{message.id}"):
        answer = reader.get(path)
        assert (answer.status_code, answer.text.count(NO_WRITES)) == (200, 1), path


def test_now_does_not_tell_to_start_what_is_at_work_and_can_not_say_so(reader: Browser) -> None:
    told = said(reader.get("/"))
    assert "the database takes no writes" in told and not re.search("Nobody sends|Nobody works on", told)


def test_what_is_looked_for_is_shown_though_no_search_can_be_kept(reader: Browser, bench: Bench) -> None:
    for n in range(60):
        bench.put(otp("0901000111"), campaign="tet", reference=f"r{n}")
    found = said(reader.post("/find", {"q": "0901 000 111"}))
    assert found.count("0901 000 111") >= 50 and "the newest 50 alone" in found
    assert "There is nothing" not in found and "Latest messages" not in found
    answer = reader.post("/reports", {"campaign": "tet"})
    assert answer.status_code == 200 and 'value="tet"' in answer.text and "download>" not in answer.text


def test_an_act_is_refused_in_one_line_and_so_is_taking_people_s_data_away_which_is_written_down(
    reader: Browser,
) -> None:
    form = {"csrf": str(TOKEN.findall(reader.get("/password").text)[0])}
    acts = [reader.post_bare(path, form | {"lane": "all"}) for path in ("/now/pause", "/logout")]
    for answer in (*acts, reader.get("/reports/-/failures.csv")):
        assert answer.status_code == 503
        assert said(answer).count("takes no writes just now") == 1 and NO_WRITES not in answer.text


def test_once_it_takes_writes_the_last_use_is_noted_again(browsers: Browsers, bench: Bench) -> None:
    browser = browsers("viewer")
    with bench.database.begin() as session:
        session.execute(text("UPDATE page_session SET used_at = now() - interval '5 minutes'"))
    assert not re.search(NO_WRITES, browser.get("/password").text)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT max(used_at) > now() - interval '1 minute' FROM page_session"))
