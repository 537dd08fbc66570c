"""What arrives late, while another channel follows it: who has got it is not called, and what went is told truly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests import canary
from tests.again.failing import failed
from tests.again.promises import correct, follow, last, turn
from tests.again.test_follow_races import at_once
from tests.again.test_follow_ups import pass_time
from tests.support import Bench, eventually, looked, otp, settle
from worker import Answer, Corrected, Failed, Sms, TemplateCall, Ticket, again, ledger
from worker.catalogue.problems import in_vietnamese
from worker.errors import Invalid
from worker.ledger import Left
from worker.lifecycle import Status
from worker.limiter import Limiter
from worker.polling import Poller
from worker.settings import Rates

CALL = TemplateCall(template_id="1001", variables=["1234"])
ACCEPTED = {"status": "'accepted'", "accepted_at": "now()", "sms_id": "'7'", "poll_at": "now()"}
IN_DOUBT = {"status": "'unconfirmed'", "in_doubt_since": "now()", "attempts": "1", "request_id": "'r'"}
ARRIVED = "status = 'delivered', settled_at = now(), accepted_at = now()"
REFUSED = "status = 'rejected', settled_at = now(), code = '104'"
AFTER_ALL = "the message in whose place it was to go arrived after all"


def followed(bench: Bench, *, first: Any = None, fallback: Any = CALL, **stands: str) -> tuple[Ticket, Any]:
    """One of which nothing is known yet, and what follows it all the same."""
    how: Any = {"fallback": fallback, "fallback_after": "10m", "fallback_in_doubt": True}
    ticket = bench.put(first or otp(), campaign="tet", **how)
    bench.set(ticket, **(stands or ACCEPTED))
    pass_time(bench)
    follow(bench)
    return ticket, last(bench, ticket)


def stands(bench: Bench, message: UUID) -> tuple[str, str | None]:
    with bench.database.begin() as session:
        row = session.execute(text("SELECT status, reason FROM message WHERE id = :id"), {"id": message}).one()
        return row.status, row.reason


# The one that waits is called back, whoever says that the first arrived...


def by_a_poll(bench: Bench, ticket: Ticket) -> None:
    with bench.workers.begin() as session:
        [poll] = ledger.claim_polls(session, most=9, lease=timedelta(minutes=1))
        assert settle(session, poll, Status.DELIVERED)


def by_the_sent_data(bench: Bench, ticket: Ticket) -> None:
    bench.set(ticket, sms_id="NULL", poll_at="now()")
    with bench.workers.begin() as session:
        [lost] = ledger.claim_lost(session, most=9, lease=timedelta(minutes=1), window=timedelta(hours=23))
        assert looked(session, lost, Status.DELIVERED)


def by_a_person(bench: Bench, ticket: Ticket) -> None:
    bench.set(ticket, status="'held'", sms_id="NULL", poll_at="NULL", accepted_at="NULL", reason="'test'")
    assert bench.notifier.held.resolve(bench.message(ticket)["id"], Answer.DELIVERED) is Status.DELIVERED


WAYS = pytest.mark.parametrize("arrives", [by_a_poll, by_the_sent_data, by_a_person])


@WAYS
def test_whoever_says_that_it_arrived_the_call_that_waits_is_not_made(
    bench: Bench, arrives: Callable[[Bench, Ticket], None]
) -> None:
    ticket, call = followed(bench)
    arrives(bench, ticket)
    bench.deliver()
    assert bench.simulator.sends() == []
    assert stands(bench, call.id) == ("cancelled", AFTER_ALL)


@WAYS
def test_nor_is_what_it_was_corrected_to(bench: Bench, arrives: Callable[[Bench, Ticket], None]) -> None:
    ticket, sms = followed(bench, fallback=Sms(content="Ma: 1234!", sms_type=2, brandname="sangbrand"))
    turn(bench, sms.id, REFUSED)
    assert correct(bench, sms.id, content="Ma: 1234") == 1
    arrives(bench, ticket)
    bench.deliver()
    assert bench.simulator.sends() == []
    assert stands(bench, last(bench, ticket).id) == ("cancelled", AFTER_ALL)


def test_what_is_corrected_once_the_first_has_arrived_goes_to_nobody_either(bench: Bench) -> None:
    ticket, sms = followed(bench, fallback=Sms(content="Ma: 1234!", sms_type=2, brandname="sangbrand"))
    turn(bench, sms.id, REFUSED)
    by_a_poll(bench, ticket)
    correct(bench, sms.id, content="Ma: 1234")
    bench.deliver()
    assert bench.simulator.sends() == []


def test_where_the_number_was_wrong_what_arrived_there_keeps_nobody_from_being_called(bench: Bench) -> None:
    ticket, call = followed(bench)
    turn(bench, call.id, REFUSED)
    assert correct(bench, call.id, to="0901000009") == 1
    by_a_poll(bench, ticket)
    bench.deliver()
    assert bench.simulator.ledger().calls == {"0901000009": 1}


def failed_beside_one_that_arrived(bench: Bench) -> tuple[Ticket, Any]:
    ticket, sms = followed(bench, fallback=Sms(content="Ma: 1234!", sms_type=2, brandname="sangbrand"))
    turn(bench, sms.id, REFUSED)
    by_a_poll(bench, ticket)
    return ticket, sms


LEFT = {Left.HAS_GOT_IT: 1}


@pytest.mark.parametrize("corrected", [None, Corrected(sms_type=4), Corrected(content="Ma: 1234")])
def test_who_has_got_it_is_left_out_of_what_is_sent_again_and_so_it_is_foretold(
    bench: Bench, corrected: Corrected | None
) -> None:
    _, sms = failed_beside_one_that_arrived(bench)
    failed(bench, "0901000009")
    whole = Failed(campaign="tet")
    foreseen = bench.notifier.again.foresee(whole, corrected=corrected)
    assert (foreseen.messages, foreseen.going, dict(foreseen.left)) == (2, 1, LEFT)
    decided = bench.notifier.again.retry(whole, corrected=corrected)
    assert (decided.moved, decided.left, stands(bench, sms.id)[0]) == (1, LEFT, "rejected")


def test_the_command_says_that_she_has_got_it_and_that_nothing_went(bench: Bench, cli: Any) -> None:
    _, sms = failed_beside_one_that_arrived(bench)
    code, out, _ = cli("retry", str(sms.id))
    assert code == 1
    assert "1: their recipients have got the message in whose place they were to go" in out
    assert json.loads(cli("retry", str(sms.id), "--json")[1])["left"] == LEFT


def test_to_another_number_it_goes_all_the_same(bench: Bench) -> None:
    _, sms = failed_beside_one_that_arrived(bench)
    to = {number: Corrected(to=number) for number in (sms.phone, "0901000009")}
    again_ = bench.notifier.again
    which = Failed(ids=[sms.id])
    assert [again_.foresee(which, corrected=each).going for each in to.values()] == [0, 1]
    assert [again_.retry(which, corrected=each).moved for each in to.values()] == [0, 1]
    bench.deliver()
    assert [number for number, _ in bench.simulator.ledger().sms] == ["0901000009"]


# And the other way round: the first was in doubt, and turns out not to have been taken...


@pytest.mark.parametrize(
    ("other", "sent", "reason"),
    [
        (ARRIVED, 0, "the message that went in its place arrived"),
        ("status = 'accepted', accepted_at = now()", 0, "called back: another channel takes its place"),
        (REFUSED, 1, None),
    ],
)
def test_what_was_surely_not_taken_goes_out_only_where_what_came_in_its_place_failed(
    bench: Bench, other: str, sent: int, reason: str | None
) -> None:
    ticket, call = followed(bench, **IN_DOUBT)
    turn(bench, call.id, other)
    bench.set(ticket, status="'queued'", in_doubt_since="NULL", due_at="now()")  # as the sent data proves
    bench.deliver()
    assert len(bench.simulator.sends()) == sent
    assert bench.message(ticket)["reason"] == reason
    assert bench.status(ticket) == ("accepted" if sent else "cancelled")


def test_what_is_in_doubt_is_looked_for_and_not_asked_for_again_once_the_call_arrived(bench: Bench) -> None:
    ticket, call = followed(bench, **IN_DOUBT)
    turn(bench, call.id, ARRIVED)
    bench.set(ticket, due_at="now()")
    bench.deliver()
    assert bench.simulator.sends() == []
    assert bench.message(ticket)["reason"] == (
        "the message that went in its place arrived; whether eSMS took it before is looked for"
    )


def test_what_is_held_is_not_sent_again_beside_what_went_in_its_place_and_it_is_said_so(bench: Bench) -> None:
    ticket, _ = followed(bench, status="'held'", in_doubt_since="now()", reason="'test'")
    message = bench.message(ticket)["id"]
    for dry_run in (True, False):
        with pytest.raises(Invalid, match="answer: would send it beside the message that went in its place") as told:
            bench.notifier.held.resolve(message, Answer.SEND_AGAIN, dry_run=dry_run)
    assert in_vietnamese(str(told.value)) != str(told.value)
    many = bench.notifier.held.resolve_many
    assert [many(Answer.SEND_AGAIN, campaign="tet", dry_run=dry_run) for dry_run in (True, False)] == [0, 0]
    assert many(Answer.NOT_DELIVERED, campaign="tet", dry_run=True) == 1


# What is on its way already...


def test_a_call_that_was_claimed_and_is_not_dialled_does_not_stand_as_being_sent(bench: Bench) -> None:
    """A rate lets out one a second; meanwhile the second one's SMS arrives."""
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_VOICE": "1"}), account=canary.API_KEY)
    pairs = [followed(bench, first=otp(f"090100000{n}")) for n in range(2)]
    with ThreadPoolExecutor(1) as hands:
        done = hands.submit(bench.deliver)
        eventually(lambda: bench.simulator.ledger().calls)
        dialled = {f"+84{number[1:]}" for number in bench.simulator.ledger().calls}
        [(late, call)] = [(ticket, call) for ticket, call in pairs if call.phone not in dialled]
        bench.set(late, status="'delivered'", settled_at="now()")
        done.result()
    assert stands(bench, call.id) == ("cancelled", AFTER_ALL)
    assert sum(bench.simulator.ledger().calls.values()) == 1


