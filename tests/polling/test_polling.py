"""Polling: finished is not delivered, silence is not failure, and every recipient has an answer of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.support import HTTP_CALL, Bench, eventually, otp
from worker import RecordCall, Sms, SmsType, Status, TemplateCall, Ticket, ledger
from worker.database import Database
from worker.errors import Unavailable
from worker.esms import Function, ReceiverState, SendProgress, Trace
from worker.evidence import Evidence
from worker.ledger import Poll, Settlement
from worker.limiter import Limiter
from worker.polling import Poller
from worker.polling.answers import told
from worker.settings import Rates

HOUR = timedelta(hours=1)
TRACE = Trace(function=Function.GET_RECEIVER_STATUS, started_at=HTTP_CALL.at, seconds=0.05)


def polled(bench: Bench) -> bool:
    """Let every question be due, and ask."""
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET poll_at = now() WHERE poll_at IS NOT NULL"))
    return bench.poll()


@pytest.mark.parametrize(
    ("plot", "status"),
    [("001", "delivered"), ("002", "undelivered"), ("004", "delivered"), ("009", "rejected"), ("010", "rejected")],
)
def test_an_sms_ends_as_the_operator_says(bench: Bench, plot: str, status: str) -> None:
    ticket = bench.put(otp("0901000" + plot))
    bench.deliver()
    eventually(lambda: polled(bench) or bench.status(ticket) == status)
    assert bench.message(ticket)["requests"][-1]["outcome"] == status


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (TemplateCall(to="0901000001", template_id="1001", variables=["Lan"]), "delivered"),
        (RecordCall(to="0901000001", record_id="2001"), "delivered"),
        (RecordCall(to="0901000002", record_id="2001"), "undelivered"),
        (RecordCall(to="0901000004", record_id="2001"), "undelivered"),
    ],
)
def test_a_call_ends_as_the_line_says(bench: Bench, request_: TemplateCall | RecordCall, status: str) -> None:
    ticket = bench.put(request_)
    bench.deliver()
    eventually(lambda: polled(bench) or bench.status(ticket) == status)


@pytest.mark.parametrize("plot", ["011", "012"])
def test_what_is_not_known_yet_is_asked_later_and_writes_no_request_row(bench: Bench, plot: str) -> None:
    bench.pace = replace(bench.pace, poll_first_after=timedelta(hours=1))
    ticket = bench.put(otp("0901000" + plot))
    bench.deliver()
    polled(bench)
    message = bench.message(ticket)
    assert message["status"] == "accepted"
    assert [row["function"] for row in message["requests"]] == ["SendMultipleMessage_V4_get"]


def test_each_recipient_of_one_advertising_request_has_its_own_end(bench: Bench) -> None:
    numbers = [f"0901000{n:03d}" for n in (1, 2, *range(100, 120))]
    ticket = bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    eventually(lambda: polled(bench) or Status.ACCEPTED not in bench.standing(ticket.id))
    ends = {message["phone"][-3:]: message["status"] for message in bench.messages(ticket)}
    assert ends.pop("002") == "undelivered"
    assert set(ends.values()) == {"delivered"}


def test_a_question_passes_on_when_the_one_that_carried_it_is_settled(bench: Bench) -> None:
    numbers = [f"0901000{n:03d}" for n in range(100, 125)]
    ticket = bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    bench.set(ticket, status="CASE WHEN poll_at IS NULL THEN status ELSE 'delivered' END")
    with bench.database.begin() as session:
        ledger.postpone(session, [(bench.messages(ticket)[0]["sms_id"], timedelta(0))])
    eventually(lambda: bench.poll() or set(bench.standing(ticket.id)) == {Status.DELIVERED})


def test_a_provider_that_does_not_answer_changes_nothing(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    bench.simulator.set(force={"GetSendStatus": "http_5xx_not_taken"})
    polled(bench)
    assert bench.status(ticket) == "accepted"
    bench.simulator.set(force={})
    eventually(lambda: polled(bench) or bench.status(ticket) == "delivered")


# At scale...


def accepted(bench: Bench, messages: int, plot: str = "delivered") -> list[Ticket]:
    """So many messages that eSMS took, all due to be asked about at once; the first the longest."""
    numbers = [f"0901{n:03d}{n:03d}" for n in range(messages)]
    bench.simulator.set(plots=dict.fromkeys(numbers, plot))
    tickets = bench.notifier.enqueue_many(otp(number) for number in numbers)
    bench.deliver()
    for place, ticket in enumerate(tickets):
        bench.set(ticket, poll_at=f"now() - interval '1 hour' + interval '{place} seconds'", polls="0")
    return list(tickets)


def plans(bench: Bench, tickets: Sequence[Ticket]) -> list[tuple[int, datetime | None]]:
    """How often each was asked about, and when it is due again."""
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT notification_id, polls, poll_at FROM message")).all()
    found = {row.notification_id: (row.polls, row.poll_at) for row in rows}
    return [found[ticket.id] for ticket in tickets]


def asked(bench: Bench, function: str = "GetSendStatus") -> int:
    """How many questions have come to eSMS."""
    return int(bench.simulator.stats()["by_function"].get(function, 0))


def after(looks: int) -> Callable[[], bool]:
    """A stop that is asked for when the poller has looked for it so often."""
    left = iter(range(looks))
    return lambda: next(left, None) is None


def slowly(bench: Bench, a_second: float) -> None:
    """Allow this many questions a second."""
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_POLL_RATE": str(a_second)}), account="slow")


def test_the_longest_due_is_asked_first_and_what_a_stop_finds_unasked_is_put_back(bench: Bench) -> None:
    bench.pace = replace(bench.pace, polls_in_flight=2, poll_first_after=HOUR)
    tickets = accepted(bench, 6, "stuck")
    before = plans(bench, tickets)
    assert bench.ask(stopping=after(1)) is True
    now = plans(bench, tickets)
    assert [polls for polls, _ in now] == [1, 1, 0, 0, 0, 0]
    assert now[2:] == before[2:]
    assert all(due and due > datetime.now(UTC) + HOUR / 3 for _, due in now[:2])  # their answers are written down


def test_a_stop_between_the_two_questions_leaves_it_as_it_was(bench: Bench) -> None:
    tickets = accepted(bench, 1)
    before = plans(bench, tickets)
    bench.simulator.set(latency=0.5)
    bench.ask(stopping=after(1))
    assert (asked(bench), asked(bench, "GetSmsReceiverStatus_get")) == (1, 0)
    assert plans(bench, tickets) == before


def test_questions_keep_to_their_rate_the_second_ones_too(bench: Bench) -> None:
    bench.pace = replace(bench.pace, drain=timedelta(seconds=1))
    slowly(bench, 0.001)
    tickets = accepted(bench, 5)
    before = plans(bench, tickets)
    assert bench.ask() is True
    assert (asked(bench), asked(bench, "GetSmsReceiverStatus_get")) == (1, 0)
    assert plans(bench, tickets) == before  # the first one's second question had to wait: it is asked from the start


def test_two_calls_settle_a_message_and_no_more_are_made(bench: Bench) -> None:
    tickets = accepted(bench, 120)
    assert bench.ask() is False
    assert {bench.status(ticket) for ticket in tickets} == {"delivered"}
    assert (asked(bench), asked(bench, "GetSmsReceiverStatus_get")) == (120, 120)


def test_an_esms_that_hangs_is_waited_for_one_call_long_and_no_longer(bench: Bench) -> None:
    bench.pace = replace(bench.pace, polls_in_flight=3, drain=timedelta(seconds=0.1), poll_first_after=HOUR)
    tickets = accepted(bench, 20)
    before = plans(bench, tickets)
    bench.simulator.set(force={"GetSendStatus": "hang_always"})
    assert bench.ask() is True
    assert asked(bench) == 3
    assert [polls for polls, _ in plans(bench, tickets)] == [1] * 3 + [0] * 17
    assert plans(bench, tickets)[3:] == before[3:]


def test_those_that_hang_keep_nobody_else_from_being_asked(bench: Bench) -> None:
    bench.pace = replace(bench.pace, polls_in_flight=15, poll_first_after=HOUR)
    accepted(bench, 22)
    bench.simulator.set(force={"GetSendStatus": "hang_always"})
    poller = Poller(bench.workers, bench.client, bench.asking, bench.limiter, bench.pace)
    settled: list[int] = []

    def look() -> bool:
        if asked(bench) == 15:  # one may be asked beside those that hang
            bench.simulator.set(force={})
            poller.pace = replace(bench.pace, polls_in_flight=16)
        if bench.asking.in_flight >= 15:
            settled.append(len(delivered(bench)))
        return False

    poller.run(look)
    assert max(settled) == 7


def test_more_is_claimed_at_once_when_answers_come_quickly_and_no_more_than_a_claim_may(bench: Bench) -> None:
    bench.pace = replace(bench.pace, polls_in_flight=2, claim_most=30)
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_POLL_RATE": "100000"}), account="quick")
    accepted(bench, 150)
    poller = Poller(bench.workers, bench.client, bench.asking, bench.limiter, bench.pace)
    batches: list[int] = []

    def look() -> bool:
        batches.append(poller._batch())
        return False

    poller.run(look)
    assert batches[0] == 4
    assert 4 < max(batches) <= 30
    assert len(delivered(bench)) == 150


def delivered(bench: Bench) -> list[object]:
    """The messages that arrived."""
    with bench.database.begin() as session:
        return list(session.execute(text("SELECT id FROM message WHERE status = 'delivered'")))


def test_what_is_in_hand_stays_bounded_however_much_is_due(bench: Bench) -> None:
    bench.pace = replace(bench.pace, polls_in_flight=4, claim_most=8, poll_first_after=HOUR)
    accepted(bench, 150, "stuck")
    leased: list[int] = []
    in_hand = "SELECT count(*) FROM message WHERE poll_at BETWEEN now() AND now() + interval '3 minutes'"

    def look() -> bool:
        with bench.database.begin() as session:
            leased.append(session.execute(text(in_hand)).scalar_one())
        return False

    assert bench.ask(stopping=look) is False
    assert asked(bench) == 150
    assert 8 <= max(leased) <= 16


def test_two_open_transactions_never_claim_the_same_question(bench: Bench) -> None:
    accepted(bench, 4)
    with bench.database.begin() as ours, bench.database.begin() as theirs:
        first = ledger.claim_polls(ours, most=3, lease=HOUR)
        second = ledger.claim_polls(theirs, most=3, lease=HOUR)
    assert len({poll.message_id for poll in first + second}) == len(first) + len(second) == 4


def test_two_processes_ask_about_nobody_twice(bench: Bench, database_url: str) -> None:
    tickets = accepted(bench, 100)
    with Bench(bench.database, database_url, bench.simulator) as other:
        beside = threading.Thread(target=other.ask)
        beside.start()
        bench.ask()
        beside.join()
    assert {bench.status(ticket) for ticket in tickets} == {"delivered"}
    assert (asked(bench), asked(bench, "GetSmsReceiverStatus_get")) == (100, 100)


# Answers that nobody can use, or write down...


@contextmanager
def no_place_for_requests(database: Database) -> Iterator[None]:
    """A Postgres in which answers can't be written down."""
    _rename(database, "request", "request_away")
    yield
    _rename(database, "request_away", "request")


