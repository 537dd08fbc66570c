"""Send again: chosen exactly, seen before, corrected, and many only once the first have gone well."""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.failing import failed, many, queued, rejected
from tests.ledger.test_ledger_plans import undone
from tests.support import Bench, otp
from worker import Sms, TemplateCall
from worker.again import Corrected, Failed
from worker.errors import Invalid, NotFound
from worker.ledger import Chosen, Left
from worker.lifecycle import Status

DAY = {"day": date(2026, 11, 29)}


@pytest.mark.parametrize(
    ("which", "moved"),
    [
        ({}, 4),
        ({"status": "rejected"}, 2),
        ({"status": ["rejected", "expired"]}, 2),
        ({"code": ["99", "118"]}, 2),
        ({"network": "Viettel"}, 1),
        ({"to": "0901 000 003"}, 1),
        ({"most": 3}, 3),
        ({"since": "now"}, 0),
        ({"until": "now"}, 4),
    ],
)
def test_what_failed_of_a_campaign_is_chosen_exactly(bench: Bench, which: dict[str, Any], moved: int) -> None:
    rejected(bench, "0901000001", "118")
    rejected(bench, "0901000002", "99")
    failed(bench, "0901000003", network="'VIETTEL'")
    failed(bench, "0901000004")
    failed(bench, "0901000005", campaign="sale")
    bench.set(failed(bench, "0901000006"), status="'delivered'")
    with bench.database.begin() as session:
        now = session.scalar(text("SELECT clock_timestamp()"))
    which = {name: now if value == "now" else value for name, value in which.items()}
    decided = bench.notifier.again.retry(Failed(campaign="tet", **which))
    assert decided.moved == moved
    assert sum(decided.others.values()) == 5 - moved


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ({"campaign": "tet", "status": "accepted"}, "status: what is accepted may still arrive: use expired,"),
        ({"campaign": "tet", "status": "delivered"}, "status: what is delivered has not failed"),
        ({"campaign": "tet", "status": "held"}, "status: what is held waits for `held resolve`"),
        ({"campaign": "tet", "code": "77777"}, "code: '77777' is none that eSMS documents"),
        ({"campaign": "tet", "most": 0}, "most: is out of range"),
        ({}, "campaign: is missing, and so are ids"),
        ({"campaign": ""}, "campaign: is missing, and so are ids"),
        ({"campaign": "tét"}, "no message has the campaign 'tét': did you mean 'tet'"),
        ({"ids": ["nobody-knows-it"]}, "'nobody-knows-it' is no id of anything here"),
    ],
)
def test_what_can_not_be_chosen_is_one_clear_line(bench: Bench, which: dict[str, Any], told: str) -> None:
    bench.put(campaign="tet")
    for ask in (bench.notifier.again.retry, bench.notifier.again.foresee):
        with pytest.raises((Invalid, NotFound)) as error:
            ask(Failed(**which))
        assert told in str(error.value)


def test_what_may_still_arrive_is_told_with_its_count(bench: Bench) -> None:
    ticket = bench.put(otp(["0901000001", "0901000011"]))
    bench.deliver()
    outlook = bench.notifier.again.foresee(Failed(ids=[ticket.id]))
    assert (outlook.messages, dict(outlook.may_arrive)) == (0, {Status.ACCEPTED: 2})
    assert dict(bench.notifier.retry(ticket.id).others) == {Status.ACCEPTED: 2}


def test_of_a_large_campaign_the_sums_tell_where_what_did_not_fail_stands(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("worker.ledger.outlook"), "COUNTED", 1)
    bench.set(failed(bench, "0901000001"), status="'delivered'")
    rejected(bench, "0901000002", "99")
    failed(bench, "0901000003")
    bench.roll_up()
    decided = bench.notifier.again.retry(Failed(campaign="tet", status="undelivered"))
    assert (decided.moved, decided.others) == (1, {Status.DELIVERED: 1, Status.REJECTED: 1})


