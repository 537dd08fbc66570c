"""The page that says what went wrong: true, in the reader's language, with what to do, and without a trace of how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import make_url, text

from tests.pages.conftest import Browser, Browsers
from tests.support import Bench
from worker.settings import Settings
from worker.web.app import make_app

MAIN = re.compile(r"<main[^>]*>(.*)</main>", re.DOTALL)


def said(answer: httpx.Response) -> str:
    """What a reader sees of it."""
    found = MAIN.search(answer.text)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


@contextmanager
def served(portal: BlockingPortal, url: str, **variables: str) -> Iterator[Browser]:
    """A browser at a door that has this database."""
    app = make_app(Settings.from_environ({"DATABASE_URL": url} | variables))

    async def started(*, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with app.router.lifespan_context(app):
            task_status.started()
            await anyio.sleep_forever()

    future, _ = portal.start_task(started)
    browser = Browser(portal, app)
    yield browser
    portal.call(browser.client.aclose)
    future.cancel()


def sign_in(browser: Browser) -> httpx.Response:
    return browser.post("/login", {"name": "lan", "password": "a long password"})


def elsewhere(url: str, **part: Any) -> str:
    return make_url(url).set(**part).render_as_string(hide_password=False)


@pytest.fixture
def empty(bench: Bench, database_url: str) -> Iterator[str]:
    """A database that nobody migrated."""
    with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {(name := f'bare_{uuid4().hex}')}"))
        yield elsewhere(database_url, database=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


LACKS = {
    "away": ("The database does not answer", "Cơ sở dữ liệu chưa trả lời"),
    "missing": ("is not there. Tell whoever runs it", "hoặc không tồn tại"),
    "password": ("does not let this server in", "không cho máy chủ này vào"),
    "bare": ("esms-worker migrate brings it there", "chạy esms-worker migrate"),
    "read only": ("takes no writes just now", "hiện không cho ghi"),
}


def address_of(what: str, url: str) -> str:
    changes: dict[str, dict[str, Any]] = {
        "away": {"port": 1},
        "missing": {"database": "nosuch"},
        "password": {"password": "wrong"},
    }
    return elsewhere(url, **changes.get(what, {}))


@pytest.mark.parametrize("what", LACKS)
def test_what_the_database_lacks_is_told_with_what_to_do_in_both_languages(
    _portal: BlockingPortal, database_url: str, empty: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    variables = {}
    if what == "read only":
        monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
        variables = {"WORKER_POOLER": "transaction"}  # which leaves the session's options to libpq
    with served(_portal, empty if what == "bare" else address_of(what, database_url), **variables) as browser:
        for language, words in zip(("en", "vi"), LACKS[what], strict=True):
            browser.client.cookies.set("esms_language", language)
            answer = sign_in(browser)
            assert answer.status_code == 503
            assert words in said(answer)
            assert 'href="/login">' in answer.text  # to try again
            assert not re.search(r"127\.0\.0\.1|SQLSTATE|Traceback|psycopg", answer.text)


def test_a_fault_of_ours_is_told_without_a_trace_of_it_in_the_frame_of_all_pages(
    bench: Bench, app: Any, browsers: Browsers
) -> None:
    if hasattr(app.state, "watch"):
        del app.state.watch
    admin = browsers("admin")
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO report_standing (lane, status, messages) VALUES ('no lane', 'queued', 1)"))
    answer = admin.get("/")
    assert answer.status_code == 500
    assert said(answer).startswith("Lỗi của hệ thống Lỗi đã được ghi trong nhật ký máy chủ.")
    assert "no lane" not in answer.text and "Traceback" not in answer.text
    assert 'href="/users"' in answer.text  # the rooms are there


ROLES: dict[str, Callable[[str], bool]] = {
    "en": lambda told: "It takes the role admin, and yours is operator: ask an admin" in told,
    "vi": lambda told: "vai trò quản trị, vai trò của bạn là vận hành" in told and "admin" not in told,
}


@pytest.mark.parametrize("language", ROLES)
def test_who_may_not_is_told_so_once_and_by_the_words_of_the_page(browsers: Browsers, language: str) -> None:
    browser = browsers("operator")
    browser.client.cookies.set("esms_language", language)
    answer = browser.get("/users")
    assert answer.status_code == 403
    assert ROLES[language](told := said(answer)), told
    assert told.count("ask") + told.count("hãy hỏi") == 1
