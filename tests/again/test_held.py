"""What is held: shown with what there is to decide by, decided about in numbers, and each decision kept for good."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.support import Bench
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
