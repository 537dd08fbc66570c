"""What is held: shown with what there is to decide by, decided about in numbers, and each decision kept for good."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from rich.cells import cell_len
from sqlalchemy import text

from tests.support import Bench, as_producer
from worker import TemplateCall, Ticket
from worker.api.decisions import Answer
from worker.cli import run
from worker.errors import Invalid
from worker.lifecycle import Status


def held(bench: Bench, number: str = "0901000001", campaign: str = "tet", since: str = "now()") -> Ticket:
    ticket = bench.put(TemplateCall(to=number, template_id="9", variables=["An"]), campaign=campaign)
    bench.set(ticket, status="'held'", reason="'test'", in_doubt_since=since, code="'99'")
    return ticket


def test_what_there_is_to_decide_by_is_shown_and_the_decision_is_kept(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    other = bench.put()
    message = bench.message(held(bench))
    bench.set(other, phone="'+84901000001'")
    assert run(["held", "show", message["id"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["notification"] for each in told["others"]] == [str(other.id)]
    assert run(["held", "resolve", message["id"], "--as", "send-again", "--by", "lan", "--why", "no call"]) == 0
    bench.deliver()
    [kept] = bench.notifier.held.evidence(message["id"]).decisions
    assert (kept.by, kept.answer, kept.why) == ("lan", "send-again", "no call")
    assert run(["held", "show", message["id"]]) == 0
    assert "lan decided send-again" in capsys.readouterr().out


def test_many_are_decided_about_at_once_and_counted_before(bench: Bench) -> None:
    old = [held(bench, f"090100000{n}", since="now() - interval '3 hours'") for n in range(2)]
    young, another = held(bench, "0901000008"), held(bench, "0901000009", campaign="sale")
    many = bench.notifier.held.resolve_many
    with pytest.raises(Invalid, match="nothing is chosen"):
        many(Answer.DROP)
    assert many(Answer.DROP, campaign="tet", dry_run=True) == 3
    assert run(["held", "resolve", "--campaign", "tet"]) == 2
    assert many(Answer.NOT_DELIVERED, campaign="tet", older_than=timedelta(hours=2), code="99") == 2
    assert {bench.status(ticket) for ticket in old} == {Status.UNDELIVERED}
    assert {bench.status(ticket) for ticket in (young, another)} == {Status.HELD}


# The command, as a person gives it...


@pytest.fixture
def cli(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`esms-worker held …`: its exit code and what it says."""
    for name, value in {"DATABASE_URL": as_producer(database_url), "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)

    def held_command(*arguments: str) -> tuple[int, str, str]:
        code = run(["held", *arguments])
        return code, *capsys.readouterr()

    return held_command


def test_a_dry_run_of_what_is_held_no_more_decides_nothing_and_says_so(bench: Bench, cli: Any) -> None:
    ticket = held(bench)
    message = bench.message(ticket)["id"]
    decide = ("resolve", message, "--as", "delivered", "--dry-run")
    assert cli(*decide)[:2] == (0, f"dry run: {message} would be ✔ delivered\n")
    would = {"id": message, "as": "delivered", "dry_run": True}
    assert json.loads(cli(*decide, "--json")[1]) == would | {"resolved": True, "status": "delivered"}
    assert bench.status(ticket) == Status.HELD
    bench.notifier.held.resolve(message, Answer.DROP)
    assert cli(*decide)[:2] == (1, f"{message} is not held (any more)\n")
    assert json.loads(cli(*decide, "--json")[1]) == would | {"resolved": False, "status": None}


def test_the_list_tells_campaign_and_code_and_takes_the_choices_of_resolve(bench: Bench, cli: Any) -> None:
    old = held(bench, since="now() - interval '3 hours'")
    held(bench, "0901000002")
    other = held(bench, "0901000003", campaign="sale")
    bench.set(other, code="'199'")
    chosen = {
        ("--campaign", "tet", "--older-than", "2h"): [("tet", "99", str(old.id))],
        ("--code", "199"): [("sale", "199", str(other.id))],
        ("--campaign", "sale", "--code", "99"): [],
    }
    for options, found in chosen.items():
        told = json.loads(cli("list", *options, "--json")[1])
        assert [(each["campaign"], each["code"], each["notification"]) for each in told] == found
    code, shown, _ = cli("list")
    assert (code, shown.count(" tet "), shown.count(" 199 ")) == (0, 2, 1)
    assert cli("list", "--campaign", "sale", "--code", "99")[1] == "Nothing of that is held.\n"


def test_the_list_fits_a_terminal_and_folds_no_word_that_is_shorter_than_a_line(bench: Bench, cli: Any) -> None:
    ticket = held(bench, campaign="sinh nhật tháng mười một " * 4 + "a")
    bench.set(ticket, reason="'no answer came in time'")
    shown = cli("list")[1]
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert all(word in shown for word in ("template_call", "+84901000001", "answer", "tháng"))


def test_more_than_are_shown_are_told(bench: Bench, cli: Any) -> None:
    for n in range(3):
        held(bench, f"090100000{n}")
    assert "more are held" in cli("list", "--limit", "2")[1]
    assert "more are held" not in cli("list", "--limit", "3")[1]


@pytest.mark.parametrize("command", [("list",), ("resolve", "--as", "drop"), ("resolve", "--as", "drop", "--dry-run")])
def test_a_campaign_or_code_that_there_is_not_is_named(bench: Bench, cli: Any, command: tuple[str, ...]) -> None:
    held(bench)
    code, _, err = cli(*command, "--campaign", "tt")
    assert (code, "no message has the campaign 'tt': did you mean 'tet'?" in err) == (1, True)
    code, _, err = cli(*command, "--code", "98765")
    assert (code, err) == (1, "error: code: '98765' is none that eSMS documents: see docs/codes.md, or leave it out\n")
    for option in ("--campaign", "--code", "--older-than"):
        code, _, err = cli(*command, option, "")
        assert (code, err.count("\n"), "Traceback" in err) == (1, 1, False)


def test_a_code_that_eSMS_does_not_document_and_answered_is_one(bench: Bench, cli: Any) -> None:
    bench.set(held(bench), code="'98765'")
    assert cli("resolve", "--code", "98765", "--as", "drop")[:2] == (0, "decided: 1 message(s): drop\n")


@pytest.mark.parametrize(
    "given, field",
    [
        ({"older_than": 5}, "older_than"),
        ({"older_than": timedelta(days=999)}, "older_than"),
        ({"campaign": 5}, "campaign"),
        ({"code": ["99"]}, "code"),
        ({"campaign": ""}, "campaign"),
    ],
)
def test_what_is_chosen_is_checked_in_its_types(bench: Bench, given: dict[str, Any], field: str) -> None:
    for ask in (bench.notifier.held.list, partial(bench.notifier.held.resolve_many, Answer.DROP)):
        with pytest.raises(Invalid) as refused:
            ask(**given)
        assert refused.value.field == field


def test_an_answer_that_there_is_not_and_a_dry_run_that_is_no_boolean_decide_nothing(bench: Bench) -> None:
    message, of = bench.message(held(bench))["id"], bench.notifier.held
    wrong: Any = "yes"
    for ask in (partial(of.resolve, message), partial(of.resolve_many, campaign="tet")):
        with pytest.raises(Invalid, match="answer"):
            ask(wrong)
        with pytest.raises(Invalid, match="dry_run"):
            ask(Answer.DROP, dry_run=wrong)
    assert len(of.list()) == 1


def test_a_dry_run_counts_also_what_somebody_else_has_locked(bench: Bench) -> None:
    held(bench)
    with bench.database.begin() as session:
        session.execute(text("SELECT 1 FROM message FOR UPDATE"))
        assert bench.notifier.held.resolve_many(Answer.DROP, campaign="tet", dry_run=True) == 1
