"""Delivery over real HTTP: what each of eSMS's stories does to a message, and what is never sent twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import event, text

from tests import canary
from tests.support import Bench, eventually, otp
from worker import RecordCall, Sms, SmsType, TemplateCall, Unavailable, ledger
from worker.delivery import Breaker
from worker.esms import Client, Credentials
from worker.intake import Request
from worker.lifecycle import Lane
from worker.limiter import Limiter
from worker.maintenance import probe_pauses, watch_balance
from worker.settings import Rates


def sms(to: str) -> Request:
    return otp(to)


def call(to: str) -> Request:
    return RecordCall(to=to, record_id="2001")


NOBODY = "http://127.0.0.1:1/MainService.svc"

# The last digits of the number pick what the simulator does; `bench` waits two seconds for an answer.
AFTER_ONE_SEND = [
    (sms, "001", "accepted", "100"),
    (sms, "003", "rejected", "146"),
    (sms, "005", "unconfirmed", None),
    (sms, "006", "unconfirmed", None),
    (sms, "007", "unconfirmed", None),
    (sms, "008", "unconfirmed", None),
    (sms, "013", "unconfirmed", None),
    (sms, "014", "unconfirmed", None),
    (sms, "015", "accepted", "100"),
    (sms, "016", "unconfirmed", "99"),
    (sms, "018", "queued", "103"),
    (call, "001", "accepted", "100"),
    (call, "003", "rejected", "106"),
    (call, "005", "unconfirmed", None),
    (call, "006", "unconfirmed", None),
]


@pytest.mark.parametrize(("kind", "plot", "status", "code"), AFTER_ONE_SEND)
def test_each_answer_leads_to_its_status(
    bench: Bench, kind: Callable[[str], Request], plot: str, status: str, code: str | None
) -> None:
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(kind("0901000" + plot))
    bench.deliver()
    message = bench.message(ticket)
    assert (message["status"], message["code"]) == (status, code)
    [request] = message["requests"]
    assert request["outcome"] == status
    assert request["code"] == code


def test_lanes_in_which_nothing_waits_are_not_claimed_from(bench: Bench) -> None:
    asked: set[str] = set()
    note = lambda _, __, ___, values, *____: asked.add(values.get("lane", ""))  # noqa: E731 — an event's signature
    bench.put(sms("0901000001"))
    event.listen(bench.workers.engine, "before_cursor_execute", note)
    bench.deliver()
    event.remove(bench.workers.engine, "before_cursor_execute", note)
    assert asked - {""} == {"urgent"}


@pytest.mark.parametrize("plot", ["005", "006", "007", "008", "013", "014", "016"])
def test_an_sms_in_doubt_is_asked_again_until_eSMS_has_it_and_reaches_nobody_twice(bench: Bench, plot: str) -> None:
    number = "0901000" + plot
    ticket = bench.put(sms(number))
    eventually(lambda: bench.deliver() or bench.status(ticket) == "accepted")
    message = bench.message(ticket)
    ledger_of_esms = bench.simulator.ledger()
    assert ledger_of_esms.sms == {(number, "Ma: 1234"): 1}
    assert set(ledger_of_esms.requests) == {message["request_id"]}
    assert ledger_of_esms.requests[message["request_id"]] == message["attempts"] >= 2


def test_a_call_whose_answer_is_lost_is_dialled_once_and_ends_with_a_person(bench: Bench) -> None:
    ticket = bench.put(call("0901000005"))
    for _ in range(3):
        bench.deliver()
        bench.look_after_ledger()
    assert bench.status(ticket) == "held"
    assert bench.simulator.ledger().calls == {"0901000005": 1}


def test_nothing_listening_means_not_taken_and_a_later_try_under_the_same_request_id(bench: Bench) -> None:
    with Client(Credentials("k", "s"), rest_url=NOBODY, voice_url=NOBODY) as client:
        bench.client, bench.sending = client, client.open_exchange()
        ticket = bench.put()
        before = bench.message(ticket)["due_at"]
        bench.deliver()
    message = bench.message(ticket)
    assert message["status"] == "queued"
    assert message["request_id"] is not None
    assert message["due_at"] > before  # its wait is drawn, and may be a moment


def test_wrong_keys_pause_the_lane_spend_nothing_and_a_probe_lets_it_go_on(bench: Bench) -> None:
    tickets = [bench.put(otp(f"090100{n:04d}")) for n in range(1100, 1103)]
    bench.simulator.set(api_key="another-key")
    bench.deliver()
    assert {bench.status(ticket) for ticket in tickets} == {"queued"}
    with bench.database.begin() as session:
        [pause] = ledger.paused(session)
        assert (pause.lane, pause.code) == (Lane.URGENT, "101")
    bench.simulator.set(api_key=canary.API_KEY)
    probe(bench)
    bench.deliver()
    assert {bench.status(ticket) for ticket in tickets} == {"accepted"}
    assert bench.simulator.ledger().twice() == {}


def probe(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("UPDATE pause SET probe_at = now()"))
    probe_pauses(bench.database, bench.client, bench.pace)


def test_a_probe_with_wrong_keys_leaves_the_lane_paused(bench: Bench) -> None:
    bench.put()
    bench.simulator.set(api_key="another-key")
    bench.deliver()
    probe(bench)
    with bench.database.begin() as session:
        assert len(ledger.paused(session)) == 1


def test_a_refused_attempt_and_the_next_one_never_share_a_request_id(bench: Bench) -> None:
    ticket = bench.put(sms("0901000018"))  # the balance is too low twice
    seen = set()
    for _ in range(3):
        bench.deliver()
        seen |= {request["code"] for request in bench.message(ticket)["requests"]}
        with bench.database.begin() as session:
            ledger.lift(session, list(Lane), by="test")
    assert bench.status(ticket) == "accepted"
    assert len(bench.simulator.ledger().requests) == 3


def test_advertising_is_one_request_whose_messages_share_its_ids(bench: Bench) -> None:
    numbers = [f"090200{n:04d}" for n in range(100, 130)]
    ticket = bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    messages = bench.messages(ticket)
    assert {message["status"] for message in messages} == {"accepted"}
    assert len({(message["sms_id"], message["request_id"]) for message in messages}) == 1
    assert all(len(message["requests"]) == 1 for message in messages)
    assert len(bench.simulator.ledger().requests) == 1


def test_a_stop_hands_back_what_was_claimed_and_records_what_was_in_flight(bench: Bench) -> None:
    bench.simulator.set(latency=0.5)
    bench.pace = replace(bench.pace, sends_in_flight=16)
    bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1190))
    asked = 0

    def stopping() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    assert bench.deliver(stopping=stopping)
    statuses = everything(bench)
    assert set(statuses) == {"accepted", "queued"}
    assert statuses["accepted"] == len(bench.simulator.ledger().sms)


def everything(bench: Bench) -> dict[str, int]:
    with bench.database.begin() as session:
        counted = session.execute(text("SELECT status, count(*) AS n FROM message GROUP BY status"))
        return {row.status: row.n for row in counted}


def test_answers_are_recorded_though_postgres_drops_every_connection_meanwhile(bench: Bench) -> None:
    bench.simulator.set(latency=0.5)
    bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1120))
    delivering = Thread(target=bench.deliver)
    delivering.start()
    eventually(lambda: everything(bench).get("sending"))
    for _ in range(3):
        drop_connections(bench)
    delivering.join()
    bench.disconnect()  # of who has not noticed
    assert everything(bench) == {"accepted": 20}
    assert bench.simulator.ledger().twice() == {}


def drop_connections(bench: Bench) -> None:
    """Our own is closed too: that it ends in an error is the point."""
    with suppress(Unavailable), bench.database.begin() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()")
        )


def test_a_hundred_messages_of_all_kinds_go_out_once_each(bench: Bench) -> None:
    for n in range(100, 134):
        bench.put(otp(f"0901000{n}"))
        bench.put(TemplateCall(to=f"0902000{n}", template_id="1001", variables=["Lan"]))
        bench.put(RecordCall(to=f"0903000{n}", record_id="2001"))
    bench.deliver()
    found = bench.simulator.ledger()
    assert (len(found.sms), len(found.calls)) == (34, 68)
    assert found.twice() == {}
    assert everything(bench) == {"accepted": 102}


def test_a_send_date_that_is_handed_over_goes_to_esms_at_once_in_its_own_format(bench: Bench) -> None:
    when = datetime.now(UTC) + timedelta(days=2)
    tickets = [
        bench.put(sms("0901000001"), send_date=when, hand_over=True),
        bench.put(call("0901000001"), send_date=when, hand_over=True),
    ]
    bench.deliver()
    assert {bench.status(ticket) for ticket in tickets} == {"accepted"}
    assert bench.simulator.stats()["mistakes"]["count"] == 0
    assert all(send["status"] in (1, 2) for send in bench.simulator.sends())


def test_a_sandbox_for_everything_lets_no_call_out(bench: Bench) -> None:
    ticket = bench.put(call("0901000001"))
    bench.settings = replace(bench.settings, sandbox=True)
    bench.deliver()
    message = bench.message(ticket)
    assert message["status"] == "rejected"
    assert "sandbox" in message["reason"]
    assert bench.simulator.ledger().calls == {}


@pytest.mark.parametrize("dialect", ["namespace", "plain"])
def test_all_kinds_go_out_and_are_settled_in_xml(bench: Bench, dialect: str) -> None:
    bench.simulator.set(xml=dialect)
    with bench.client_with(format="xml") as bench.client:
        bench.sending, bench.asking = bench.client.open_exchange(), bench.client.open_exchange()
        kinds = [
            sms("0901000001"),
            call("0902000001"),
            TemplateCall(to="0903000001", template_id="1001", variables=["Lan"]),
        ]
        tickets = [bench.put(kind) for kind in kinds] + [bench.put(sms("0904000003"))]
        bench.deliver()
        eventually(
            lambda: bench.poll() or [bench.status(ticket) for ticket in tickets] == [*["delivered"] * 3, "rejected"]
        )


def paused(bench: Bench) -> dict[Lane, str | None]:
    with bench.database.begin() as session:
        return {pause.lane: pause.code for pause in ledger.paused(session)}


def test_a_silent_esms_pauses_the_lane_and_brings_no_more_into_doubt(bench: Bench) -> None:
    bench.pace = replace(bench.pace, sends_in_flight=4, break_after=5, ask_again_after=timedelta(hours=1))
    bench.simulator.set(force={"SendMultipleMessage_V4_get": "reset_taken"})
    tickets = bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1150))
    bench.deliver()
    assert paused(bench) == {Lane.URGENT: "unreachable"}
    assert everything(bench)["unconfirmed"] <= 5 + 5
    bench.simulator.set(force={})
    probe(bench)
    assert paused(bench) == {}
    bench.deliver()
    assert {bench.status(ticket) for ticket in tickets} == {"unconfirmed", "accepted"}
    assert bench.simulator.ledger().twice() == {}


def test_an_answer_in_between_keeps_the_breaker_from_tripping(bench: Bench) -> None:
    bench.pace = replace(bench.pace, sends_in_flight=1, break_after=2, ask_again_after=timedelta(hours=1))
    bench.simulator.set(plots={"1": "reset_taken"})
    bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1120))
    bench.deliver()
    assert paused(bench) == {}


def test_a_silence_is_noticed_however_few_go_out_for_one_doorbell(bench: Bench) -> None:
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    bench.simulator.set(force={"MakeCallTemplate_V2": "reset_taken"})
    breaker, noticed = Breaker(3), []
    for number in range(3):
        bench.put(TemplateCall(to=f"090100{number:04d}", template_id="1001", variables=["Lan"]))
        bench.deliver(breaker=breaker)
        noticed.append(Lane.VOICE in paused(bench))
    assert noticed == [False, False, True]


def test_the_rate_limit_spends_no_attempt_and_loses_nothing(bench: Bench) -> None:
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_URGENT": "40"}), account="bench")
    tickets = bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1130))
    assert bench.deliver() is False
    messages = [bench.message(ticket) for ticket in tickets]
    assert {(message["status"], message["attempts"]) for message in messages} == {("accepted", 1)}


def test_a_lane_at_its_limit_lets_the_others_pass(bench: Bench) -> None:
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_NORMAL": "0.5"}), account="bench")
    slow = bench.notifier.enqueue_many(Sms(to=f"090100{n:04d}", content="x", sms_type=4) for n in range(1100, 1110))
    code = bench.put()
    bench.deliver(stopping=lambda: bench.status(code) == "accepted")
    assert bench.status(code) == "accepted"
    assert [bench.status(ticket) for ticket in slow].count("queued") >= 8


def test_below_the_reserve_bulk_waits_first_then_all_but_codes(bench: Bench) -> None:
    bench.pace = replace(bench.pace, reserve=1000, reserve_bulk=2000)
    bench.simulator.set(balance=1500)
    watch_balance(bench.database, bench.client, bench.pace)
    assert paused(bench) == {Lane.BULK: "reserve"}
    bench.simulator.set(balance=900)
    with bench.database.begin() as session:
        session.execute(text("UPDATE heartbeat SET at = now() - interval '2 minutes'"))
    watch_balance(bench.database, bench.client, bench.pace)
    assert set(paused(bench)) == {Lane.BULK, Lane.NORMAL, Lane.VOICE}
    bench.simulator.set(balance=1999)
    probe(bench)
    assert paused(bench) == {Lane.BULK: "reserve"}
    bench.simulator.set(balance=2000)
    probe(bench)
    assert paused(bench) == {}


def test_the_balance_is_asked_once_a_minute_whoever_asks(bench: Bench) -> None:
    bench.pace = replace(bench.pace, reserve=1000, reserve_bulk=2000)
    for _ in range(3):
        watch_balance(bench.database, bench.client, bench.pace)
    assert bench.simulator.stats()["by_function"]["GetBalance"] == 1