def test_of_a_large_campaign_whose_rest_follows_all_that_still_failed_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("worker.ledger.outlook"), "COUNTED", 1)
    many(bench, 103)
    rejected(bench, "0901000001", "99")
    failed(bench, "0901000002", campaign="sale")
    decided = bench.notifier.again.retry(Failed(campaign="tet", status="undelivered"))
    assert (decided.moved, decided.rest, decided.others) == (100, 3, {Status.UNDELIVERED: 3, Status.REJECTED: 1})


def test_before_it_is_sent_it_is_seen_what_it_would_do(bench: Bench) -> None:

    with bench.database.begin() as session:
        session.execute(text("DELETE FROM price"))
        session.execute(
            text("INSERT INTO price (sms_type, network, valid_from, dong) VALUES (7, '', '2020-01-01', 500)")
        )
    rejected(bench, "0901000001", "104")
    failed(bench, "0901000003")
    failed(bench, "0901000004", generation="5")
    again_before = failed(bench, "0901000005", campaign="before")
    bench.notifier.retry(again_before.id)
    bench.set(again_before, status="'delivered'")
    outlook = bench.notifier.again.foresee(Failed(campaign="tet"))
    lines = {line.alike.code: line for line in outlook.lines}
    assert (lines["104"].helps, lines["100"].helps) == (False, True)
    assert "brandname" in lines["104"].remedy
    assert lines["100"].alike.before and lines["104"].alike.before is None
    assert (lines["100"].alike.before.ended, lines["100"].alike.before.delivered) == (1, 1)
    assert (outlook.messages, outlook.segments, int(outlook.dong or 0), outlook.helpless) == (3, 2, 1000, 1)
    assert dict(outlook.left) == {Left.LIMIT: 1}
    corrected = Corrected(brandname="other", sms_type=2)
    assert bench.notifier.again.foresee(Failed(campaign="tet"), corrected=corrected).helpless == 0
    assert bench.notifier.again.retry(Failed(campaign="tet")).left == {Left.LIMIT: 1}


def test_what_it_would_do_is_read_from_the_index_of_what_failed_alone(bench: Bench) -> None:
    outlook = import_module("worker.ledger.outlook")._outlook("campaign").text
    with bench.database.begin() as session:
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        plan = session.scalars(text(f"EXPLAIN {outlook}"), Chosen(campaign="tet").parameters() | DAY)
        assert "Index Only Scan using message_failed_idx on message" in "".join(plan)


def test_what_the_requests_of_a_campaign_say_is_read_along_their_index_in_one_go(bench: Bench) -> None:
    module = import_module("worker.ledger.outlook")
    with undone(bench.database) as session:
        session.execute(text("TRUNCATE notification CASCADE"))  # what other tests took away stands in its pages still
        session.execute(module._ALONG)
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        statement = text(f"EXPLAIN {module._outlook('campaign').text}")
        plan = "".join(session.scalars(statement, Chosen(campaign="tet").parameters() | DAY))
    assert plan.count("Nested Loop") == plan.count("WorkTable Scan")  # but along the chain of one that is sent again
    assert "Index Scan using notification_pkey" in plan
    assert "(id = ANY (" in plan


def test_who_opted_out_of_it_is_counted_before(bench: Bench) -> None:
    ticket = bench.put(Sms(to="0901000009", content="Giam gia", sms_type=3))
    bench.set(ticket, status="'expired'", settled_at="now()")
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO opt_out (phone, source) VALUES ('+84901000009', 'test')"))
    assert dict(bench.notifier.again.foresee(Failed(ids=[ticket.id])).left) == {Left.OPTED_OUT: 1}


# Corrected...


def test_a_corrected_request_takes_the_place_of_the_old_one_and_both_are_shown(bench: Bench) -> None:
    ticket = rejected(bench, "0901000001", "104")
    correct = Corrected(content="Ma moi: 9", sms_type=4)
    assert bench.notifier.retry(ticket.id, corrected=correct, by="lan").moved == 1
    old = bench.message(ticket)
    assert (old["status"], old["code"]) == ("rejected", "104")
    new = bench.notifier.show(bench.notifier.locate(str(old["replaced_by"])).notification)
    [message] = new.messages
    assert (new.content, new.campaign, message.phone, message.lane) == ("Ma moi: 9", "tet", "+84901000001", "normal")
    assert (str(message.replaces), message.history[-1].generation) == (old["id"], 1)
    assert message.history[-1].asked_by == "lan"
    bench.deliver()
    assert len(bench.simulator.sends()) == 1
    assert bench.notifier.retry(ticket.id).moved == 0
    assert bench.notifier.again.foresee(Failed(campaign="tet")).messages == 0


