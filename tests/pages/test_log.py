"""Who did what, by whichever door they came: written down where it is done, read by page and command."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.conftest import Browsers
from tests.pages.test_page_users import acts
from tests.support import Bench, as_producer, otp
from worker import api
from worker.actor import Actor, Via, acting
from worker.catalogue.acts import ACTS, SUBJECTS
from worker.cli import run

NOTED = re.compile(r"""(?:note_act\(\s*\w+, |Act\(|_changed\()"([a-z._-]+)\"""")
BY_ITS_NAME = {f"{of}.{what}" for of in ("message", "campaign", "sweep") for what in ("cancel", "move")}  # put together


def test_every_act_that_is_written_down_has_words_and_every_word_is_an_act() -> None:
    written = "".join(path.read_text() for path in Path(api.__path__[0]).rglob("*.py"))
    assert set(NOTED.findall(written)) | BY_ITS_NAME == set(ACTS)
    assert set(subjects()) <= set(SUBJECTS)
    assert all(text.en and text.vi for text in (ACTS | SUBJECTS).values())


def subjects() -> Iterator[str]:
    """What acts are about, by the names of the sources."""
    for path in Path(api.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                "note_act",
                "Act",
                "_changed",
            ):
                yield from (each.arg for each in node.keywords if each.arg)


@pytest.fixture
def terminal(database_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    monkeypatch.setenv("LOGNAME", "minh")
    return bench


def test_commands_are_acts_of_who_gives_them_and_audit_list_shows_them(
    terminal: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = terminal.put(otp(), campaign="tết")  # by a program, which is nobody
    for command in (["pause", "--campaign", "tết"], ["resume", "--campaign", "tết"], ["cancel", str(ticket.id)]):
        assert run(command) == 0
    capsys.readouterr()
    assert run(["audit", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["who"], each["via"], each["what"], each["how_many"]) for each in found] == [
        ("minh", "command line", "message.cancel", 1),
        ("minh", "command line", "campaign.resume", 1),
        ("minh", "command line", "campaign.pause", 1),
    ]
    assert found[0]["subject"] == {"notification": str(ticket.id)}
    assert run(["audit", "list", "--what", "campaign.pause", "--who", "minh"]) == 0
    assert "tết" in capsys.readouterr().out
    assert run(["audit", "list", "--what", "nothing"]) == 1


def test_no_number_and_no_text_is_in_an_act(terminal: Bench) -> None:
    command = ["send", "sms", "--to", "0901234567", "--content", "Chao chi Lan", "--sms-type", "7"]
    assert run(command) == 0
    terminal.notifier.contacts.upsert(key="0901234567", phones=["0901234567"], name="Lan")
    assert run(["contacts", "opt-out", "0901234567"]) == 0
    assert [row[3] for row in acts(terminal)] == ["message.send", "contact.opt-out"]
    assert not re.search(r"901234567|Lan", repr(acts(terminal)))


def test_an_act_over_many_transactions_is_one_line_with_all_that_it_changed(bench: Bench) -> None:
    for n in range(3):
        bench.put(otp(f"090100000{n}"), campaign="tết")
    with acting(Actor("lan", Via.PAGE, "10.0.0.1")):
        bench.notifier.cancel_campaign("tết")
    [act] = bench.notifier.acts.list()
    assert (act.what, act.how_many, dict(act.subject)) == ("campaign.cancel", 3, {"campaign": "tết"})


def test_the_log_is_paged_and_chosen_by_person_and_act_and_names_of_theirs_do_nothing(
    browsers: Browsers, bench: Bench
) -> None:
    browser = browsers("admin")
    for n in range(60):
        with acting(Actor("<b>lan</b>" if n % 2 else "minh", Via.HTTP, "10.0.0.1")):
            bench.notifier.pause_campaign(f"<script>{n}</script>")
    page = browser.get("/log").text
    assert page.count("<tr>") == 51 and "<b>lan</b>" not in page and "<script>5" not in page
    older = re.search(r'href="(/log\?[^"]*before[^"]*)"', page)
    assert older
    assert browser.get(older[1].replace("&amp;", "&")).text.count("<tr>") == 1 + 61 - 50  # with who signed in
    assert browser.get("/log?who=minh").text.count("<tr>") == 31
    assert browser.get("/log?what=user.sign-in").text.count("<tr>") == 2
