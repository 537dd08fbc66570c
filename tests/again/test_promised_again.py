"""What a person sends again as it was is promised again what is left of its producer's promise."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from tests.again.promises import correct, follow, last, outcomes, put
from tests.again.test_follow_ups import pass_time
from tests.support import Bench
from worker import Retry, Sms, again
from worker.ledger.follow_ups import follow_none_of
from worker.lifecycle import SmsType

MANY = 30


@pytest.mark.parametrize(("times", "more"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("status", ["rejected", "expired"])
def test_what_a_person_sends_again_as_it_was_is_sent_by_itself_as_often_as_is_left(
    bench: Bench, status: str, times: int, more: int
) -> None:
    ticket = put(bench, status, fallback=None, fallback_after=None, retry_undelivered=Retry(times=times, wait="1h"))
    pass_time(bench)
    follow(bench)
    assert outcomes(bench) == [("stays", False)]
    assert bench.notifier.retry(ticket.id, by="lan").moved == 1
    assert outcomes(bench) == [(None, True)]
    for generation in [1 + min(n, more) for n in range(1, 4)]:
        bench.set(ticket, status="'undelivered'", settled_at="now() - interval '2 hours'", accepted_at="now()")
        pass_time(bench)
        for _ in range(2):
            again.follow(bench.database, bench.settings)
        assert last(bench, ticket).generation == generation
    assert last(bench, ticket).replaces is None


def test_what_is_gathered_before_it_goes_again_is_promised_the_same(bench: Bench) -> None:
    ad = Sms(to=[f"09010000{n:02}" for n in range(20)], content="Sale (QC)", sms_type=SmsType.ADVERTISING)
    ticket = bench.put(ad, retry_undelivered=Retry(times=2, wait="1h"))
    bench.set(ticket, status="'rejected'", code="'118'", settled_at="now()")
    pass_time(bench)
    follow(bench)
    assert bench.notifier.retry(ticket.id, by="lan").moved == 20
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM follow_up WHERE due_at IS NOT NULL AND outcome IS NULL")) == 20


def test_a_retry_at_the_very_moment_of_the_decision_that_nothing_follows_leaves_the_promise_open(bench: Bench) -> None:
    promised = {"fallback": None, "fallback_after": None, "retry_undelivered": Retry(times=2, wait="1h")}
    tickets = [put(bench, "rejected", **promised) for _ in range(MANY)]
    pass_time(bench)
    line = Barrier(2)

    def retries() -> None:
        line.wait()
        for each in tickets:
            assert bench.notifier.retry(each.id, by="lan").moved == 1

    hand = Thread(target=retries)
    hand.start()
    line.wait()
    follow(bench)
    hand.join()
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM follow_up WHERE due_at IS NOT NULL")) == MANY


def test_what_was_called_off_after_it_failed_for_good_is_promised_nothing_any_more(bench: Bench) -> None:
    promised = {"fallback": None, "fallback_after": None, "retry_undelivered": Retry(times=2, wait="1h")}
    tickets = [put(bench, "rejected", **promised) for _ in range(2)]
    pass_time(bench)
    follow(bench)
    with bench.database.begin() as session:
        follow_none_of(session, [each.id for each in tickets], reason="the event was cancelled")
    assert bench.notifier.retry(tickets[0].id, by="lan").moved == 1
    assert correct(bench, tickets[1].id) == 1
    assert outcomes(bench) == [("nothing", False), ("nothing", False)]
