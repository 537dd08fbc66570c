"""Every attempt that was made for a recipient, as `show`, `why` and HTTP tell it: what came before stays as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support import Bench, as_producer, otp
from worker import Ticket
from worker.api.decisions import Answer
from worker.catalogue import Language
from worker.cli import run
from worker.database import Database
from worker.errors import Invalid
from worker.lifecycle import Lane

NEVER = "0901000002"  # does not arrive


def failed(bench: Bench, **besides: str) -> Ticket:
    """One that did not arrive, and whose price eSMS told."""
    bench.simulator.set(quirks=["unknown_members"])
    ticket = bench.put(otp(NEVER), **besides)
    bench.deliver()
    bench.ask_until(ticket, "undelivered")
    return ticket


def test_show_lists_each_attempt_as_it_ended_and_who_asked_for_the_next(bench: Bench) -> None:
    ticket = failed(bench)
    bench.notifier.retry(ticket.id, by="anna")
    bench.deliver()
    first, second = bench.notifier.show(ticket.id).messages[0].history
    assert (first.generation, first.status, first.asked_by, first.sms_type) == (0, "undelivered", None, 7)
    assert (first.code, first.price) == ("100", Decimal(790))
    assert first.accepted_at and first.settled_at and first.ended_at and first.wanted_at < first.accepted_at
    assert (second.generation, second.status, second.asked_by, second.price) == (1, "accepted", "anna", None)
    assert second.settled_at is second.ended_at is None
    assert len({first.request_id, second.request_id}) == len({first.sms_id, second.sms_id}) == 2


def test_the_command_line_lists_them_too(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    ticket = failed(bench)
    assert run(["retry", str(ticket.id), "--by", "chị Lan"]) == 0
    assert run(["show", str(ticket.id), "--json"]) == 0
    written = capsys.readouterr().out
    told = json.loads(written[written.index("{") :])["messages"][0]["history"]
    assert [(each["status"], each["asked_by"], each["price"] and Decimal(each["price"])) for each in told] == [
        ("undelivered", None, 790),
        ("queued", "chị Lan", None),
    ]
    assert run(["show", str(ticket.id)]) == 0
    shown = capsys.readouterr().out
    assert "attempts for +84901000002" in shown
    assert "chị Lan" in shown


def test_who_asks_is_a_name_that_can_be_told(bench: Bench) -> None:
    ticket = bench.put()
    with pytest.raises(Invalid, match="by: is no usable name"):
        bench.notifier.retry(ticket.id, by="anna\n\x1b[2J")


def test_a_notifier_for_one_source_sees_its_own_attempts(bench: Bench) -> None:
    ticket = failed(bench, source="shop")
    bench.notifier.retry(ticket.id)
    [message] = bench.notifier.of_source("shop").show(ticket.id).messages
    assert [each.status for each in message.history] == ["undelivered", "queued"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.EN, ["It did not arrive: the operator could not deliver it", "anna had it sent again"]),
        (Language.VI, ["Không đến nơi: nhà mạng không chuyển được tới máy người nhận", "anna cho gửi lại"]),
    ],
)
def test_why_tells_how_each_attempt_ended_and_who_wanted_another(
    bench: Bench, language: Language, told: list[str]
) -> None:
    ticket = failed(bench)
    bench.notifier.retry(ticket.id, by="anna")
    bench.deliver()
    bench.ask_until(ticket, "undelivered")
    [story] = bench.notifier.reports.why(ticket.id, language=language).stories
    steps = [step.what for step in story.steps]
    place = steps.index(told[1])
    assert (steps[place - 1], steps.count(told[0]), steps[-1]) == (told[0], 2, told[0])


def test_why_tells_of_a_held_call_that_somebody_had_made_again(bench: Bench, database: Database) -> None:
    ticket = bench.put()
    bench.set(ticket, status="'held'", reason="'test'")
    [message] = bench.messages(ticket)
    bench.notifier.held.resolve(message["id"], Answer.SEND_AGAIN)
    [story] = bench.notifier.reports.why(ticket.id).stories
    assert [step.what for step in story.steps[1:]] == ["It is held: test", "Somebody had it sent again"]


def test_a_pause_between_two_attempts_is_part_of_the_story(bench: Bench) -> None:
    ticket = failed(bench)
    bench.notifier.pause([Lane.URGENT], "the line is cut")
    bench.notifier.retry(ticket.id)
    bench.notifier.resume([Lane.URGENT])
    bench.deliver()
    [story] = bench.notifier.reports.why(ticket.id).stories
    steps = [step.what for step in story.steps]
    again = steps.index("Somebody had it sent again")
    assert steps[again + 1] == "Lane urgent went on"
    assert steps[again + 2].startswith("Sent to eSMS")


def test_a_wait_that_ended_by_its_date_is_none_for_its_turn(bench: Bench) -> None:
    ticket = bench.put(expires_at=datetime.now(UTC) + timedelta(hours=1))
    ago = dict.fromkeys(("created_at", "expires_at", "settled_at"), "now() - interval '2 hours'")
    bench.set(ticket, status="'expired'", **ago)
    bench.notifier.retry(ticket.id)
    [story] = bench.notifier.reports.why(ticket.id).stories
    assert not any("for its turn" in step.what for step in story.steps)