def _rename(database: Database, table: str, to: str) -> None:
    with database.begin() as session:
        session.execute(text(f"ALTER TABLE IF EXISTS {table} RENAME TO {to}"))


def test_answers_in_hand_are_written_when_postgres_is_back(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    tickets = accepted(bench, 5)

    def fix() -> None:
        eventually(lambda: "write what polls found" in caplog.text)
        _rename(bench.database, "request_away", "request")

    with no_place_for_requests(bench.database):
        fixing = threading.Thread(target=fix)
        fixing.start()
        bench.ask()
        fixing.join()
    assert {bench.status(ticket) for ticket in tickets} == {"delivered"}
    assert asked(bench) == 5


def test_a_stop_does_not_wait_for_postgres_and_the_questions_are_asked_again(bench: Bench) -> None:
    [ticket] = accepted(bench, 1)
    with no_place_for_requests(bench.database), pytest.raises(Unavailable):
        bench.ask(stopping=lambda: asked(bench, "GetSmsReceiverStatus_get") > 0)
    assert bench.status(ticket) == "accepted"
    eventually(lambda: polled(bench) or bench.status(ticket) == "delivered")


def test_a_question_that_somebody_else_has_taken_over_is_not_put_back(bench: Bench) -> None:
    [ticket] = accepted(bench, 1)
    [ours] = claimed(bench)
    bench.set(ticket, poll_at="now()")
    [theirs] = claimed(bench)
    with bench.database.begin() as session:
        ledger.put_back(session, [ours])
    assert claimed(bench) == []
    assert theirs.polls == 2


def claimed(bench: Bench) -> list[Poll]:
    with bench.database.begin() as session:
        return ledger.claim_polls(session, most=10, lease=HOUR)


@pytest.mark.parametrize("alone", [True, False])
def test_answers_that_come_late_or_twice_change_nothing(bench: Bench, alone: bool) -> None:
    [ticket] = accepted(bench, 1)
    poll = claimed(bench)[0]._replace(alone=alone)
    first = Settlement(poll=poll, phone=None, evidence=Evidence.ARRIVED, http_call=HTTP_CALL)
    late = first._replace(evidence=Evidence.NOT_ARRIVED, again_after=timedelta(0))
    with bench.database.begin() as session:
        assert len(ledger.settle(session, [first])) == 1
    settled = bench.message(ticket)
    with bench.database.begin() as session:
        assert ledger.settle(session, [late, first]) == set()
        ledger.ask_later(session, [(poll, HOUR)])
        ledger.put_back(session, [poll])
    assert bench.message(ticket) == settled
    assert plans(bench, [ticket]) == [(1, None)]


def test_of_a_recipient_who_is_named_twice_it_counts_that_it_arrived() -> None:
    poll = Poll(message_id=uuid4(), sms_id="77", polls=1, alone=False, due_at=HTTP_CALL.at)
    named = [ReceiverState(phone="0901000001", is_sent=True, delivered=arrived) for arrived in (False, True, None)]
    progress = SendProgress(sms_id="77", send_status=5, success=1, failed=0)
    assert [each.status for each in told(poll, progress, named, TRACE, HOUR)] == [Status.DELIVERED]


@pytest.mark.parametrize(("days", "status"), [(6.9, "accepted"), (7, "unknown")])
def test_what_nobody_could_tell_us_about_is_unknown_after_seven_days(bench: Bench, days: float, status: str) -> None:
    [ticket] = accepted(bench, 1, "stuck")
    bench.set(ticket, accepted_at=f"now() - interval '{days} days'")
    bench.ask()
    bench.look_after_ledger()
    assert bench.status(ticket) == status
    if status == "unknown":
        assert claimed(bench) == []