def test_one_recipient_is_reached_at_another_number(bench: Bench) -> None:
    ticket = failed(bench)
    assert bench.notifier.retry(ticket.id, corrected=Corrected(to="0902 000 007")).moved == 1
    new = bench.notifier.locate(str(bench.message(ticket)["replaced_by"])).notification
    assert [each.phone for each in bench.notifier.show(new).messages] == ["+84902000007"]
    failed(bench, "0901000003"), failed(bench, "0901000004")
    with pytest.raises(Invalid, match="to: is one number, and 2 failed messages are chosen"):
        bench.notifier.retry_campaign("tet", corrected=Corrected(to="0902000007"))


def test_a_call_is_made_from_another_template_and_has_no_text(bench: Bench) -> None:
    ticket = bench.put(TemplateCall(to="0901000001", template_id="9", variables=["An"]))
    bench.set(ticket, status="'rejected'", code="'104'", settled_at="now()")
    assert bench.notifier.retry(ticket.id, corrected=Corrected(content="x")).left == {Left.UNFIT: 1}
    assert bench.notifier.retry(ticket.id, corrected=Corrected(template="10")).moved == 1


def test_a_correction_that_can_not_be_sent_changes_nothing_and_says_why(bench: Bench) -> None:
    ticket = failed(bench)
    with pytest.raises(Invalid, match="content: makes 33 SMS"):
        bench.notifier.retry(ticket.id, corrected=Corrected(content="x" * 5000))
    assert bench.message(ticket)["replaced_by"] is None


def test_advertising_that_few_missed_goes_out_with_others_of_the_same_text(bench: Bench) -> None:
    for half in (range(100, 120), range(200, 220)):
        ticket = bench.put(Sms(to=[f"0902000{n}" for n in half], content="Sale", sms_type=1), campaign="sale")
        bench.set(ticket, status="'delivered'", settled_at="now()")
        with bench.database.begin() as session:
            ten = "SELECT id FROM message WHERE notification_id = :id LIMIT 11"
            session.execute(text(f"UPDATE message SET status = 'undelivered' WHERE id IN ({ten})"), {"id": ticket.id})
    assert bench.notifier.again.foresee(Failed(ids=[ticket.id])).too_few == 11
    assert bench.notifier.retry(ticket.id).left == {Left.TOO_FEW: 11}
    assert bench.notifier.again.foresee(Failed(campaign="sale")).too_few == 0
    assert bench.notifier.retry_campaign("sale").moved == 22
    bench.deliver()
    assert [len(send["phones"]) for send in bench.simulator.sends()] == [22]


def test_the_way_out_that_few_are_offered_is_one(bench: Bench, cli: Any) -> None:
    ticket = bench.put(Sms(to=[f"0902000{n}" for n in range(100, 120)], content="Sale", sms_type=1), campaign="sale")
    bench.set(ticket, status="'delivered'", settled_at="now()")
    with bench.database.begin() as session:
        five = "SELECT id FROM message LIMIT 5"
        session.execute(text(f"UPDATE message SET status = 'undelivered' WHERE id IN ({five})"))
    _, told, _ = cli("retry", "--campaign", "sale", "--yes")
    [way_out] = re.findall(r"--sms-type (\d)", told)
    assert cli("retry", "--campaign", "sale", "--sms-type", way_out, "--yes")[0] == 0
    assert queued(bench) == 5


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_no_calendar_here_has_is_one_clear_line(cli: Any, day: str) -> None:
    code, _, err = cli("retry", "--campaign", "tet", "--until", day)
    assert (code, "check the year" in err) == (2, True)
