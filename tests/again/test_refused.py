"""Requests that came by task or SQL and could not be taken: rows that stay, are counted, corrected and sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench
from worker import Notifier
from worker.api.answering import answer
from worker.cli import run
from worker.errors import Invalid, NotFound, Unavailable
from worker.ledger import inbox
from worker.lifecycle import Kind
from worker.settings import Pace, Settings

WRONG = {"to": "12", "content": "Ma: 1234", "sms_type": 7, "source": "shop", "reference": "r1"}


def hand_over(notifier: Notifier, task_id: str | None = None, kind: str = "sms", **besides: Any) -> None:
    """As a task does it."""
    fields = WRONG | besides
    with notifier.refused.kept(kind, fields, task_id=task_id):
        notifier.enqueue_fields(Kind.SMS, fields, late=True)


def whole(bench: Bench) -> Notifier:
    settings = Settings.from_environ({"DATABASE_URL": bench.settings.database_url, "WORKER_REFUSED_WHOLE": "1"})
    return Notifier(settings, database=bench.database)


def test_a_refused_request_is_a_row_with_who_when_field_and_reason_and_without_its_text(bench: Bench) -> None:
    task = "8f4e1f6a-0000-4000-8000-000000000001"
    for _ in range(2):  # Celery may deliver a task twice
        hand_over(bench.notifier, task)
    [row] = bench.notifier.refused.list()
    assert (str(row.id), row.source, row.reference, row.door, row.kind) == (task, "shop", "r1", "task", "sms")
    assert row.field == "to"
    assert row.reason
    assert dict(row.fields) == {"to": "12", "sms_type": 7, "source": "shop", "reference": "r1"}
    [count] = bench.notifier.refused.count(source="shop")
    assert (count.requests, count.field) == (1, "to")


def test_it_is_sent_corrected_under_its_reference_and_once(bench: Bench) -> None:
    hand_over(whole(bench))
    [row] = bench.notifier.refused.list()
    with pytest.raises(Invalid, match="to: "):
        bench.notifier.refused.send(row.id)
    ticket = bench.notifier.refused.send(row.id, to="0901000001")
    assert bench.notifier.find("r1", "shop") == ticket.id
    with pytest.raises(NotFound, match="no refused request"):
        bench.notifier.refused.send(row.id, to="0901000001")
    bench.deliver()
    assert [content for _, content in bench.simulator.ledger().sms] == ["Ma: 1234"]
    assert bench.notifier.refused.list() == []


def test_whose_text_was_not_kept_is_asked_for_it(bench: Bench) -> None:
    hand_over(bench.notifier)
    [row] = bench.notifier.refused.list()
    with pytest.raises(Invalid, match="content: is missing"):
        bench.notifier.refused.send(row.id, to="0901000001")
    assert bench.notifier.refused.send(row.id, to="0901000001", content="Ma: 9").messages == 1


@pytest.mark.parametrize(
    "besides",
    [
        {"x\0" * 5000: 1},
        {"to": "\0"},
        {"to": "\ud800"},
        {"to": 2**70},
        {"source": "\0" * 300},
        {"campaign": "x" * 99_999},
    ],
)
def test_whatever_a_stranger_hands_over_a_row_is_kept_and_none_is_an_error_of_ours(
    bench: Bench, besides: dict[str, Any]
) -> None:
    hand_over(bench.notifier, **besides)
    [row] = bench.notifier.refused.list()
    assert len(row.reason) <= 500


def test_of_a_contact_nothing_is_kept_but_why(bench: Bench) -> None:
    hand_over(bench.notifier, kind="contact")
    [row] = bench.notifier.refused.list()
    assert (row.kind, row.fields) == ("contact", {})
    with pytest.raises(Invalid, match="nothing is kept"):
        bench.notifier.refused.send(row.id)


def test_while_postgres_is_away_it_goes_back_to_the_broker(bench: Bench) -> None:
    with pytest.raises(Unavailable), bench.notifier.refused.kept("sms", WRONG, task_id=None):
        raise Unavailable("Postgres", "is away", "wait")
    assert bench.notifier.refused.list() == []


def test_it_is_kept_as_long_as_its_setting_says(bench: Bench) -> None:
    hand_over(bench.notifier)
    pace = Pace.from_environ({"WORKER_REFUSED_KEPT": str(2 * 86400), "WORKER_EVENTS_KEPT": "3600"})
    for days, left in ((1, 1), (3, 0)):
        with bench.database.begin() as session:
            session.execute(text(f"UPDATE inbox SET at = now() - interval '{days} days'"))
            inbox.clear_inbox(session, kept=pace.events_kept, refused_kept=pace.refused_kept)
        assert len(bench.notifier.refused.list()) == left


def test_who_asks_by_task_is_told_where_it_stands_or_why_it_was_refused_and_no_number(bench: Bench) -> None:
    with pytest.raises(NotFound):
        answer(bench.notifier, {"reference": "r1", "source": "shop"})
    hand_over(bench.notifier)
    told = answer(bench.notifier, {"reference": "r1", "source": "shop"})
    assert (told["id"], told["refused"]["field"]) == (None, "to")
    hand_over(bench.notifier, to="0901000001")
    told = answer(bench.notifier, {"reference": "r1", "source": "shop"})
    assert [each["status"] for each in told["messages"]] == ["queued"]
    assert "901000001" not in json.dumps(told)
    with pytest.raises(Invalid, match="to: is no field"):
        answer(bench.notifier, {"to": "0901000001"})


def test_the_commands_list_count_and_send(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "250")
    hand_over(bench.notifier)
    assert run(["refused", "list", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["requests"]
    assert "fields" not in row
    assert run(["refused", "list", "--content"]) == 0
    assert "to=12" in capsys.readouterr().out
    assert run(["report", "refused", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["requests"] == 1
    assert run(["refused", "send", row["id"], "--to", "0901000001"]) == 1
    assert "content: is missing" in capsys.readouterr().err
    assert run(["refused", "send", row["id"], "--to", "0901000001", "--content", "Ma: 1"]) == 0
    assert run(["report", "refused"]) == 1