@pytest.mark.parametrize(
    ("on_its_way", "remedy"),
    [
        ("status = 'sending', lease_until = now() + interval '1 minute', attempts = 1", "goes on by itself"),
        ("status = 'accepted', accepted_at = now()", "goes on by itself"),
        (ARRIVED, "it is done"),
        (REFUSED, "Nothing: the recipient has got"),
    ],
)
def test_why_tells_of_what_went_that_the_first_arrived_after_all(bench: Bench, on_its_way: str, remedy: str) -> None:
    ticket, call = followed(bench)
    turn(bench, call.id, on_its_way)
    by_a_poll(bench, ticket)
    [story] = bench.notifier.reports.why(call.notification_id).stories
    first = bench.message(ticket)["id"]
    assert story.steps[-1].what == f"The message in whose place this one went ({first}) arrived after all"
    assert remedy in story.remedy
    assert [each.got for each in bench.notifier.reports.why(ticket.id).stories] == [True]


# All at once...


IN_TIME = 1.0  # seconds that a success may need to be seen by whoever is dialling just then


@pytest.mark.long
def test_with_two_beats_and_two_pollers_nobody_is_called_of_whom_it_is_known(bench: Bench) -> None:
    """Calls are claimed at once, and a rate lets them out over seconds; meanwhile most SMS arrive."""
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_VOICE": "10"}), account=canary.API_KEY)
    how: Any = {"fallback": CALL, "fallback_after": "10m", "fallback_in_doubt": True}
    for n in {*range(60)} - {18}:  # its 103 would hold the lane before the others are sent
        bench.put(otp(f"09010000{n:02}"), **how)
    bench.deliver()
    pass_time(bench)
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET poll_at = now() + random() * interval '1 s'"))
    until = time.monotonic() + 5

    def again_and_again(step: Callable[[], object]) -> Callable[[], None]:
        def steps() -> None:
            while time.monotonic() < until:
                step()

        return steps

    with ExitStack() as open_:
        polling = []
        for _ in range(2):
            client = open_.enter_context(bench.client_with())
            exchange = open_.enter_context(client.open_exchange())
            poller = Poller(bench.workers, client, exchange, bench.limiter, bench.pace)
            polling.append(again_and_again(partial(poller.run, lambda: False)))
        beats = [again_and_again(lambda: again.follow(bench.workers, bench.settings))] * 2
        at_once(*polling, *beats, again_and_again(bench.deliver))
    with bench.database.begin() as session:
        of_those_who_got_it = text("""
            SELECT count(*) FILTER (WHERE c.status = 'cancelled') AS called_back,
                count(*) FILTER (WHERE c.dialled_at > m.settled_at + :in_time) AS too_late
            FROM message AS m JOIN message AS c ON c.replaces = m.id WHERE m.status = 'delivered'
        """)
        called_back, too_late = session.execute(of_those_who_got_it, {"in_time": timedelta(seconds=IN_TIME)}).one()
    assert called_back
    assert too_late == 0
