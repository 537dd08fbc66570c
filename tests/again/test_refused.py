"""Requests that came by task or SQL and could not be taken: rows that stay, are counted, corrected and sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench, as_producer
from worker import Notifier
from worker.api.answering import answer
from worker.catalogue.problems import in_vietnamese
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


def test_a_conflict_over_a_reference_names_the_field_once(bench: Bench, command: Any) -> None:
    bench.put(reference="r1", source="shop")
    hand_over(bench.notifier, to="0901000009")
    [row] = bench.notifier.refused.list()
    assert (row.field, row.reason.partition(" already")[0]) == ("reference", "'r1' of source 'shop'")
    assert "reference: reference" not in command("list")[1]
    assert in_vietnamese(row.reason).startswith("'r1' của nguồn 'shop' đã dùng")
    assert in_vietnamese(f"reference: {row.reason}").startswith("reference: 'r1' của nguồn")  # kept by a former version


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


# What is wrong with what was to follow...

FALLBACK = {"kind": "template_call", "template_id": "9", "variables": ["1"]}
SELECT_FOLLOWS = text("SELECT follow_up IS NOT NULL FROM notification ORDER BY reference")
GOOD: dict[str, Any] = {"to": "0901000001"}


@pytest.fixture
def command(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`esms-worker refused …`: its exit code and what it says."""
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    monkeypatch.setenv("COLUMNS", "250")

    def refused_command(*arguments: str) -> tuple[int, str, str]:
        code = run(["refused", *arguments])
        return code, *capsys.readouterr()

    return refused_command


def test_one_is_named_by_the_beginning_of_its_id_or_its_reference(bench: Bench, command: Any) -> None:
    hand_over(bench.notifier, reference="r1")
    hand_over(bench.notifier, reference="r2")
    last, first = bench.notifier.refused.list()
    listed = command("list")[1]
    short = next(word for word in listed.split() if len(word) > 7 and str(first.id).startswith(word))
    code, told, _ = command("show", short)
    assert (code, str(first.id) in told, "to: " in told, "12" in told.splitlines()[-1]) == (0, True, True, False)
    assert "to=12" in command("show", "r2", "--content")[1]
    shown = json.loads(command("show", str(last.id), "--json")[1])
    assert (shown["id"], shown["reference"], "fields" in shown) == (str(last.id), "r2", False)
    code, _, err = command("show", str(first.id)[:8])
    assert (code, err.count("\n")) == (1, 1)
    assert command("show", "nobody")[::2] == (
        1,
        "error: 'nobody' names no refused request: `esms-worker refused list` shows them\n",
    )
    assert command("send", "r1", "--to", "0901000001", "--content", "Ma: 1")[0] == 0


def test_what_is_still_wrong_is_told_without_a_place_among_many(bench: Bench, command: Any) -> None:
    hand_over(whole(bench))
    [row] = bench.notifier.refused.list()
    with pytest.raises(Invalid, match=r"^to: ") as refused:
        bench.notifier.refused.send(row.id)
    assert refused.value.item is None
    assert command("send", "r1")[2].startswith("error: to: ")


def test_a_wrong_fallback_is_mended_or_left_out(bench: Bench, command: Any) -> None:
    wrong: dict[str, Any] = {"fallback": FALLBACK | {"bogus": 1}, "fallback_after": "5m"}
    for reference in ("r1", "r2"):
        hand_over(bench.notifier, **GOOD, **wrong, reference=reference)
    last, _ = bench.notifier.refused.list()
    assert (last.field, last.fields["fallback"]) == ("fallback.bogus", None)
    text = ("--content", "Ma: 1")
    code, _, err = command("send", "r1", *text)
    assert (code, err) == (1, "error: fallback: was not kept: give it again, or say to send it without\n")
    assert command("send", "r1", *text, "--fallback-call", "9", "--fallback-var", "1")[0] == 0
    assert command("send", "r2", *text, "--without", "fallback")[0] == 0
    with bench.database.begin() as session:
        follows = session.execute(SELECT_FOLLOWS).scalars().all()
    assert follows == [True, False]


def test_a_wrong_retry_is_mended_or_left_out(bench: Bench, command: Any) -> None:
    for reference in ("r1", "r2"):
        hand_over(bench.notifier, **GOOD, retry_undelivered={"times": 99}, reference=reference)
    text = ("--content", "Ma: 1")
    assert "retry_undelivered.times: is out of range" in command("send", "r1", *text)[2]
    assert command("send", "r1", *text, "--retry-undelivered", "2x1h")[0] == 0
    code, _, err = command("send", "r2", *text, "--without", "retry")
    assert (code, "retry: is no field of sms: " in err) == (1, True)
    assert command("send", "r2", *text, "--without", "retry_undelivered")[0] == 0


def test_a_call_whose_variables_were_not_kept_is_not_made_without_them(bench: Bench) -> None:
    fields = {"to": "12", "template_id": "9", "variables": ["An"], "source": "shop", "reference": "r1"}
    with bench.notifier.refused.kept("template_call", fields, task_id=None):
        bench.notifier.enqueue_fields(Kind.TEMPLATE_CALL, fields, late=True)
    [row] = bench.notifier.refused.list()
    with pytest.raises(Invalid, match="variables: was not kept"):
        bench.notifier.refused.send(row.id, to="0901000001")
    assert bench.notifier.refused.send(row.id, to="0901000001", variables=["An"]).messages == 1


def test_what_is_left_out_is_a_list_of_its_fields(bench: Bench) -> None:
    hand_over(bench.notifier)
    [row] = bench.notifier.refused.list()
    wrong: Any = "fallback"
    with pytest.raises(Invalid, match="without: is str, not a list"):
        bench.notifier.refused.send(row.id, without=wrong)
