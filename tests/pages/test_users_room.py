"""*Users*: an admin lets people in and out; each act is a row, and the last admin can't be taken away."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.pages.conftest import Browsers
from tests.support import Bench
from worker.cli import run
from worker.errors import Invalid
from worker.web.pages.keys import key_of


def made(page: str) -> str:
    found = re.search(r'<code id="password">([^<]+)', page)
    assert found
    return found[1]


def test_somebody_is_let_in_given_another_role_and_password_signed_out_locked_and_unlocked(
    browsers: Browsers, bench: Bench
) -> None:
    admin, at = browsers("admin"), f"/users/{key_of('chị Lan')}"
    first = made(admin.post("/users", {"name": "chị Lan", "role": "operator"}).text)
    users = bench.notifier.users
    assert users.sign_in("chị Lan", first, "10.0.0.2")
    assert "chị Lan" in admin.get("/users").text
    assert admin.post(f"{at}/role", {"role": "viewer"}).headers["location"] == f"{at}?done=role"
    assert admin.post(f"{at}/sign-out").status_code == 303
    assert (users.show("chị Lan").role, users.show("chị Lan").sessions) == ("viewer", 0)
    second = made(admin.post(f"{at}/password").text)
    assert second != first and users.sign_in("chị Lan", second, "10.0.0.2")
    admin.post(f"{at}/lock")
    assert users.sign_in("chị Lan", second, "10.0.0.2") is None
    admin.post(f"{at}/unlock")
    assert users.sign_in("chị Lan", second, "10.0.0.2")
    done = [each.what for each in bench.notifier.acts.list(who="admin")]
    expected = ["enable", "disable", "password", "end-sessions", "change", "add", "sign-in"]
    assert done == [f"user.{each}" for each in expected]


def test_what_is_wrong_is_told_beside_the_form_and_who_is_not_there_is_no_page(browsers: Browsers) -> None:
    admin = browsers("admin")
    refused = admin.post("/users", {"name": "admin", "role": "viewer"})
    assert refused.status_code == 422 and "Đã có người dùng" in refused.text
    assert admin.post("/users", {"name": "lan", "role": "boss"}).status_code == 422
    assert admin.get(f"/users/{key_of('nobody')}").status_code == 404


def test_the_last_admin_can_not_be_taken_away_by_anybody(browsers: Browsers, bench: Bench) -> None:
    admin, at = browsers("admin"), f"/users/{key_of('admin')}"
    for answer in (admin.post(f"{at}/role", {"role": "viewer"}), admin.post(f"{at}/lock")):
        assert answer.status_code == 422 and "Là quản trị viên cuối cùng" in answer.text
    assert admin.get("/users").status_code == 200


def test_of_two_admins_who_lock_each_other_out_at_once_one_stays(bench: Bench) -> None:
    users = bench.notifier.users
    for _ in range(5):
        for name in ("an", "binh"):
            users.add(name, "admin") if name not in [each.name for each in users.list()] else users.enable(name)

        def lock(name: str) -> bool:
            try:
                return users.disable(name)
            except Invalid:
                return False

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(lock, ("an", "binh"))) == [False, True]


@pytest.mark.parametrize("command", [["disable", "admin"], ["change", "admin", "--role", "viewer"]])
def test_the_command_line_takes_the_last_admin_no_more_than_the_page(
    bench: Bench,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    bench.notifier.users.add("admin", "admin")
    assert run(["users", *command]) == 1
    assert "is the last admin" in capsys.readouterr().err
    assert run(["users", "enable", "admin"]) == 0 and run(["users", "sign-out", "admin"]) == 0
