"""One rule for what a person types to name something: an id or its beginning, a reference, or a number."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text

from tests.cli.test_cli_commands import SMS, Cli, cli, sent
from tests.support import Bench, otp
from worker import NotFound

__all__ = ["cli"]

LATER = ("--send-date", "2027-03-01T08:00")


def shown(cli: Cli, *arguments: str) -> Any:
    code, out, err = cli("show", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def alone(bench: Bench, notification: str, id_: str) -> None:
    """Give a notification's id, and its message's, a beginning that no other has."""
    with bench.database.begin() as session:
        session.execute(text("ALTER TABLE message DISABLE TRIGGER ALL"))
        session.execute(
            text("UPDATE message SET notification_id = :new, id = :message WHERE notification_id = :old"),
            {"new": id_, "message": "bbbbbbbb" + id_[8:], "old": notification},
        )
        session.execute(text("UPDATE notification SET id = :new WHERE id = :old"), {"new": id_, "old": notification})
        session.execute(text("ALTER TABLE message ENABLE TRIGGER ALL"))


NOTIFICATION, MESSAGE = "aaaaaaaa-0000-7000-8000-000000000001", "bbbbbbbb-0000-7000-8000-000000000001"


@pytest.mark.parametrize("given", [NOTIFICATION, NOTIFICATION[:8], MESSAGE, MESSAGE[:8], MESSAGE[:15], "order-1"])
def test_every_command_takes_an_id_its_beginning_or_a_reference(cli: Cli, bench: Bench, given: str) -> None:
    alone(bench, sent(cli, *SMS, *LATER, "--reference", "order-1")["id"], NOTIFICATION)
    assert shown(cli, given)["id"] == NOTIFICATION
    assert json.loads(cli("status", given, "--json")[1])["id"] == NOTIFICATION
    assert cli("move", given, "--send-date", "2027-03-02T08:00")[0] == 0
    assert cli("cancel", given)[0] == 0
    assert "nothing" not in cli("retry", given)[2]


def test_a_messages_id_shows_that_message_of_its_notification(cli: Cli) -> None:
    ticket = sent(cli, *SMS, "--to", "0901000002")
    one, two = shown(cli, ticket["id"])["messages"]
    assert [each["id"] for each in shown(cli, two["id"])["messages"]] == [two["id"]]
    assert one["id"] != two["id"]


def test_a_number_shows_the_last_message_to_it_and_cancels_nothing(cli: Cli) -> None:
    sent(cli, *SMS, *LATER)
    last = sent(cli, *SMS, *LATER)["id"]
    assert shown(cli, "0901 000 001")["id"] == last
    code, _, err = cli("cancel", "0901000001")
    assert code == 1 and "0901000001" not in err


def test_a_beginning_that_several_have_is_refused(cli: Cli) -> None:
    first, second = (sent(cli, *SMS, *LATER)["id"] for _ in range(2))
    assert first[:8] == second[:8]
    code, out, err = cli("cancel", first[:8])
    assert (code, out) == (1, "") and "names more than one" in err


def held_ids(cli: Cli, bench: Bench, calls: int) -> list[str]:
    for _ in range(calls):
        sent(cli, "record-call", "--to", "0901000005", "--record-id", "2001")
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'held', in_doubt_since = now(), reason = 'in doubt'"))
    return [row["id"] for row in json.loads(cli("held", "list", "--json")[1])]


def test_what_held_list_shows_at_80_columns_can_be_copied_to_held_resolve(
    cli: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = held_ids(cli, bench, 2)
    monkeypatch.setenv("COLUMNS", "80")
    copied = [line.split()[0] for line in cli("held", "list")[1].splitlines() if "record_call" in line]
    assert len(copied) == 2 and all(id_.startswith(short) for id_, short in zip(ids, copied, strict=True))
    for short, id_ in zip(copied, ids, strict=True):
        code, out, _ = cli("held", "resolve", short, "--as", "delivered", "--json")
        assert (code, json.loads(out)["id"]) == (0, id_)


@pytest.mark.parametrize("given", ["0901000005", "beginning", "notification"])
def test_the_only_held_message_is_named_by_little(cli: Cli, bench: Bench, given: str) -> None:
    [id_] = held_ids(cli, bench, 1)
    names = {"beginning": id_[:8], "notification": shown(cli, id_)["id"]}
    assert cli("held", "resolve", names.get(given, given), "--as", "drop")[0] == 0


def test_ids_stand_in_one_piece_at_80_columns(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    id_ = sent(cli, *SMS, "--reference", "a-long-reference-of-a-shop-" * 3)["id"]
    lines = cli("show", id_)[1].splitlines()
    assert any(line.split() == ["id", id_] for line in lines)
    assert any(line.startswith(id_[:8]) and "+84901000001" in line and "queued" in line for line in lines)


def test_no_way_to_name_something_reads_more_than_an_index_finds(bench: Bench) -> None:
    tickets = bench.notifier.enqueue_many([otp(f"09010{n:05}") for n in range(3000)])
    with bench.database.begin() as session:
        session.execute(text("ANALYZE notification, message"))
    plans: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            cursor.execute("EXPLAIN " + statement, parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    engine = bench.notifier._database.engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        for given in (str(tickets[7].id), str(tickets[7].id)[:23], "no-such-reference", "0901000007"):
            _found_or_not(bench, given)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) > 8
    assert not [plan for plan in plans if "Seq Scan" in plan]


def _found_or_not(bench: Bench, given: str) -> UUID | None:
    try:
        return bench.notifier.locate(given, numbers=True).notification
    except NotFound:
        return None
